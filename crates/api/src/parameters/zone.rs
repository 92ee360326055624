//! Time zones: names of regions, with offsets of whole hours.
//!
//! The mart stores UTC hours, so days of a zone with a half-hour offset cannot be computed exactly. Fixed
//! offsets and abbreviations are refused too: they ignore that clocks change, and `Etc/GMT+3` is west of
//! Greenwich.

use bionicpro_reports::day_start;
use chrono::{DateTime, NaiveDate, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::parameters::Query;
use crate::problem::Problem;

/// The interval at which a zone's offset is checked; no offset in the tz database lasts for a shorter time.
const OFFSET_STEP: TimeDelta = TimeDelta::hours(12);
/// The first parts of the names of regions. `Etc` is not one of them.
const AREAS: [&str; 10] = [
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
];
const PARAMETER: &str = "tz";

/// The time zone of a report's days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Zone(Tz);

impl Default for Zone {
    fn default() -> Self {
        Zone(Tz::UTC)
    }
}

impl Zone {
    /// Parses `UTC` or an IANA region such as `Europe/Moscow`; the problem says why any other text is
    /// refused.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        if matches!(text, "UTC" | "Etc/UTC") {
            return Ok(Zone::default());
        }
        let area = text.split_once('/').map(|(area, _)| area);
        if area.is_some_and(|area| AREAS.contains(&area)) {
            return text.parse().map(Zone).map_err(|_| {
                Problem::parameter(
                    PARAMETER,
                    "tz is not a region of the IANA time zone database; case matters",
                )
            });
        }
        let reason = if area == Some("Etc") {
            "tz must be a region: Etc/GMT zones have a fixed offset of inverted sign, and clocks change"
        } else if text.starts_with([' ', '+', '-', '\u{2212}'])
            || text.bytes().any(|byte| byte.is_ascii_digit())
        {
            "tz must be a region, not an offset: an offset ignores that clocks change; write Europe/Moscow"
        } else {
            "tz must be a region written as Area/City, such as Europe/Moscow, or UTC; abbreviations are ambiguous"
        };
        Err(Problem::parameter(PARAMETER, reason))
    }

    /// Reads the zone of the query, UTC if it names none.
    pub(crate) fn read(query: &Query) -> Result<Self, Problem> {
        query.get(PARAMETER).map_or(Ok(Zone::default()), Zone::parse)
    }

    pub(crate) fn tz(self) -> Tz {
        self.0
    }

    /// The name as written in answers.
    pub(crate) fn name(self) -> &'static str {
        self.0.name()
    }

    /// The first instant of the day in this zone.
    pub(crate) fn start_of(self, day: NaiveDate) -> DateTime<Utc> {
        day_start(self.0, day)
    }

    /// Refuses a zone whose offset is not a whole number of hours somewhere between the two days.
    pub(crate) fn check_whole_hours(self, from: NaiveDate, to: NaiveDate) -> Result<(), Problem> {
        let (mut at, end) = (self.start_of(from), self.start_of(to));
        loop {
            let offset = self.0.offset_from_utc_datetime(&at.min(end).naive_utc()).fix().local_minus_utc();
            if offset % 3600 != 0 {
                return Err(Problem::parameter(
                    PARAMETER,
                    "tz has an offset that is not a whole number of hours in the requested days; \
                     reports are stored by UTC hour and cannot be split there",
                ));
            }
            if at >= end {
                return Ok(());
            }
            at += OFFSET_STEP;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn regions_are_read_and_everything_else_is_refused_with_the_reason() {
        for good in ["UTC", "Europe/Moscow", "America/Argentina/Buenos_Aires", "Asia/Kolkata"] {
            assert_eq!(Zone::parse(good).unwrap().name(), good);
        }
        for bad in [
            "",
            "utc",
            "GMT",
            "MSK",
            "EST",
            "EST5EDT",
            "CET",
            "Etc/GMT+3",
            "Etc/GMT-3",
            "Etc/GMT 3",
            "+03:00",
            "-03:00",
            " 03:00",
            "UTC+3",
            "Europe/moscow",
            "europe/Moscow",
            "Europe/",
            "Europe",
            "Asia/../etc",
            "Europe/Moscow\0",
            "Japan",
            "US/Eastern",
            "Europe/Москва",
            "posix/Europe/Moscow",
            "right/UTC",
        ] {
            assert!(Zone::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn offsets_must_be_whole_hours_only_within_the_days_asked_for() {
        let check = |zone: &str, from: &str, to: &str| {
            Zone::parse(zone).unwrap().check_whole_hours(day(from), day(to)).is_ok()
        };
        assert!(!check("Asia/Kolkata", "2026-01-01", "2026-01-02"));
        assert!(check("Asia/Pyongyang", "2026-01-01", "2026-01-02"));
        assert!(!check("Asia/Pyongyang", "2018-01-01", "2019-01-01"), "half an hour off until May 2018");
        assert!(check("Australia/Lord_Howe", "2026-01-10", "2026-01-11"), "eleven hours in summer");
        assert!(!check("Australia/Lord_Howe", "2026-01-10", "2026-12-01"), "ten and a half in winter");
    }
}

//! Half-open ranges of whole hours in UTC, which a run reads and replaces.

use std::fmt;

use chrono::{DateTime, Days, DurationRound, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{Error, Kind, Result};

/// The first hour that both `DateTime` and `Date` of ClickHouse can represent.
pub const FIRST_HOUR: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// The end of the last whole day that ClickHouse's `DateTime` can represent: 2106-02-07 00:00 UTC.
pub const END_OF_HOURS: DateTime<Utc> =
    DateTime::from_timestamp(4_294_944_000, 0).expect("in chrono's range");

/// Hours `from <= hour < to`, both on the hour, in UTC, within [`FIRST_HOUR`] and [`END_OF_HOURS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HourRange {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl HourRange {
    /// Creates a range; refuses an empty one, bounds that are not on the hour, and hours outside those of the
    /// warehouse.
    pub fn new(from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Self> {
        let refuse = |message, hint: &str| {
            Err(Error::new(Kind::Usage, message).detail(format!("{from} to {to}")).hint(hint.to_owned()))
        };
        if floor_to_hour(from) != from || floor_to_hour(to) != to {
            return refuse(
                "a range must begin and end on the hour",
                "write 2024-01-15 or 2024-01-15T08:00:00Z",
            );
        }
        if from >= to {
            return refuse(
                "a range must end after it begins",
                "the end is not part of the range: for one day, give the day after it",
            );
        }
        if from < FIRST_HOUR || to > END_OF_HOURS {
            return refuse(
                "the range exceeds what the warehouse can hold",
                "stay within 1970-01-01 and 2106-02-07",
            );
        }
        Ok(HourRange { from, to })
    }

    /// The whole hours that a span of time overlaps, such as an orchestrator's interval of 15 minutes.
    pub fn around(from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Self> {
        let first = floor_to_hour(from);
        let end = match floor_to_hour(to) {
            // An empty or reversed span must not be widened into a valid range: the call below refuses it.
            _ if from >= to => first,
            on_the_hour if on_the_hour == to => to,
            within => within + TimeDelta::hours(1),
        };
        HourRange::new(first, end)
    }

    /// The last `days` days up to and including the hour of `now`, beginning at midnight.
    pub fn lookback(now: DateTime<Utc>, days: u32) -> Result<Self> {
        let first_day =
            now.date_naive().checked_sub_days(Days::new(u64::from(days))).unwrap_or(NaiveDate::MIN);
        HourRange::new(midnight(first_day).max(FIRST_HOUR), floor_to_hour(now) + TimeDelta::hours(1))
    }

    /// The first hour.
    pub fn from(&self) -> DateTime<Utc> {
        self.from
    }

    /// The end, which is not part of the range.
    pub fn to(&self) -> DateTime<Utc> {
        self.to
    }

    /// Returns true if the hour that begins at `hour` is part of the range.
    pub fn contains(&self, hour: DateTime<Utc>) -> bool {
        self.from <= hour && hour < self.to
    }

    /// The parts of the range between midnights in UTC, oldest first.
    pub fn days(&self) -> impl DoubleEndedIterator<Item = HourRange> + use<> {
        let (from, to) = (self.from, self.to);
        let count = (to - TimeDelta::seconds(1)).date_naive() - from.date_naive();
        (0..=count.num_days()).map(move |day| {
            let start = midnight(from.date_naive()) + TimeDelta::days(day);
            HourRange { from: start.max(from), to: (start + TimeDelta::days(1)).min(to) }
        })
    }
}

impl fmt::Display for HourRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.from.format("%Y-%m-%dT%H:%MZ"), self.to.format("%Y-%m-%dT%H:%MZ"))
    }
}

/// The beginning of the hour that contains `instant`.
pub fn floor_to_hour(instant: DateTime<Utc>) -> DateTime<Utc> {
    instant.duration_trunc(TimeDelta::hours(1)).unwrap_or(instant)
}

/// Midnight UTC at the beginning of `day`.
pub fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// Parses `2024-01-15` (midnight UTC) or an RFC 3339 instant, for command lines.
pub fn parse_instant(text: &str) -> Result<DateTime<Utc>> {
    let day = (text.len() == 10).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten();
    day.map(midnight)
        .or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.with_timezone(&Utc)))
        .ok_or_else(|| {
            Error::new(Kind::Usage, "not a day or an instant")
                .detail(format!("{text:?}"))
                .hint("write 2024-01-15 or 2024-01-15T08:00:00Z")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: &str, to: &str) -> Result<HourRange> {
        HourRange::new(parse_instant(from)?, parse_instant(to)?)
    }

    #[test]
    fn a_range_is_cut_at_each_midnight_and_nothing_is_lost() {
        let whole = range("2024-01-15T22:00:00Z", "2024-01-17T01:00:00Z").unwrap();
        let days: Vec<String> = whole.days().map(|day| day.to_string()).collect();
        assert_eq!(
            days,
            [
                "2024-01-15T22:00Z to 2024-01-16T00:00Z",
                "2024-01-16T00:00Z to 2024-01-17T00:00Z",
                "2024-01-17T00:00Z to 2024-01-17T01:00Z"
            ]
        );
        assert_eq!(range("2024-01-15", "2024-01-16").unwrap().days().count(), 1);
    }

    #[test]
    fn empty_ragged_and_unholdable_ranges_are_refused() {
        for (from, to) in [
            ("2024-01-15", "2024-01-15"),
            ("2024-01-16", "2024-01-15"),
            ("2024-01-15T00:30:00Z", "2024-01-16"),
            ("0001-01-01", "2024-01-15"),
            ("2024-01-15", "9999-12-31"),
        ] {
            assert_eq!(range(from, to).unwrap_err().kind(), Kind::Usage, "{from} {to}");
        }
        for bad in ["2024-1-15", "yesterday", "2024-02-30", "2024-01-15 08:00"] {
            assert!(parse_instant(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_span_within_hours_becomes_the_hours_that_it_touches() {
        let around = |from: &str, to: &str| {
            HourRange::around(parse_instant(from)?, parse_instant(to)?).map(|range| range.to_string())
        };
        for (from, to) in [("08:15", "08:30"), ("08:00", "08:15"), ("08:45", "09:00"), ("08:00", "09:00")] {
            let range = around(&format!("2024-01-15T{from}:00Z"), &format!("2024-01-15T{to}:00Z"));
            assert_eq!(range.unwrap(), "2024-01-15T08:00Z to 2024-01-15T09:00Z", "{from} {to}");
        }
        assert_eq!(
            around("2024-01-15T08:59:59Z", "2024-01-15T09:00:01Z").unwrap(),
            "2024-01-15T08:00Z to 2024-01-15T10:00Z"
        );
        for (from, to) in [("08:30", "08:15"), ("08:30", "08:30"), ("08:00", "08:00"), ("09:30", "08:45")] {
            let range = around(&format!("2024-01-15T{from}:00Z"), &format!("2024-01-15T{to}:00Z"));
            assert_eq!(range.unwrap_err().kind(), Kind::Usage, "{from} {to}");
        }
    }

    #[test]
    fn a_lookback_holds_the_running_hour() {
        let now = parse_instant("2024-01-15T08:20:30Z").unwrap();
        let week = HourRange::lookback(now, 7).unwrap();
        assert_eq!(week.to_string(), "2024-01-08T00:00Z to 2024-01-15T09:00Z");
        assert!(week.contains(floor_to_hour(now)));
    }
}

//! Calendar days, checked in three steps: ten ASCII bytes, a real day of the calendar, a plausible day.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::parameters::{Query, Zone};
use crate::problem::Problem;

/// A requested day, between 1970-01-01 and tomorrow in the requested zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Day(pub(crate) NaiveDate);

impl Day {
    /// Reads the day in the query's parameter `name`, if it is given.
    pub(crate) fn read(
        query: &Query,
        name: &'static str,
        zone: Zone,
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, Problem> {
        query.get(name).map(|text| Day::parse(name, text, zone, now)).transpose()
    }

    /// Parses a day such as `2024-01-15`. The latest accepted day, tomorrow, depends on the zone.
    pub(crate) fn parse(
        name: &'static str,
        text: &str,
        zone: Zone,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        if !has_the_form(text.as_bytes()) {
            return Err(Problem::parameter(
                name,
                format!("{name} must be a day written as YYYY-MM-DD, such as 2024-01-15"),
            ));
        }
        let Ok(day) = text.parse::<NaiveDate>() else {
            return Err(Problem::parameter(name, format!("{name} is not a day of the calendar")));
        };
        if day < NaiveDate::default() {
            return Err(Problem::parameter(name, format!("{name} must not be before 1970-01-01")));
        }
        if day > local_today(zone, now) + TimeDelta::days(1) {
            return Err(Problem::parameter(name, format!("{name} must not be after tomorrow")));
        }
        Ok(Day(day))
    }
}

/// `^[0-9]{4}-[0-9]{2}-[0-9]{2}$` on bytes: a date parser alone accepts signs, spaces and other digits.
fn has_the_form(bytes: &[u8]) -> bool {
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(place, byte)| match place {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// Today's date in the zone.
pub(crate) fn local_today(zone: Zone, now: DateTime<Utc>) -> NaiveDate {
    now.with_timezone(&zone.tz()).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-23T20:50:00Z".parse().unwrap()
    }

    fn read(text: &str) -> Result<Day, Problem> {
        Day::parse("date", text, Zone::default(), now())
    }

    #[test]
    fn leap_days_are_those_of_the_gregorian_calendar() {
        for good in ["2024-02-29", "2000-02-29", "1970-01-01", "2026-11-24"] {
            assert_eq!(read(good).unwrap().0.to_string(), good);
        }
        for bad in ["2023-02-29", "2024-02-30", "1900-02-29", "2100-02-29", "2024-13-01", "2024-00-10"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn other_spellings_of_a_day_are_refused() {
        for bad in [
            "",
            "2024-1-15",
            "2024-01-15 ",
            " 2024-01-15",
            "+024-01-15",
            "-024-01-15",
            "2024/01/15",
            "20240115",
            "2024-01-15T00:00:00Z",
            "２０２４-01-15",
            "2024-01-1\u{661}",
            "2024-01-32",
            "2024-01-00",
            "null",
            "2024-01-15\n",
            "2024-01-15\0",
            "2024-06-30T23:59:60",
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn days_outside_what_the_mart_can_hold_are_refused() {
        for bad in ["1969-12-31", "0000-01-01", "2149-06-07", "9999-12-31", "2026-11-25"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tomorrow_is_that_of_the_zone() {
        let vladivostok = Zone::parse("Asia/Vladivostok").unwrap();
        assert!(Day::parse("date", "2026-11-25", vladivostok, now()).is_ok());
        assert!(Day::parse("date", "2026-11-26", vladivostok, now()).is_err());
    }
}

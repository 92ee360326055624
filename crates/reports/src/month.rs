//! UTC months: the units in which a person's hours are read and cached.

use bionicpro_model::hours::{END_OF_HOURS, FIRST_HOUR};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::day_start;

/// A UTC month within the range of the warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: u16,
    /// 1 to 12.
    month: u8,
}

impl Month {
    /// The month that contains the moment, or the nearest month within the range of the warehouse.
    pub fn of(moment: DateTime<Utc>) -> Self {
        let moment = moment.clamp(FIRST_HOUR, END_OF_HOURS - TimeDelta::hours(1));
        let number = |part: u32| u8::try_from(part).unwrap_or_default();
        Month { year: u16::try_from(moment.year()).unwrap_or_default(), month: number(moment.month()) }
    }

    /// The year and month as one number, such as 202401: the mart's partition.
    pub fn number(self) -> u32 {
        u32::from(self.year) * 100 + u32::from(self.month)
    }

    /// The first instant.
    pub fn start(self) -> DateTime<Utc> {
        let first = NaiveDate::from_ymd_opt(self.year.into(), self.month.into(), 1);
        first.map_or(FIRST_HOUR, bionicpro_model::hours::midnight)
    }

    /// The following month.
    pub fn next(self) -> Self {
        match self.month {
            12 => Month { year: self.year + 1, month: 1 },
            month => Month { month: month + 1, ..self },
        }
    }

    /// The months that contain the instants `from <= t < to`, oldest first.
    pub fn spanning(from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Self> {
        let months = std::iter::successors(Some(Month::of(from)), |month| Some(month.next()));
        match from < to {
            true => months.take_while(|month| month.start() < to.min(END_OF_HOURS)).collect(),
            false => Vec::new(),
        }
    }
}

/// The months that contain the days `from <= day < to` of the zone, oldest first.
pub fn months(tz: Tz, (from, to): (NaiveDate, NaiveDate)) -> Vec<Month> {
    Month::spanning(day_start(tz, from), day_start(tz, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(zone: &str, from: &str, to: &str) -> Vec<u32> {
        let days = (from.parse().unwrap(), to.parse().unwrap());
        months(zone.parse().unwrap(), days).into_iter().map(Month::number).collect()
    }

    #[test]
    fn a_range_needs_the_utc_months_that_its_instants_lie_in() {
        assert_eq!(numbers("UTC", "2024-01-01", "2024-02-01"), [202_401]);
        assert_eq!(numbers("Europe/Moscow", "2024-01-01", "2024-02-01"), [202_312, 202_401]);
        assert_eq!(numbers("America/New_York", "2024-01-31", "2024-02-01"), [202_401, 202_402]);
        assert_eq!(numbers("UTC", "2023-11-30", "2024-02-02"), [202_311, 202_312, 202_401, 202_402]);
        assert_eq!(numbers("UTC", "2024-01-15", "2024-01-15"), [0_u32; 0]);
        assert_eq!(numbers("UTC", "2023-03-01", "2024-03-01").len(), 12);
    }

    #[test]
    fn months_outside_the_warehouse_are_none() {
        assert_eq!(numbers("UTC", "0001-01-01", "1969-12-31"), [0_u32; 0]);
        assert_eq!(numbers("UTC", "2106-02-06", "9999-12-31"), [210_602]);
        assert_eq!(numbers("UTC", "2200-01-01", "9999-12-31"), [0_u32; 0]);
    }
}

//! Ranges of days: the first day, and the day after the last one.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::parameters::{Day, Query, Zone, local_today};
use crate::problem::Problem;

/// The maximum length of a range in one request, in days: a leap year.
pub(crate) const MAX_RANGE_DAYS: i64 = 366;

/// Days `from <= day < to`, at most [`MAX_RANGE_DAYS`] of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DayRange {
    pub(crate) from: NaiveDate,
    pub(crate) to: NaiveDate,
}

impl DayRange {
    /// Reads the parameters `from` and `to`, or `through` for the last day itself. By default, `to` is
    /// tomorrow and `from` is `default_days` before `to`.
    pub(crate) fn read(
        query: &Query,
        zone: Zone,
        now: DateTime<Utc>,
        default_days: i64,
    ) -> Result<Self, Problem> {
        let from = Day::read(query, "from", zone, now)?;
        let to = DayRange::end(query, zone, now)?;
        DayRange::fill(from, to, local_today(zone, now), default_days)
    }

    /// Reads a range from two parameters that are both required.
    pub(crate) fn read_both(
        query: &Query,
        (from, to): (&'static str, &'static str),
        zone: Zone,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let given = |name: &'static str| {
            Day::read(query, name, zone, now)?
                .ok_or_else(|| Problem::parameter(name, format!("{name} is required, as 2024-01-15")))
        };
        DayRange { from: given(from)?.0, to: given(to)?.0 }.checked(from)
    }

    /// Reads the day after the last one from `to` or `through`.
    fn end(query: &Query, zone: Zone, now: DateTime<Utc>) -> Result<Option<Day>, Problem> {
        let to = Day::read(query, "to", zone, now)?;
        let Some(Day(through)) = Day::read(query, "through", zone, now)? else { return Ok(to) };
        match to {
            Some(_) => Err(Problem::parameter("through", "to and through exclude each other")),
            None if through > local_today(zone, now) => {
                Err(Problem::parameter("through", "through must not be after today"))
            }
            None => Ok(Some(Day(through + TimeDelta::days(1)))),
        }
    }

    /// The last day; the day before `from` if the range is empty.
    pub(crate) fn through(self) -> NaiveDate {
        self.to - TimeDelta::days(1)
    }

    /// The range of the same length immediately before it.
    pub(crate) fn previous(self) -> Self {
        DayRange { from: self.from - (self.to - self.from), to: self.from }
    }

    /// The range of the same length immediately after it.
    pub(crate) fn next(self) -> Self {
        DayRange { from: self.to, to: self.to + (self.to - self.from) }
    }

    /// The number of days in the range.
    pub(crate) fn days(self) -> i64 {
        (self.to - self.from).num_days()
    }

    fn fill(
        from: Option<Day>,
        to: Option<Day>,
        today: NaiveDate,
        default_days: i64,
    ) -> Result<Self, Problem> {
        let to = to.map_or(today + TimeDelta::days(1), |Day(to)| to);
        let earliest = (to - TimeDelta::days(default_days)).max(NaiveDate::default());
        DayRange { from: from.map_or(earliest, |Day(from)| from), to }.checked("from")
    }

    fn checked(self, parameter: &'static str) -> Result<Self, Problem> {
        if self.from > self.to {
            return Err(Problem::parameter(parameter, "A range must not end before it begins"));
        }
        if self.days() > MAX_RANGE_DAYS {
            return Err(Problem::parameter(
                parameter,
                format!("A range may have at most {MAX_RANGE_DAYS} days; by default, it ends tomorrow"),
            ));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn check(from: Option<&str>, to: Option<&str>) -> Result<(String, String), Problem> {
        let given = |text: Option<&str>| text.map(|text| Day(day(text)));
        let range = DayRange::fill(given(from), given(to), day("2026-11-23"), MAX_RANGE_DAYS);
        range.map(|range| (range.from.to_string(), range.to.to_string()))
    }

    #[test]
    fn ends_that_are_not_given_are_filled_in() {
        let whole = check(None, None).unwrap();
        assert_eq!(whole, ("2025-11-23".to_owned(), "2026-11-24".to_owned()));
        assert_eq!(check(Some("2026-11-01"), None).unwrap().1, "2026-11-24");
        assert_eq!(check(None, Some("1970-01-02")).unwrap().0, "1970-01-01");
        let month = DayRange::fill(None, None, day("2026-11-23"), 30).unwrap();
        assert_eq!((month.from, month.days()), (day("2026-10-25"), 30));
    }

    #[test]
    fn neighbours_have_the_same_length_and_touch() {
        let week = DayRange { from: day("2026-02-25"), to: day("2026-03-04") };
        assert_eq!(week.through(), day("2026-03-03"));
        assert_eq!(week.previous(), DayRange { from: day("2026-02-18"), to: week.from });
        assert_eq!(week.next(), DayRange { from: week.to, to: day("2026-03-11") });
    }

    #[test]
    fn ranges_run_forward_for_at_most_366_days() {
        assert!(check(Some("2024-01-01"), Some("2025-01-01")).is_ok());
        assert!(check(Some("2024-01-01"), Some("2025-01-02")).is_err());
        assert!(check(Some("2026-01-02"), Some("2026-01-01")).is_err());
        assert!(check(Some("2026-01-01"), Some("2026-01-01")).is_ok());
        assert!(check(Some("1970-01-01"), None).is_err());
    }
}

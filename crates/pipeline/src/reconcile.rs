//! Compares, day by day, what was staged with what the mart now answers.

use std::collections::BTreeMap;

use bionicpro_model::{DayTotals, Error, Kind, Result};
use bionicpro_warehouse::load::LoadedDay;
use chrono::NaiveDate;

/// What a comparison found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reconciled {
    /// Days that agree.
    pub(crate) days: u64,
    /// Days that a newer load has written meanwhile: they are that load's to compare.
    pub(crate) superseded: u64,
}

/// Compares the totals of each day; `version` is this load's.
///
/// # Errors
/// `Data` that names the first differing days and numbers.
pub(crate) fn compare(staged: &[DayTotals], answered: &[LoadedDay], version: u64) -> Result<Reconciled> {
    let mut days: BTreeMap<NaiveDate, (DayTotals, DayTotals, u64)> = BTreeMap::new();
    let empty = |date| DayTotals { date, ..DayTotals::default() };
    for day in staged {
        days.insert(day.date, (*day, empty(day.date), 0));
    }
    for day in answered {
        let date = day.totals.date;
        let entry = days.entry(date).or_insert_with(|| (empty(date), empty(date), 0));
        (entry.1, entry.2) = (day.totals, day.newest_version);
    }
    let mut reconciled = Reconciled::default();
    let mut differing = Vec::new();
    for (date, (staged, found, newest)) in days {
        if staged == found {
            reconciled.days += 1;
        } else if newest > version {
            reconciled.superseded += 1;
        } else {
            differing.push(format!("{date}: staged {}, the mart has {}", numbers(&staged), numbers(&found)));
        }
    }
    if differing.is_empty() {
        return Ok(reconciled);
    }
    let more = differing.len().saturating_sub(3);
    differing.truncate(3);
    let more = if more == 0 { String::new() } else { format!("; and {more} more days") };
    Err(Error::new(Kind::Data, "the mart does not answer what was loaded")
        .detail(format!("{}{more}", differing.join("; ")))
        .hint("the horizon has not moved; look for another writer of the mart, then run the range again"))
}

fn numbers(day: &DayTotals) -> String {
    format!(
        "{} cells, {} movements, {} errors, {} anomalies, {} responses, {} battery levels",
        day.cells, day.movements, day.errors, day.anomalies, day.response_count, day.battery_count
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staged(cells: u64) -> DayTotals {
        DayTotals { date: NaiveDate::MIN, cells, movements: 10 * cells, ..DayTotals::default() }
    }

    fn answered(cells: u64, newest_version: u64) -> LoadedDay {
        LoadedDay { totals: staged(cells), newest_version }
    }

    #[test]
    fn a_day_that_differs_fails_the_load_unless_a_newer_load_wrote_it() {
        assert_eq!(compare(&[staged(2)], &[answered(2, 5)], 5).unwrap().days, 1);
        assert_eq!(compare(&[staged(2)], &[answered(3, 6)], 5).unwrap().superseded, 1);
        assert_eq!(compare(&[staged(2)], &[answered(1, 5)], 5).unwrap_err().kind(), Kind::Data);
        assert_eq!(compare(&[staged(2)], &[], 5).unwrap_err().kind(), Kind::Data);
        assert_eq!(compare(&[], &[answered(1, 5)], 5).unwrap_err().kind(), Kind::Data);
        assert!(compare(&[], &[answered(0, 5)], 5).is_ok());
    }
}

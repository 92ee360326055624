//! Compares, day by day, what was staged with what the mart now answers of this load.

use std::collections::BTreeMap;

use bionicpro_model::hours::midnight;
use bionicpro_model::{DayTotals, Error, HourRange, Kind, Result};
use bionicpro_warehouse::Warehouse;
use bionicpro_warehouse::load::{self, LoadSpec};
use chrono::{NaiveDate, TimeDelta};

/// What a comparison found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reconciled {
    /// Days that agree.
    pub(crate) days: u64,
    /// Days that a newer load has written meanwhile: they are that load's to compare.
    pub(crate) superseded: u64,
}

/// Compares the totals of each day.
///
/// # Errors
/// `Data` that names the first differing days and numbers.
pub(crate) async fn reconcile(
    warehouse: &Warehouse,
    staged: &[DayTotals],
    spec: &LoadSpec,
) -> Result<Reconciled> {
    let answered = load::version_totals(warehouse, spec.version, &spec.days).await?;
    let differing = differing(staged, &answered);
    let mut reconciled = Reconciled { days: (staged.len() - differing.len()) as u64, superseded: 0 };
    let mut told = Vec::new();
    for (staged, found) in differing {
        if is_superseded(warehouse, staged.date, spec.version).await? {
            reconciled.superseded += 1;
        } else {
            told.push(format!(
                "{}: staged {}, the mart has {}",
                staged.date,
                numbers(&staged),
                numbers(&found)
            ));
        }
    }
    if told.is_empty() {
        return Ok(reconciled);
    }
    let more = told.len().saturating_sub(3);
    told.truncate(3);
    let more = if more == 0 { String::new() } else { format!("; and {more} more days") };
    Err(Error::new(Kind::Data, "the mart does not answer what was loaded")
        .detail(format!("{}{more}", told.join("; ")))
        .hint("the baseline has not moved; look for another writer of the mart, then run the range again"))
}

/// The days whose totals differ, as staged and as found. A day without rows may be left out by either.
fn differing(staged: &[DayTotals], answered: &[DayTotals]) -> Vec<(DayTotals, DayTotals)> {
    let found: BTreeMap<NaiveDate, &DayTotals> = answered.iter().map(|day| (day.date, day)).collect();
    let mut differing = Vec::new();
    for day in staged {
        let empty = DayTotals { date: day.date, ..DayTotals::default() };
        let found = found.get(&day.date).map_or(empty, |found| **found);
        if *day != found {
            differing.push((*day, found));
        }
    }
    differing
}

/// Whether a newer load has written into the day.
async fn is_superseded(warehouse: &Warehouse, day: NaiveDate, version: u64) -> Result<bool> {
    let range = HourRange::new(midnight(day), midnight(day) + TimeDelta::days(1))?;
    let days = load::day_totals(warehouse, &range).await?;
    Ok(days.iter().any(|day| day.newest_version > version))
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

    fn day(date: NaiveDate, cells: u64) -> DayTotals {
        DayTotals { date, cells, movements: 10 * cells, ..DayTotals::default() }
    }

    #[test]
    fn a_day_differs_in_any_number_and_one_without_rows_may_be_left_out() {
        let (one, two) = (NaiveDate::MIN, NaiveDate::MAX);
        assert_eq!(differing(&[day(one, 2), day(two, 0)], &[day(one, 2)]), []);
        assert_eq!(differing(&[day(one, 2)], &[day(one, 3)]), [(day(one, 2), day(one, 3))]);
        assert_eq!(differing(&[day(one, 2)], &[]), [(day(one, 2), day(one, 0))]);
        let bits = DayTotals { battery_sum_bits: 1, ..day(one, 2) };
        assert_eq!(differing(&[day(one, 2)], &[bits]).len(), 1);
    }
}

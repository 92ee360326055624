//! Compares, day by day, the staged rows with those that the mart now returns for the load.

use std::collections::{BTreeMap, BTreeSet};

use bionicpro_model::hours::midnight;
use bionicpro_model::{DayTotals, Error, HourRange, Kind, Result};
use bionicpro_warehouse::Warehouse;
use bionicpro_warehouse::ledger::MART_DIFFERS;
use bionicpro_warehouse::load::{self, LoadSpec, MartCell};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use crate::files::{Source, mart};
use crate::stage::StagedFile;

/// The number of days, and of cells of each, that an error names.
const NAMED: usize = 3;

/// The result of a comparison.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reconciled {
    /// Days that agree.
    pub(crate) days: u64,
    /// Days that a newer load has written meanwhile; that load compares them.
    pub(crate) superseded: u64,
}

/// A day whose totals differ.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DifferingDay {
    staged: DayTotals,
    found: DayTotals,
}

impl DifferingDay {
    pub(crate) fn date(&self) -> NaiveDate {
        self.staged.date
    }
}

/// A cell that differs between the mart and the source.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DifferingCell {
    /// The staged cell; `None` if nothing was staged for it.
    pub(crate) staged: Option<MartCell>,
    /// The mart's cell; `None` if the mart has no live row of it.
    pub(crate) found: Option<MartCell>,
}

impl DifferingCell {
    /// Returns true if the sides differ in more than sums of squares that the mart does not have.
    pub(crate) fn is_more_than_unknown(&self) -> bool {
        match (&self.staged, &self.found) {
            (Some(staged), Some(found)) => *staged != found.clone().with_squares_of(staged),
            _ => true,
        }
    }

    /// Returns either side; both have the same key.
    pub(crate) fn key(&self) -> Option<&MartCell> {
        self.staged.as_ref().or(self.found.as_ref())
    }
}

/// Compares the totals of each day.
///
/// # Errors
/// `Data`, naming the first differing days and cells.
pub(crate) async fn reconcile(
    warehouse: &Warehouse,
    mart: &StagedFile,
    spec: &LoadSpec,
) -> Result<Reconciled> {
    let staged = &mart.manifest.days;
    let days = differing_days(staged, &load::loaded_totals(warehouse, spec).await?);
    let mut reconciled = Reconciled { days: (staged.len().saturating_sub(days.len())) as u64, superseded: 0 };
    let mut told = Vec::new();
    for day in days {
        if is_superseded(warehouse, day.date(), spec.version).await? {
            reconciled.superseded += 1;
        } else {
            told.push(day);
        }
    }
    if told.is_empty() {
        return Ok(reconciled);
    }
    let source = Source::new(mart.again()?, mart::SCHEMA)?;
    let mut text: Vec<String> = Vec::new();
    for day in told.iter().take(NAMED) {
        let cells = differing_cells(warehouse, &source, spec, day.date()).await?;
        text.push(format!("{day}{}", named(&cells)));
    }
    if told.len() > NAMED {
        text.push(format!("and {} more days", told.len() - NAMED));
    }
    Err(Error::new(Kind::Data, MART_DIFFERS)
        .detail(text.join("; "))
        .hint("the baseline has not moved; look for another writer of the mart, then run the range again"))
}

/// Compares the number of rows read in a range, by UTC day, with the source's own count.
///
/// # Errors
/// `Data`, naming the first differing days.
pub(crate) fn with_source(
    source: &BTreeMap<NaiveDate, u64>,
    read: &BTreeMap<NaiveDate, u64>,
    range: &HourRange,
) -> Result<()> {
    let (first, last) = (range.from().date_naive(), (range.to() - TimeDelta::hours(1)).date_naive());
    let dates: BTreeSet<NaiveDate> =
        source.keys().chain(read.keys()).copied().filter(|date| (first..=last).contains(date)).collect();
    let of = |days: &BTreeMap<NaiveDate, u64>, date| days.get(&date).copied().unwrap_or(0);
    let differing: Vec<String> = dates
        .into_iter()
        .filter(|date| of(source, *date) != of(read, *date))
        .map(|date| format!("{date}: {} rows in the source, {} read", of(source, date), of(read, date)))
        .collect();
    if differing.is_empty() {
        return Ok(());
    }
    Err(Error::new(Kind::Data, "the rows read differ from the rows that the source counts")
        .detail(differing[..differing.len().min(NAMED)].join("; "))
        .hint("nothing was loaded; run again, and report it if it persists: no data can cause this"))
}

/// Returns the days whose totals differ, oldest first. A day without rows may be missing on either side.
pub(crate) fn differing_days(staged: &[DayTotals], answered: &[DayTotals]) -> Vec<DifferingDay> {
    let by_date = |days: &[DayTotals]| -> BTreeMap<NaiveDate, DayTotals> {
        days.iter().map(|day| (day.date, *day)).collect()
    };
    let (staged, found) = (by_date(staged), by_date(answered));
    let dates: BTreeSet<NaiveDate> = staged.keys().chain(found.keys()).copied().collect();
    let of = |days: &BTreeMap<NaiveDate, DayTotals>, date| {
        days.get(&date).copied().unwrap_or(DayTotals { date, ..DayTotals::default() })
    };
    let days =
        dates.into_iter().map(|date| DifferingDay { staged: of(&staged, date), found: of(&found, date) });
    days.filter(|day| day.staged != day.found).collect()
}

/// Returns the cells of one day that differ between the staged file and the mart's rows for which the load is
/// responsible.
pub(crate) async fn differing_cells(
    warehouse: &Warehouse,
    staged: &Source,
    spec: &LoadSpec,
    date: NaiveDate,
) -> Result<Vec<DifferingCell>> {
    type Key = (DateTime<Utc>, Uuid, Uuid);
    let by_key = |cells: Vec<MartCell>| -> BTreeMap<Key, MartCell> {
        cells.into_iter().map(|cell| ((cell.hour, cell.user_id, cell.prosthesis_id), cell)).collect()
    };
    let mut staged = by_key(mart::cells(staged, date)?);
    let mut found = by_key(load::loaded_cells(warehouse, spec, date).await?);
    let keys: BTreeSet<Key> = staged.keys().chain(found.keys()).copied().collect();
    let cells = keys.iter().map(|key| DifferingCell { staged: staged.remove(key), found: found.remove(key) });
    Ok(cells.filter(|cell| cell.staged != cell.found).collect())
}

/// Returns true if a newer load has written into the day.
async fn is_superseded(warehouse: &Warehouse, day: NaiveDate, version: u64) -> Result<bool> {
    let range = HourRange::new(midnight(day), midnight(day) + TimeDelta::days(1))?;
    let days = load::day_totals(warehouse, &range).await?;
    Ok(days.iter().any(|day| day.newest_version > version))
}

fn named(cells: &[DifferingCell]) -> String {
    let more = match cells.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let first: Vec<String> = cells.iter().take(NAMED).map(ToString::to_string).collect();
    format!(" ({}{more})", first.join(", "))
}

impl std::fmt::Display for DifferingDay {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let numbers = |day: &DayTotals| {
            format!(
                "{} cells, {} movements, {} errors, {} anomalies, {} responses, {} battery levels",
                day.cells, day.movements, day.errors, day.anomalies, day.response_count, day.battery_count
            )
        };
        let (staged, found) = (numbers(&self.staged), numbers(&self.found));
        write!(formatter, "{}: staged {staged}, the mart has {found}", self.staged.date)
    }
}

impl std::fmt::Display for DifferingCell {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(cell) = self.key() else { return Ok(()) };
        let movements = |cell: &Option<MartCell>| cell.as_ref().map_or(0, |cell| cell.movements);
        write!(
            formatter,
            "chip {:?} at {} of user {}: staged {} movements, the mart has {}",
            cell.chip_id,
            cell.hour.format("%Y-%m-%dT%H:%MZ"),
            cell.user_id,
            movements(&self.staged),
            movements(&self.found)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(date: NaiveDate, cells: u64) -> DayTotals {
        DayTotals { date, cells, movements: 10 * cells, ..DayTotals::default() }
    }

    #[test]
    fn a_day_of_the_range_with_other_rows_than_the_source_counts_is_named() {
        let date = |day| NaiveDate::from_ymd_opt(2024, 1, day).unwrap();
        let range = HourRange::new(midnight(date(15)), midnight(date(17))).unwrap();
        let compare = |source: &[(u32, u64)], read: &[(u32, u64)]| {
            let days = |of: &[(u32, u64)]| of.iter().map(|(day, rows)| (date(*day), *rows)).collect();
            with_source(&days(source), &days(read), &range).err().map(|error| error.to_string())
        };
        // Dirty cells outside the range were read too.
        assert_eq!(compare(&[(15, 5), (16, 1)], &[(15, 5), (16, 1), (17, 9), (2, 3)]), None);
        let error = compare(&[(15, 5), (16, 1)], &[(15, 5)]).unwrap();
        assert!(error.contains("2024-01-16: 1 rows in the source, 0 read"), "{error}");
        assert!(compare(&[], &[(16, 1)]).is_some());
    }

    #[test]
    fn a_day_differs_in_any_number_on_either_side_and_one_without_rows_may_be_left_out() {
        let (one, two) = (NaiveDate::MIN, NaiveDate::MAX);
        let differ = |staged, found| [DifferingDay { staged, found }];
        assert_eq!(differing_days(&[day(one, 2), day(two, 0)], &[day(one, 2)]), []);
        assert_eq!(differing_days(&[day(one, 2)], &[day(one, 3)]), differ(day(one, 2), day(one, 3)));
        assert_eq!(differing_days(&[day(one, 2)], &[]), differ(day(one, 2), day(one, 0)));
        assert_eq!(differing_days(&[], &[day(one, 2)]), differ(day(one, 0), day(one, 2)));
        let bits = DayTotals { battery_sum_bits: 1, ..day(one, 2) };
        assert_eq!(differing_days(&[day(one, 2)], &[bits]).len(), 1);
    }
}

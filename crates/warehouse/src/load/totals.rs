//! What the mart answers after a load, per UTC day, for the reconciliation.

use std::collections::BTreeMap;

use bionicpro_model::{DayTotals, HourRange, Result};
use chrono::NaiveDate;
use clickhouse::Row;
use clickhouse::query::Query;
use serde::Deserialize;

use super::vanished::ranged;
use crate::Warehouse;

/// Up to how many rows of a load are counted key by key in memory, without reading the months that they lie in.
const COUNTED_IN_MEMORY: u64 = 1_000_000;

/// What the mart answers for one UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadedDay {
    /// The sums over its live rows.
    pub totals: DayTotals,
    /// The newest version of any row of the day, tombstones included. Greater than the load's own version means
    /// that a newer load has written here meanwhile: the day is that load's to reconcile, skip it.
    pub newest_version: u64,
}

/// A line of `day_totals.sql` and its like.
#[derive(Row, Deserialize)]
struct Totals {
    #[serde(with = "clickhouse::serde::chrono::date")]
    date: NaiveDate,
    cells: u64,
    movements: u64,
    errors: u64,
    anomalies: u64,
    response_count: u64,
    battery_count: u64,
    response_sum_bits: u64,
    battery_sum_bits: u64,
}

#[derive(Row, Deserialize)]
struct Version {
    #[serde(with = "clickhouse::serde::chrono::date")]
    date: NaiveDate,
    newest_version: u64,
}

/// How many rows have a version, and how many a greater one.
#[derive(Row, Deserialize)]
struct Written {
    rows: u64,
    newer: u64,
}

/// What the mart now answers for each UTC day of the range that has rows, oldest first.
///
/// A day without live rows is listed with zero cells when tombstones remain in it, else left out. The versions are
/// read after the sums: a newer load that changed the sums is always seen in `newest_version`.
pub async fn day_totals(warehouse: &Warehouse, range: &HourRange) -> Result<Vec<LoadedDay>> {
    let doing = "adding up the mart's days";
    let totals = ranged(warehouse.query(include_str!("day_totals.sql")), range);
    let totals = warehouse.run(doing, totals.fetch_all::<Totals>()).await?;
    let versions = ranged(warehouse.query(include_str!("day_versions.sql")), range);
    let versions = warehouse.run(doing, versions.fetch_all::<Version>()).await?;
    let mut days: BTreeMap<NaiveDate, LoadedDay> = versions
        .into_iter()
        .map(|day| {
            let totals = DayTotals { date: day.date, ..DayTotals::default() };
            (day.date, LoadedDay { totals, newest_version: day.newest_version })
        })
        .collect();
    for totals in totals {
        let newest_version = days.get(&totals.date).map_or(0, |seen| seen.newest_version);
        days.insert(totals.date, LoadedDay { totals: totals.into(), newest_version });
    }
    Ok(days.into_values().collect())
}

/// What the live rows of exactly this version add up to on each of these UTC days, oldest first; a day without any is
/// left out.
///
/// A row is live when no row of its key has a greater version. Where nothing newer was written on these days, which
/// costs an index to know, the load's own rows are read and nothing else: the cost is the load's, not the mart's.
/// Compare before [`super::restate`], which gives rows another version.
pub async fn version_totals(
    warehouse: &Warehouse,
    version: u64,
    days: &[NaiveDate],
) -> Result<Vec<DayTotals>> {
    if days.is_empty() {
        return Ok(Vec::new());
    }
    let doing = "adding up what was loaded";
    let of = |query: Query| query.param("version", version).param("days", days);
    let written = of(warehouse.query(include_str!("version_written.sql"))).fetch_one::<Written>();
    let written = warehouse.run(doing, written).await?;
    let sql = if written.newer == 0 && written.rows <= COUNTED_IN_MEMORY {
        include_str!("version_totals.sql")
    } else {
        include_str!("version_totals_final.sql")
    };
    let totals = warehouse.run(doing, of(warehouse.query(sql)).fetch_all::<Totals>()).await?;
    Ok(totals.into_iter().map(DayTotals::from).collect())
}

impl From<Totals> for DayTotals {
    fn from(day: Totals) -> Self {
        DayTotals {
            date: day.date,
            cells: day.cells,
            movements: day.movements,
            errors: day.errors,
            anomalies: day.anomalies,
            response_count: day.response_count,
            battery_count: day.battery_count,
            response_sum_bits: day.response_sum_bits,
            battery_sum_bits: day.battery_sum_bits,
        }
    }
}

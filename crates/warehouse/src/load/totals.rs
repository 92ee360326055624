//! What the mart answers after a load, per UTC day, for the reconciliation.

use std::collections::BTreeMap;

use bionicpro_model::{HourRange, Result};
use chrono::NaiveDate;
use clickhouse::Row;
use serde::Deserialize;

use super::mart::ranged;
use crate::Warehouse;

/// What the mart answers for one UTC day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DayTotals {
    /// The day.
    pub date: NaiveDate,
    /// Rows.
    pub cells: u64,
    /// Sum of `movements_count`.
    pub movements: u64,
    /// Sum of `error_count`.
    pub errors: u64,
    /// Sum of `anomaly_count`.
    pub anomalies: u64,
    /// Sum of `response_count`.
    pub response_count: u64,
    /// Sum of `battery_count`.
    pub battery_count: u64,
    /// Wrapping sum of `response_sum.to_bits()` over the rows: exact whatever the order of the rows.
    pub response_sum_bits: u64,
    /// Wrapping sum of `battery_sum.to_bits()` over the rows.
    pub battery_sum_bits: u64,
    /// The newest version of any row of the day, tombstones included. Greater than the load's own version means
    /// that a newer load has written here meanwhile: the day is that load's to reconcile, skip it.
    pub newest_version: u64,
}

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

/// What the mart now answers for each UTC day of the range that has rows, oldest first.
///
/// A day without live rows is listed with zero cells when tombstones remain in it, else left out. The versions are
/// read after the sums: a newer load that changed the sums is always seen in `newest_version`.
pub async fn day_totals(warehouse: &Warehouse, range: &HourRange) -> Result<Vec<DayTotals>> {
    let doing = "adding up the mart's days";
    let totals = ranged(warehouse.query(include_str!("day_totals.sql")), range);
    let totals = warehouse.run(doing, totals.fetch_all::<Totals>()).await?;
    let versions = ranged(warehouse.query(include_str!("day_versions.sql")), range);
    let versions = warehouse.run(doing, versions.fetch_all::<Version>()).await?;
    let mut days: BTreeMap<NaiveDate, DayTotals> =
        versions.into_iter().map(|day| (day.date, DayTotals::empty(day.date, day.newest_version))).collect();
    for day in totals {
        let newest_version = days.get(&day.date).map_or(0, |seen| seen.newest_version);
        days.insert(day.date, day.with_version(newest_version));
    }
    Ok(days.into_values().collect())
}

impl DayTotals {
    fn empty(date: NaiveDate, newest_version: u64) -> Self {
        DayTotals {
            date,
            cells: 0,
            movements: 0,
            errors: 0,
            anomalies: 0,
            response_count: 0,
            battery_count: 0,
            response_sum_bits: 0,
            battery_sum_bits: 0,
            newest_version,
        }
    }
}

impl Totals {
    fn with_version(self, newest_version: u64) -> DayTotals {
        DayTotals {
            date: self.date,
            cells: self.cells,
            movements: self.movements,
            errors: self.errors,
            anomalies: self.anomalies,
            response_count: self.response_count,
            battery_count: self.battery_count,
            response_sum_bits: self.response_sum_bits,
            battery_sum_bits: self.battery_sum_bits,
            newest_version,
        }
    }
}

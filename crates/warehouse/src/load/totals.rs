//! The mart's totals per UTC day after a load, for the reconciliation.

use std::collections::BTreeMap;

use bionicpro_model::hours::FIRST_HOUR;
use bionicpro_model::{DayTotals, HourRange, Result};
use chrono::NaiveDate;
use clickhouse::Row;
use clickhouse::query::Query;
use serde::Deserialize;

use super::LoadSpec;
use crate::Warehouse;
use crate::params::{instant, ranged};

/// The rows that a load is responsible for.
pub(super) const OF_LOAD: &str = include_str!("totals/of_load.sql");

/// The rows of an incremental run, if nothing newer was written on its days.
const OF_TICK: &str = include_str!("totals/of_tick.sql");

const DOING: &str = "adding up the mart's days";

/// The maximum number of rows of a load that are counted key by key in memory, without reading the months
/// that they are in.
const COUNTED_IN_MEMORY: u64 = 1_000_000;

/// The mart's totals for one UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadedDay {
    /// The sums over its live rows.
    pub totals: DayTotals,
    /// The newest version of any row of the day, tombstones included. If it is greater than the load's own
    /// version, a newer load has written here meanwhile: skip the day, which that load reconciles.
    pub newest_version: u64,
}

/// A row of `totals.sql`.
#[derive(Row, Deserialize)]
struct Totals {
    #[serde(with = "clickhouse::serde::chrono::date")]
    date: NaiveDate,
    /// The newest version of the rows that are added up.
    newest_version: u64,
    cells: u64,
    movements: u64,
    errors: u64,
    anomalies: u64,
    response_count: u64,
    battery_count: u64,
    response_sum_bits: u64,
    battery_sum_bits: u64,
    response_squares_bits: u64,
    battery_squares_bits: u64,
    battery_min_bits: u64,
    battery_last_bits: u64,
}

#[derive(Row, Deserialize)]
struct Version {
    #[serde(with = "clickhouse::serde::chrono::date")]
    date: NaiveDate,
    newest_version: u64,
}

/// Returns the mart's current totals for each UTC day of the range that has rows, oldest first.
///
/// A day without live rows is listed with zero cells if it still has tombstones, otherwise left out. The
/// versions are read after the sums, so that `newest_version` always shows a newer load that changed the
/// sums.
pub async fn day_totals(warehouse: &Warehouse, range: &HourRange) -> Result<Vec<LoadedDay>> {
    let of = |query: Query| ranged(query, range);
    let totals = add_up(warehouse, include_str!("totals/of_range.sql"), of).await?;
    let versions = of(warehouse.query(include_str!("totals/newest.sql"))).fetch_all::<Version>();
    let versions = warehouse.run(DOING, versions).await?;
    let mut days: BTreeMap<NaiveDate, LoadedDay> = versions
        .into_iter()
        .map(|day| {
            let totals = DayTotals { date: day.date, ..DayTotals::default() };
            (day.date, LoadedDay { totals, newest_version: day.newest_version })
        })
        .collect();
    for totals in totals.into_iter().map(DayTotals::from) {
        let newest_version = days.get(&totals.date).map_or(0, |seen| seen.newest_version);
        days.insert(totals.date, LoadedDay { totals, newest_version });
    }
    Ok(days.into_values().collect())
}

/// Returns the totals of the rows that a load is responsible for on each UTC day, oldest first; days without
/// such rows are left out.
///
/// In its range these are all live rows, whichever load wrote them, so a row that should have vanished is
/// included. Outside it, and for an incremental run, they are the live rows of exactly its version on its
/// days. If nothing newer was written on these days, an index finds the run's own rows and nothing else is
/// read: the cost depends on the load, not on the mart. Compare before [`super::restate`], which changes the
/// version of rows.
pub async fn loaded_totals(warehouse: &Warehouse, spec: &LoadSpec) -> Result<Vec<DayTotals>> {
    if spec.range.is_none() && spec.days.is_empty() {
        return Ok(Vec::new());
    }
    if spec.range.is_none() && spec.rows <= COUNTED_IN_MEMORY {
        let days = add_up(warehouse, OF_TICK, |query| answered(query, spec)).await?;
        if days.iter().all(|day| day.newest_version <= spec.version) {
            return Ok(days.into_iter().map(DayTotals::from).collect());
        }
    }
    let days = add_up(warehouse, OF_LOAD, |query| answered(query, spec)).await?;
    Ok(days.into_iter().map(DayTotals::from).collect())
}

/// Returns the query with the parameters of [`OF_LOAD`]; the range of an incremental run contains no hour.
pub(super) fn answered(query: Query, spec: &LoadSpec) -> Query {
    let (from, to) = spec.range.map_or((FIRST_HOUR, FIRST_HOUR), |range| (range.from(), range.to()));
    let query = query.param("version", spec.version).param("days", &spec.days);
    query.param("from", instant(from)).param("to", instant(to))
}

async fn add_up(warehouse: &Warehouse, rows: &str, of: impl Fn(Query) -> Query) -> Result<Vec<Totals>> {
    let sql = include_str!("totals.sql").replace("{rows}", rows);
    warehouse.run(DOING, of(warehouse.query(&sql)).fetch_all::<Totals>()).await
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
            response_squares_bits: day.response_squares_bits,
            battery_squares_bits: day.battery_squares_bits,
            battery_min_bits: day.battery_min_bits,
            battery_last_bits: day.battery_last_bits,
        }
    }
}

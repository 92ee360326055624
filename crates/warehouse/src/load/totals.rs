//! What the mart answers after a load, per UTC day, for the reconciliation.

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

/// The rows that a load answers for.
pub(super) const OF_LOAD: &str = include_str!("totals/of_load.sql");

/// The rows of a tick on whose days nothing newer was written.
const OF_TICK: &str = include_str!("totals/of_tick.sql");

const DOING: &str = "adding up the mart's days";

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

/// A line of `totals.sql`.
#[derive(Row, Deserialize)]
struct Totals {
    #[serde(with = "clickhouse::serde::chrono::date")]
    date: NaiveDate,
    /// Of the rows that are added up.
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

/// What the mart now answers for each UTC day of the range that has rows, oldest first.
///
/// A day without live rows is listed with zero cells when tombstones remain in it, else left out. The versions are
/// read after the sums: a newer load that changed the sums is always seen in `newest_version`.
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

/// What the rows that a load answers for add up to on each UTC day, oldest first; a day without any is left out.
///
/// Of its range every live row, whoever wrote it: one that should have vanished is among them. Outside of it, and for a
/// tick, the live rows of exactly its version on its days. Where nothing newer was written on these, an index finds a
/// tick's own rows and nothing else is read: the cost is the load's, not the mart's. Compare before [`super::restate`],
/// which gives rows another version.
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

/// The query with the parameters of [`OF_LOAD`]; no hour lies in the range of a tick.
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

//! `loaded_ranges`: the hours that are complete at each version, so that a late load does not restore removed
//! rows.

use bionicpro_model::hours::midnight;
use bionicpro_model::{HourRange, Result};
use chrono::{DateTime, TimeDelta, Utc};
use clickhouse::Row;
use serde::{Deserialize, Serialize};

use super::LoadSpec;
use crate::Warehouse;
use crate::params::ranged;

/// A row of `loaded_ranges`.
#[derive(Debug, Row, Serialize, Deserialize)]
struct LoadedRange {
    version: u64,
    #[serde(with = "clickhouse::serde::chrono::datetime")]
    range_from: DateTime<Utc>,
    #[serde(with = "clickhouse::serde::chrono::datetime")]
    range_to: DateTime<Utc>,
    run: String,
}

/// Records that the load's range, if it has one, is complete at its version. Called only after all its rows
/// are stored.
pub(super) async fn note(warehouse: &Warehouse, spec: &LoadSpec) -> Result<()> {
    let Some(range) = spec.range else { return Ok(()) };
    let line = LoadedRange {
        version: spec.version,
        range_from: range.from(),
        range_to: range.to(),
        run: spec.run.to_string(),
    };
    warehouse.insert("loaded_ranges", "recording the loaded range", &[line]).await
}

/// Returns true if a newer load has completed any of the hours that this one touches.
pub(super) async fn is_completed_since(warehouse: &Warehouse, spec: &LoadSpec) -> Result<bool> {
    let Some(hours) = touched(spec) else { return Ok(false) };
    let query = warehouse.query(
        "SELECT count() FROM loaded_ranges WHERE version > {version: UInt64}
            AND range_from < {to: DateTime('UTC')} AND range_to > {from: DateTime('UTC')}",
    );
    let query = ranged(query, &hours).param("version", spec.version).fetch_one::<u64>();
    warehouse.run("looking for a newer load", query).await.map(|count| count > 0)
}

/// Returns the hours that the load may write, from the first to the end of the last: its range, and the days
/// in which its file has rows.
pub(super) fn touched(spec: &LoadSpec) -> Option<HourRange> {
    let days = spec.days.iter().map(|day| (midnight(*day), midnight(*day) + TimeDelta::days(1)));
    let all = days.chain(spec.range.map(|range| (range.from(), range.to())));
    let (from, to) = all.reduce(|one, two| (one.0.min(two.0), one.1.max(two.1)))?;
    HourRange::new(from, to).ok()
}

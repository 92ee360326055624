//! Hides the rows of a range that a complete load did not bring again.

use bionicpro_model::hours::midnight;
use bionicpro_model::{HourRange, Result};
use chrono::{DateTime, TimeDelta, Utc};
use clickhouse::Row;
use clickhouse::query::Query;
use serde::{Deserialize, Serialize};

use super::LoadSpec;
use super::hide::tombstones;
use crate::Warehouse;
use crate::params::instant;

/// A line of `loaded_ranges`.
#[derive(Debug, Row, Serialize, Deserialize)]
struct LoadedRange {
    version: u64,
    #[serde(with = "clickhouse::serde::chrono::datetime")]
    range_from: DateTime<Utc>,
    #[serde(with = "clickhouse::serde::chrono::datetime")]
    range_to: DateTime<Utc>,
    run: String,
}

/// Notes that the load's range is complete at this version and hides every older row of it; returns how many.
///
/// Call after [`super::insert_mart`] of the whole file, never before: what the file did not bring vanishes. Rows of a
/// load that comes late, after a newer one has completed the same hours, vanish too; for a tick, which completes no
/// range, that is all that is looked for. Why any order is right: each load first stores its rows, then notes its range,
/// then reads the notes and at last the rows. Of two loads, either the newer reads the rows after the older stored them
/// and hides what is obsolete, or the older reads the notes after the newer wrote its own and hides its own rows.
pub async fn tombstone_vanished(warehouse: &Warehouse, spec: &LoadSpec) -> Result<u64> {
    let range = match (&spec.range, days(spec)) {
        (Some(range), _) => {
            note(warehouse, spec, range).await?;
            *range
        }
        (None, Some(days)) if is_completed_since(warehouse, spec, &days).await? => days,
        (None, _) => return Ok(0),
    };
    let of = |query: Query| ranged(query, &range).param("version", spec.version);
    tombstones(warehouse, include_str!("hide/vanished.sql"), of).await
}

/// Writes a line of `loaded_ranges`; only after every row of it is stored.
async fn note(warehouse: &Warehouse, spec: &LoadSpec, range: &HourRange) -> Result<()> {
    let line = LoadedRange {
        version: spec.version,
        range_from: range.from(),
        range_to: range.to(),
        run: spec.run.to_string(),
    };
    warehouse.insert("loaded_ranges", "noting the range as loaded", &[line]).await
}

/// Whether a newer load has completed any of these hours.
async fn is_completed_since(warehouse: &Warehouse, spec: &LoadSpec, hours: &HourRange) -> Result<bool> {
    let query = warehouse.query(
        "SELECT count() FROM loaded_ranges WHERE version > {version: UInt64}
            AND range_from < {to: DateTime('UTC')} AND range_to > {from: DateTime('UTC')}",
    );
    let query = ranged(query, hours).param("version", spec.version).fetch_one::<u64>();
    warehouse.run("looking for a newer load", query).await.map(|count| count > 0)
}

/// From the first day in which the file has rows to the end of the last.
fn days(spec: &LoadSpec) -> Option<HourRange> {
    let (first, last) = (spec.days.iter().min()?, spec.days.iter().max()?);
    HourRange::new(midnight(*first), midnight(*last) + TimeDelta::days(1)).ok()
}

/// The query with the parameters `from` and `to`.
pub(super) fn ranged(query: Query, range: &HourRange) -> Query {
    query.param("from", instant(range.from())).param("to", instant(range.to()))
}

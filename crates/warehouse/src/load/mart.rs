//! The mart: insert a run's rows, hide those that vanished.

use std::pin::pin;
use std::time::Duration;

use bionicpro_model::{Error, HourRange, Kind, Result, RunId};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use clickhouse::Row;
use clickhouse::query::Query;
use futures_util::{Stream, TryStreamExt};
use serde::{Deserialize, Serialize};

use super::LoadSpec;
use crate::params::instant;
use crate::{Warehouse, fault, settings};

/// How long the engine may leave a piece of a streamed file unread.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);

/// How long the engine may take to store a file after its last piece.
const STORE_TIMEOUT: Duration = Duration::from_secs(600);

/// The file's columns are matched by their names.
const INSERT: &str = "INSERT INTO user_prosthesis_stats FORMAT Parquet";

/// A line of `loaded_ranges`.
#[derive(Debug, Row, Serialize, Deserialize)]
struct LoadedRange {
    scope: String,
    version: u64,
    #[serde(with = "clickhouse::serde::chrono::datetime")]
    range_from: DateTime<Utc>,
    #[serde(with = "clickhouse::serde::chrono::datetime")]
    range_to: DateTime<Utc>,
    run: String,
}

/// Streams a Parquet file with the mart's columns (matched by name) into the mart; returns the bytes sent.
///
/// The stream's own errors are passed through, and then nothing of the file was promised to be loaded. Success
/// promises that every row of the file is stored. A repetition stores them again, which changes no answer.
/// Pieces of 64 KB or more are best; the engine reads a file as a whole, so its size is held in the engine's memory.
///
/// What the file should look like: ids as FIXED_LEN_BYTE_ARRAY(16) UUID, `date` as DATE, instants as
/// TIMESTAMP(MILLIS, UTC), counts as unsigned INTEGERs, nullable columns OPTIONAL; rows in the mart's order; row
/// groups of 50,000 rows or more. Measured with 168,000 rows on two busy cores: groups of 2,000 rows make a file of
/// 507 KB that loads in 1.0 s, groups of 50,000 rows one of 42 KB that loads in 0.25 s; more rows change little.
///
/// # Errors
/// `Unreachable` when the engine is away or cuts the connection, `Data` when the file does not fit the mart.
pub async fn insert_mart<S>(warehouse: &Warehouse, parquet: S, spec: &LoadSpec) -> Result<u64>
where
    S: Stream<Item = Result<Bytes>> + Send,
{
    let failed = |cause| fault::error("loading the mart", cause);
    let client = settings::with(warehouse.loader().await?, &settings::PARQUET)
        .with_setting("log_comment", format!("bionicpro run {}", spec.run));
    let mut insert =
        client.insert_formatted_with(INSERT).with_timeouts(Some(STALL_TIMEOUT), Some(STORE_TIMEOUT));
    let mut parquet = pin!(parquet);
    let mut sent = 0_u64;
    while let Some(piece) = parquet.try_next().await? {
        if !piece.is_empty() {
            sent += piece.len() as u64;
            insert.send(piece).await.map_err(failed)?;
        }
    }
    if sent == 0 {
        return Err(Error::new(Kind::Data, "the file to load is empty").detail("mart.parquet"));
    }
    insert.end().await.map_err(failed)?;
    Ok(sent)
}

/// Notes that the range is complete at this version and hides every older row of it; returns how many.
///
/// Call after [`insert_mart`] of the whole file, never before: what the file did not bring vanishes. Rows of a
/// load that comes late, after a newer one has completed the same hours, vanish too. Why any order is right: each
/// load first stores its rows, then notes its range, then reads the notes and at last the rows. Of two loads, either
/// the newer reads the rows after the older stored them and hides what is obsolete, or the older reads the notes
/// after the newer wrote its own and hides its own rows.
pub async fn tombstone_vanished(warehouse: &Warehouse, spec: &LoadSpec) -> Result<u64> {
    note_range(warehouse, "mart", Some(&spec.run), &spec.range, spec.version).await?;
    let doing = "looking for rows that vanished";
    let count = ranged(warehouse.query(include_str!("count_vanished.sql")), &spec.range);
    let count = count.param("version", spec.version).fetch_one::<u64>();
    let vanished = warehouse.run(doing, count).await?;
    if vanished > 0 {
        let loader = warehouse.loader().await?;
        let hide = ranged(loader.query_raw(include_str!("vanished.sql")), &spec.range);
        warehouse.run("hiding rows that vanished", hide.param("version", spec.version).execute()).await?;
    }
    Ok(vanished)
}

/// Writes a line of `loaded_ranges`; only after every row of it is stored.
pub(super) async fn note_range(
    warehouse: &Warehouse,
    scope: &str,
    run: Option<&RunId>,
    range: &HourRange,
    version: u64,
) -> Result<()> {
    let line = LoadedRange {
        scope: scope.to_owned(),
        version,
        range_from: range.from(),
        range_to: range.to(),
        run: run.map(RunId::to_string).unwrap_or_default(),
    };
    warehouse.insert("loaded_ranges", "noting the range as loaded", &[line]).await
}

/// The query with the parameters `from` and `to`.
pub(super) fn ranged(query: Query, range: &HourRange) -> Query {
    query.param("from", instant(range.from())).param("to", instant(range.to()))
}

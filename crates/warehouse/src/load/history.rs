//! `mart_history`: the values of each row of the mart by version, for data sets as of an instant.
//!
//! A load writes here before its rows are visible in the mart, and the ledger gets `done` after both. The
//! rows of a killed load have the source's values at its version; the next load computes the same cells
//! again.

use std::pin::pin;

use bionicpro_model::hours::{END_OF_HOURS, midnight};
use bionicpro_model::{HourRange, Result};
use bytes::Bytes;
use chrono::{DateTime, Days, NaiveDate, Utc};
use clickhouse::query::Query;
use futures_util::{Stream, TryStreamExt};

use super::completed::touched;
use super::{LoadSpec, parquet, stage};
use crate::params::ranged;
use crate::schema::HISTORY;
use crate::settings::Settings;
use crate::watermarks::Watermark;
use crate::{Warehouse, settings};

/// The name of the table.
const TABLE: &str = "mart_history";

/// Settings for the mart's own file, of which some columns are needed.
const OF_FILE: Settings = &[("min_insert_block_size_bytes", "0"), ("input_format_skip_unknown_fields", "1")];

/// Settings for any number of rows.
const OF_ROWS: Settings =
    &[("min_insert_block_size_rows", "1048576"), ("min_insert_block_size_bytes", "33554432")];

/// The gathered rows of some hours that differ from the history.
const CHANGED: &str = include_str!("history/changed.sql");

/// The mart's rows of some hours with newer versions, tombstones included.
const NEWER: &str = "FROM user_prosthesis_stats
    WHERE date >= toDate({from: DateTime('UTC')}, 'UTC') AND date <= toDate({to: DateTime('UTC')}, 'UTC')
        AND hour >= {from: DateTime('UTC')} AND hour < {to: DateTime('UTC')} AND version > {version: UInt64}";

/// The values of a row that are compared.
const SAYS: &str = include_str!("history/says.sql");

/// The days that one statement compares. It holds their history in the engine's memory.
const DAYS_AT_ONCE: Days = Days::new(7);

/// Writes the rows of a small file that goes straight into the mart.
pub(super) async fn keep_file(warehouse: &Warehouse, pieces: &[Bytes], spec: &LoadSpec) -> Result<()> {
    parquet::insert_pieces(warehouse, TABLE, OF_FILE, pieces, spec).await.map(drop)
}

/// Collects all pieces of a small file.
pub(super) async fn pieces<S>(file: S) -> Result<Vec<Bytes>>
where
    S: Stream<Item = Result<Bytes>> + Send,
{
    pin!(file).try_collect().await
}

/// Writes the rows that a load has gathered.
///
/// For a range, writes only rows that differ from the newest ones of the history, since most are unchanged. A
/// late load is older than some rows of the mart. It also writes newer rows that were left out as unchanged,
/// and tombstones for rows that had vanished at its version and for its own rows that the next newer load
/// lacks. These tombstones differ from those in the mart.
pub(super) async fn keep_gathered(warehouse: &Warehouse, spec: &LoadSpec, is_late: bool) -> Result<()> {
    let Some(hours) = touched(spec).filter(|_| is_late || spec.range.is_some()) else {
        return keep(warehouse, "FROM load_rows", |query| query).await;
    };
    if is_late {
        let of = |query: Query, hours: &HourRange| ranged(query, hours).param("version", spec.version);
        keep(warehouse, "FROM load_rows", |query| query).await?;
        if let Some(range) = &spec.range {
            hide(warehouse, include_str!("history/vanished.sql"), |query| of(query, range)).await?;
        }
        keep(warehouse, NEWER, |query| of(query, &hours)).await?;
        let late = stage::of_completed(include_str!("history/late.sql"));
        return hide(warehouse, &late, |query| of(query, &hours)).await;
    }
    let changed = CHANGED.replace("{says}", SAYS);
    let mut days = gathered_days(warehouse).await?.into_iter().peekable();
    while let Some(first) = days.next() {
        let end = first.checked_add_days(DAYS_AT_ONCE).unwrap_or(NaiveDate::MAX);
        while days.next_if(|day| *day < end).is_some() {}
        let piece = HourRange::new(midnight(first), midnight(end).min(END_OF_HOURS))?;
        keep(warehouse, &changed, |query| ranged(query, &piece).param("version", spec.version)).await?;
    }
    Ok(())
}

/// Returns the days of the gathered rows, in order. A device with a wrong clock can put one decades away from
/// the others.
async fn gathered_days(warehouse: &Warehouse) -> Result<Vec<NaiveDate>> {
    let days = warehouse.query("SELECT arraySort(groupUniqArray(toUInt16(date))) FROM load_rows");
    let days = warehouse.run("reading the days of a load", days.fetch_one::<Vec<u16>>()).await?;
    Ok(days.into_iter().map(|day| NaiveDate::default() + Days::new(day.into())).collect())
}

async fn keep(warehouse: &Warehouse, rows: &str, of: impl Fn(Query) -> Query) -> Result<()> {
    let columns: Vec<&str> = HISTORY.iter().map(|(name, _)| *name).collect();
    let columns = columns.join(", ");
    write(warehouse, &format!("INSERT INTO {TABLE} ({columns}) SELECT {columns} {rows}"), of).await
}

/// Writes a tombstone for each of these keys.
async fn hide(warehouse: &Warehouse, keys: &str, of: impl Fn(Query) -> Query) -> Result<()> {
    let insert = format!("INSERT INTO {TABLE} (user_id, prosthesis_id, date, hour, version, is_deleted)");
    write(warehouse, &format!("{insert} {keys}"), of).await
}

async fn write(warehouse: &Warehouse, sql: &str, of: impl Fn(Query) -> Query) -> Result<()> {
    let query = settings::with(warehouse.loader().await?, OF_ROWS).query_raw(sql);
    let query = stage::COMPARE.iter().fold(query, |query, (name, value)| query.with_setting(*name, *value));
    warehouse.run("writing the history of the mart", of(query).execute()).await
}

/// The instants that the history covers, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryRange {
    /// The version of the first run or of the rows with which the history began, whichever is later.
    pub from: DateTime<Utc>,
    /// The version of the newest run.
    pub to: DateTime<Utc>,
}

/// Returns the instants that the history covers; `None` before `warehouse migrate` has begun it or before the
/// first run.
pub async fn history_range(warehouse: &Warehouse) -> Result<Option<HistoryRange>> {
    let query = warehouse.query(include_str!("history/range.sql")).param("name", Watermark::History.name());
    let query = query.fetch_one::<(u64, u64, u64)>();
    let (begun, first, newest) = warehouse.run("reading the range of the history", query).await?;
    let at = |version: u64| DateTime::from_timestamp_micros(version.cast_signed()).unwrap_or_default();
    let is_begun = begun > 0 && newest > 0;
    Ok(is_begun.then(|| HistoryRange { from: at(begun.max(first)), to: at(newest) }))
}

impl Warehouse {
    /// Initializes the history with the present rows of the mart, month by month. After a killed call, the
    /// next one starts again from the first month.
    pub(crate) async fn begin_history(&self) -> Result<()> {
        let begun = self.query("SELECT count() FROM marks WHERE name = {name: String}");
        let begun = begun.param("name", Watermark::History.name()).fetch_one::<u64>();
        if self.run("checking whether the history has begun", begun).await? > 0 {
            return Ok(());
        }
        let newest = self.query("SELECT max(version) FROM user_prosthesis_stats").fetch_one::<u64>();
        let newest = self.run("reading the newest version of the mart", newest).await?;
        let months = self
            .query("SELECT DISTINCT toYYYYMM(date) AS month FROM user_prosthesis_stats ORDER BY month")
            .fetch_all::<u32>();
        for month in self.run("reading the months of the mart", months).await? {
            let rows = "FROM user_prosthesis_stats FINAL WHERE toYYYYMM(date) = {month: UInt32}";
            keep(self, rows, |query| query.param("month", month)).await?;
        }
        self.mark(&[Watermark::History], newest.max(1)).await
    }
}

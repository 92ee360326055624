//! `mart_history`: what each row of the mart said at which version, so that a data set can be made as of an instant.
//!
//! Rows are kept before a reader of the mart can see them, and the ledger says `done` after both: what a load that was cut
//! off has kept is what the source said at its version, and the next load keeps the rows that it writes again.

use std::pin::pin;

use bionicpro_model::hours::{END_OF_HOURS, midnight};
use bionicpro_model::{HourRange, Result};
use bytes::Bytes;
use chrono::{DateTime, Days, NaiveDate, Utc};
use clickhouse::query::Query;
use futures_util::{Stream, TryStreamExt};

use super::completed::touched;
use super::{LoadSpec, parquet, stage};
use crate::marks::Mark;
use crate::params::ranged;
use crate::schema::HISTORY;
use crate::settings::Settings;
use crate::{Warehouse, settings};

/// The table.
const TABLE: &str = "mart_history";

/// For the mart's own file, of which the history takes some columns.
const OF_FILE: Settings = &[("min_insert_block_size_bytes", "0"), ("input_format_skip_unknown_fields", "1")];

/// For any number of rows.
const OF_ROWS: Settings =
    &[("min_insert_block_size_rows", "1048576"), ("min_insert_block_size_bytes", "33554432")];

/// The rows of some hours that say something new.
const CHANGED: &str = include_str!("history/changed.sql");

/// What is stored of some hours at newer versions, tombstones too.
const NEWER: &str = "FROM user_prosthesis_stats
    WHERE date >= toDate({from: DateTime('UTC')}, 'UTC') AND date <= toDate({to: DateTime('UTC')}, 'UTC')
        AND hour >= {from: DateTime('UTC')} AND hour < {to: DateTime('UTC')} AND version > {version: UInt64}";

/// What a row says.
const SAYS: &str = include_str!("history/says.sql");

/// The days that are compared by one statement, which holds what is known of them in the engine's memory.
const DAYS_AT_ONCE: Days = Days::new(7);

/// Keeps the rows of a small file that goes straight into the mart.
pub(super) async fn keep_file(warehouse: &Warehouse, pieces: &[Bytes], spec: &LoadSpec) -> Result<()> {
    parquet::insert_pieces(warehouse, TABLE, OF_FILE, pieces, spec).await.map(drop)
}

/// All pieces of a small file.
pub(super) async fn pieces<S>(file: S) -> Result<Vec<Bytes>>
where
    S: Stream<Item = Result<Bytes>> + Send,
{
    pin!(file).try_collect().await
}

/// Keeps what a load has gathered.
///
/// A load of a range brings mostly what is known already: only rows that say something else than the newest one that is
/// kept. A load that comes late brings an older state than some that are stored: what had vanished by then, and what was gone
/// by the next one, is not what it hides of the mart; and newer rows, left out as nothing new, are something new after it.
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

/// The days of the gathered rows, the first one first: a wrong clock's may be decades away from the others.
async fn gathered_days(warehouse: &Warehouse) -> Result<Vec<NaiveDate>> {
    let days = warehouse.query("SELECT arraySort(groupUniqArray(toUInt16(date))) FROM load_rows");
    let days = warehouse.run("looking at the days of a load", days.fetch_one::<Vec<u16>>()).await?;
    Ok(days.into_iter().map(|day| NaiveDate::default() + Days::new(day.into())).collect())
}

async fn keep(warehouse: &Warehouse, rows: &str, of: impl Fn(Query) -> Query) -> Result<()> {
    let columns: Vec<&str> = HISTORY.iter().map(|(name, _)| *name).collect();
    let columns = columns.join(", ");
    write(warehouse, &format!("INSERT INTO {TABLE} ({columns}) SELECT {columns} {rows}"), of).await
}

/// Keeps a tombstone for each of these keys.
async fn hide(warehouse: &Warehouse, keys: &str, of: impl Fn(Query) -> Query) -> Result<()> {
    let insert = format!("INSERT INTO {TABLE} (user_id, prosthesis_id, date, hour, version, is_deleted)");
    write(warehouse, &format!("{insert} {keys}"), of).await
}

async fn write(warehouse: &Warehouse, sql: &str, of: impl Fn(Query) -> Query) -> Result<()> {
    let query = settings::with(warehouse.loader().await?, OF_ROWS).query_raw(sql);
    let query = stage::COMPARE.iter().fold(query, |query, (name, value)| query.with_setting(*name, *value));
    warehouse.run("keeping what the mart says", of(query).execute()).await
}

/// From when on the history can be asked; none where the warehouse has not begun one.
pub async fn history_begins_at(warehouse: &Warehouse) -> Result<Option<DateTime<Utc>>> {
    let query = warehouse.query("SELECT max(version) FROM marks WHERE name = {name: String}");
    let query = query.param("name", Mark::History.name()).fetch_one::<u64>();
    let version = warehouse.run("looking where the history begins", query).await?;
    Ok((version > 0).then(|| DateTime::from_timestamp_micros(version.cast_signed()).unwrap_or_default()))
}

impl Warehouse {
    /// Begins the history with what the mart says now, a month at a time. Cut off, it is done again from the first.
    pub(crate) async fn begin_history(&self) -> Result<()> {
        if history_begins_at(self).await?.is_some() {
            return Ok(());
        }
        let newest = self.query("SELECT max(version) FROM user_prosthesis_stats").fetch_one::<u64>();
        let newest = self.run("looking at the mart", newest).await?;
        let months = self
            .query("SELECT DISTINCT toYYYYMM(date) AS month FROM user_prosthesis_stats ORDER BY month")
            .fetch_all::<u32>();
        for month in self.run("looking at the mart", months).await? {
            let rows = "FROM user_prosthesis_stats FINAL WHERE toYYYYMM(date) = {month: UInt32}";
            keep(self, rows, |query| query.param("month", month)).await?;
        }
        self.mark(&[Mark::History], newest.max(1)).await
    }
}

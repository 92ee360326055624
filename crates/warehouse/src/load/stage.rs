//! `load_rows`: the table in which a load gathers its rows and tombstones, before they enter the mart
//! together.
//!
//! The engine links the parts of one table into another and makes them visible under one lock, whatever their
//! number, so no single block has to hold a person, a month or a load. Nothing is ever deleted from the mart:
//! a hidden row gets a tombstone at the load's version, so that a late load that writes the row again at a
//! smaller version shows nothing.

use bionicpro_model::hours::{END_OF_HOURS, FIRST_HOUR};
use bionicpro_model::{Error, HourRange, Kind, Result};
use clickhouse::query::Query;
use uuid::Uuid;

use super::completed::touched;
use super::{Former, LoadSpec};
use crate::Warehouse;
use crate::params::{BATCH, instant, ranged};

/// The name of the table.
pub(super) const TABLE: &str = "load_rows";

const EMPTY: &str = "TRUNCATE TABLE {database}.load_rows{local}{on_cluster}";

/// A shard's part of the load may have been written to a different replica than the one that attaches it.
const CATCH_UP: &str = "-- only with replicas\nSYSTEM SYNC REPLICA{on_cluster} {database}.load_rows{local}";

const SHOW: &str = "ALTER TABLE {database}.user_prosthesis_stats{local}{on_cluster}
    ATTACH PARTITION ALL FROM {database}.load_rows{local}";

/// Every statement in this file that uses the shards' local tables.
pub(crate) const ON_SHARDS: [&str; 3] = [EMPTY, CATCH_UP, SHOW];

/// Settings of a statement that compares the mart with the gathered rows.
pub(super) const COMPARE: [(&str, &str); 2] = [
    // A person's rows in both tables are on the same shard.
    ("distributed_product_mode", "local"),
    // All keys of both are compared, so an index would save nothing.
    ("use_index_for_in_with_subqueries", "0"),
];

/// Removes the gathered rows.
pub(super) async fn empty(warehouse: &Warehouse) -> Result<()> {
    warehouse.on_shards("emptying the table load_rows", EMPTY).await
}

/// Makes the gathered rows visible in the mart atomically; on a cluster, atomically per shard and month.
///
/// On a cluster an hour may move between people of different shards, so tombstones are applied first on every
/// shard.
pub(super) async fn show(warehouse: &Warehouse, spec: &LoadSpec) -> Result<()> {
    warehouse.on_shards("waiting for the replicas of each shard", CATCH_UP).await?;
    if warehouse.cluster.is_some() {
        hide_first(warehouse, spec).await?;
    }
    warehouse.on_shards("attaching the gathered rows to the mart", SHOW).await
}

/// Inserts the gathered tombstones before the rows, and checks that every shard then hides the rows that they
/// name.
async fn hide_first(warehouse: &Warehouse, spec: &LoadSpec) -> Result<()> {
    let tombstones = warehouse.query("SELECT count() FROM load_rows WHERE is_deleted = 1").fetch_one::<u64>();
    if warehouse.run("counting the rows to hide", tombstones).await? == 0 {
        return Ok(());
    }
    let hide = "INSERT INTO user_prosthesis_stats SELECT * FROM load_rows WHERE is_deleted = 1";
    let hide = warehouse.loader().await?.query_raw(hide);
    warehouse.run("hiding the rows that move", hide.execute()).await?;
    let shown = warehouse.query(include_str!("stage/shown.sql")).param("version", spec.version);
    let shown = warehouse.run("checking that they are hidden", shown.fetch_one::<u64>()).await?;
    if shown == 0 {
        return Ok(());
    }
    Err(Error::new(Kind::Data, "rows that a load hides are still shown")
        .detail(format!("{shown} rows are on a different shard than their person's"))
        .hint("`bionicpro doctor` counts such rows; backfill into another warehouse.database, which shards them anew"))
}

/// Returns the number of gathered rows.
pub(super) async fn rows(warehouse: &Warehouse) -> Result<u64> {
    let query = warehouse.query("SELECT count() FROM load_rows").fetch_one::<u64>();
    warehouse.run("counting the gathered rows", query).await
}

/// Gathers tombstones for gathered rows of hours that a newer load has completed without them.
pub(super) async fn hide_late(warehouse: &Warehouse, spec: &LoadSpec) -> Result<()> {
    let Some(hours) = touched(spec) else { return Ok(()) };
    let of = |query: Query| ranged(query, &hours).param("version", spec.version);
    write(warehouse, &of_completed(include_str!("stage/late.sql")), of).await
}

/// Hides the older rows of the range that were not gathered again. For a late incremental run, hides those
/// rows of its days that a newer load has completed without them: an earlier attempt of the run may have
/// written them.
pub(super) async fn hide_vanished(warehouse: &Warehouse, spec: &LoadSpec) -> Result<()> {
    let Some(hours) = spec.range.or_else(|| touched(spec)) else { return Ok(()) };
    let complete_at = if spec.range.is_some() { spec.version } else { 0 };
    let of =
        |query: Query| ranged(query, &hours).param("version", spec.version).param("complete_at", complete_at);
    hide(warehouse, &of_completed(include_str!("stage/vanished.sql")), of).await
}

/// Hides the older rows of these keys.
pub(super) async fn hide_former(warehouse: &Warehouse, spec: &LoadSpec, former: &[Former]) -> Result<()> {
    let mut sorted = former.to_vec();
    // Sorted like the mart, so that each statement reads few granules.
    sorted.sort_by_key(|former| (former.user_id, former.prosthesis_id, former.range.from()));
    for batch in sorted.chunks(BATCH) {
        hide_batch(warehouse, spec, batch).await?;
    }
    Ok(())
}

/// Hides every older row of these people.
pub(super) async fn hide_people(warehouse: &Warehouse, spec: &LoadSpec, people: &[Uuid]) -> Result<()> {
    let mut sorted = people.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    for batch in sorted.chunks(BATCH) {
        let of = |query: Query| query.param("users", batch).param("version", spec.version);
        hide(warehouse, include_str!("stage/people.sql"), of).await?;
    }
    Ok(())
}

async fn hide_batch(warehouse: &Warehouse, spec: &LoadSpec, batch: &[Former]) -> Result<()> {
    let column = |of: fn(&Former) -> Uuid| batch.iter().map(of).collect::<Vec<_>>();
    let hour = |of: fn(&HourRange) -> chrono::DateTime<chrono::Utc>| {
        batch.iter().map(|former| instant(of(&former.range))).collect::<Vec<_>>()
    };
    let (users, prostheses) = (column(|former| former.user_id), column(|former| former.prosthesis_id));
    let (begins, ends) = (hour(HourRange::from), hour(HourRange::to));
    let from = batch.iter().map(|former| former.range.from()).min().unwrap_or(FIRST_HOUR);
    let to = batch.iter().map(|former| former.range.to()).max().unwrap_or(END_OF_HOURS);
    let of = |query: Query| {
        query
            .param("users", &users)
            .param("prostheses", &prostheses)
            .param("begins", &begins)
            .param("ends", &ends)
            .param("from", instant(from))
            .param("to", instant(to))
            .param("version", spec.version)
    };
    hide(warehouse, include_str!("stage/former.sql"), of).await
}

/// Gathers a tombstone for each of these keys of the mart for which nothing is gathered yet.
async fn hide(warehouse: &Warehouse, keys: &str, of: impl Fn(Query) -> Query) -> Result<()> {
    let keys = format!(
        "SELECT * FROM ({keys})
        WHERE (user_id, hour, prosthesis_id) NOT IN (SELECT user_id, hour, prosthesis_id FROM load_rows)"
    );
    write(warehouse, &keys, of).await
}

/// Gathers a tombstone for each of these keys, at the version `hidden_at` of the key.
async fn write(warehouse: &Warehouse, keys: &str, of: impl Fn(Query) -> Query) -> Result<()> {
    let sql = format!(
        "INSERT INTO load_rows (user_id, prosthesis_id, date, hour, created_at, version, is_deleted)
        SELECT user_id, prosthesis_id, date, hour, now(), hidden_at, 1 FROM ({keys})"
    );
    let query = warehouse.loader().await?.query_raw(&sql);
    let query = COMPARE.iter().fold(query, |query, (name, value)| query.with_setting(*name, *value));
    warehouse.run("gathering tombstones", of(query).execute()).await
}

/// Inserts the query for the ranges that newer loads have completed into the statement.
pub(super) fn of_completed(sql: &str) -> String {
    sql.replace("{completed}", include_str!("stage/completed.sql"))
}

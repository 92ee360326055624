//! Hides rows by tombstones: here former owners' hours and customers who left; what vanished from a range is found by
//! [`super::vanished`].
//!
//! Nothing is deleted: a hidden row gets a tombstone at the load's version, so that a load that comes late and brings
//! it again at a smaller version shows nothing.

use bionicpro_model::hours::{END_OF_HOURS, FIRST_HOUR};
use bionicpro_model::{HourRange, Result};
use clickhouse::query::Query;
use uuid::Uuid;

use super::LoadSpec;
use crate::Warehouse;
use crate::params::instant;

const WRITE_TOMBSTONES: &str =
    "INSERT INTO user_prosthesis_stats (user_id, prosthesis_id, date, hour, created_at, version, is_deleted)
    SELECT user_id, prosthesis_id, date, hour, now(), hidden_at, 1 FROM";

/// How many people or keys one statement takes: its parameters travel in the URL.
pub(super) const BATCH: usize = 200;

/// The hours in which a person's prosthesis had a chip that they no longer own in these hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Former {
    /// The former owner.
    pub user_id: Uuid,
    /// The former owner's prosthesis.
    pub prosthesis_id: Uuid,
    /// The hours, as whole as the mart's rows are.
    pub range: HourRange,
}

/// Hides the stored rows of these keys that are older than the load; returns how many.
///
/// Call after [`super::insert_mart`]: a row that the file brought again carries the load's version and stays.
pub async fn hide(warehouse: &Warehouse, spec: &LoadSpec, former: &[Former]) -> Result<u64> {
    let mut sorted = former.to_vec();
    // Neighbours in the mart lie together, so a statement reads few places.
    sorted.sort_by_key(|former| (former.user_id, former.prosthesis_id, former.range.from()));
    let mut hidden = 0;
    for batch in sorted.chunks(BATCH) {
        hidden += hide_batch(warehouse, spec, batch).await?;
    }
    Ok(hidden)
}

/// Hides every stored row of these people that is older than the load; returns how many.
pub async fn hide_users(warehouse: &Warehouse, spec: &LoadSpec, users: &[Uuid]) -> Result<u64> {
    let mut sorted = users.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut hidden = 0;
    for batch in sorted.chunks(BATCH) {
        let of = |query: Query| query.param("users", batch).param("version", spec.version);
        hidden += tombstones(warehouse, include_str!("hide/users.sql"), of).await?;
    }
    Ok(hidden)
}

async fn hide_batch(warehouse: &Warehouse, spec: &LoadSpec, batch: &[Former]) -> Result<u64> {
    let column = |of: fn(&Former) -> Uuid| batch.iter().map(of).collect::<Vec<_>>();
    let hour = |of: fn(&Former) -> chrono::DateTime<chrono::Utc>| {
        batch.iter().map(|former| instant(of(former))).collect::<Vec<_>>()
    };
    let (users, prostheses) = (column(|former| former.user_id), column(|former| former.prosthesis_id));
    let (begins, ends) = (hour(|former| former.range.from()), hour(|former| former.range.to()));
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
    tombstones(warehouse, include_str!("hide/former.sql"), of).await
}

/// Writes a tombstone for each row that the statement finds, at the version that it names; returns how many.
///
/// They are counted first: most loads hide nothing, and then write nothing.
pub(super) async fn tombstones(
    warehouse: &Warehouse,
    rows: &str,
    of: impl Fn(Query) -> Query,
) -> Result<u64> {
    let count = format!("SELECT count() FROM ({rows})");
    let count = of(warehouse.query(&count)).fetch_one::<u64>();
    let hidden = warehouse.run("looking for rows to hide", count).await?;
    if hidden > 0 {
        let hide = format!("{WRITE_TOMBSTONES} ({rows})");
        let loader = warehouse.loader().await?;
        warehouse.run("hiding rows", of(loader.query_raw(&hide)).execute()).await?;
    }
    Ok(hidden)
}

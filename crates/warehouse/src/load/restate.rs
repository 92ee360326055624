//! Rewrites stored rows whose person or prosthesis differs from the dimensions, without reading any
//! telemetry.

use bionicpro_model::Result;
use clickhouse::Row;
use clickhouse::query::Query;
use serde::Deserialize;
use uuid::Uuid;

use super::upsert::Changed;
use crate::params::BATCH;
use crate::schema::MART;
use crate::settings::Settings;
use crate::watermarks::Watermark;
use crate::{Warehouse, changes, settings, state};

/// The rows to restate, by key; both statements use this query.
const ROWS: &str = include_str!("restate/rows.sql");

/// The maximum number of rows per statement: they are one block, so that no reader sees half of a person's
/// day restated.
const ROWS_AT_ONCE: u64 = 200_000;

/// Settings that keep a statement's rows, which are fewer than the limit, in one block.
const ONE_BLOCK: Settings =
    &[("min_insert_block_size_rows", "1048576"), ("min_insert_block_size_bytes", "0")];

/// The rows of a person that need restating: their number and their newest version.
#[derive(Row, Deserialize)]
struct Outdated {
    #[serde(with = "clickhouse::serde::uuid")]
    user_id: Uuid,
    rows: u64,
    newest: u64,
}

/// Rewrites each row of these people and prostheses that differs from the dimensions, at its own version + 1;
/// returns the number of rows.
///
/// It compares the rows themselves, so a repetition finds nothing to do. Afterwards the change counts as
/// restated; until then every [`super::upsert_dimensions`] returns it again. A restated row no longer has the
/// version of its load: reconcile first.
pub async fn restate(warehouse: &Warehouse, changed: &Changed) -> Result<u64> {
    if changed.is_empty() {
        return Ok(0);
    }
    let mut restated = 0;
    let people = people(warehouse, changed).await?;
    let standing = state::standing(warehouse).await?;
    changes::announce_people(warehouse, &standing, people.iter().copied()).await?;
    for batch in people.chunks(BATCH) {
        restated += restate_people(warehouse, batch).await?;
    }
    warehouse.mark(&[Watermark::Restated], changed.version).await?;
    Ok(restated)
}

async fn restate_people(warehouse: &Warehouse, users: &[Uuid]) -> Result<u64> {
    let find = format!(
        "SELECT user_id, count() AS rows, max(version) AS newest FROM ({ROWS}) GROUP BY user_id ORDER BY user_id"
    );
    let of = |query: Query, users: &[Uuid]| query.param("users", users);
    let doing = "looking for rows to restate";
    let found = warehouse.run(doing, of(warehouse.query(&find), users).fetch_all::<Outdated>()).await?;
    let Some(newest) = found.iter().map(|person| person.newest).max() else { return Ok(0) };
    // Before the rows: no later run may use a version that a row already has.
    warehouse.mark(&[Watermark::Written], newest).await?;
    let columns: Vec<&str> = MART.iter().map(|(name, _)| *name).collect();
    let insert = format!("INSERT INTO user_prosthesis_stats ({}) {ROWS}", columns.join(", "));
    let loader = settings::with(warehouse.loader().await?, ONE_BLOCK);
    let mut rest = found.as_slice();
    while !rest.is_empty() {
        let mut rows = 0;
        let fits = |person: &&Outdated| {
            rows += person.rows;
            rows <= ROWS_AT_ONCE
        };
        let (now, later) = rest.split_at(rest.iter().take_while(fits).count().max(1));
        let people: Vec<Uuid> = now.iter().map(|person| person.user_id).collect();
        warehouse.run("restating rows", of(loader.query_raw(&insert), &people).execute()).await?;
        rest = later;
    }
    Ok(found.iter().map(|person| person.rows).sum())
}

/// Returns the people of a change, and every owner, past or present, of a prosthesis whose model changed; by
/// id.
async fn people(warehouse: &Warehouse, changed: &Changed) -> Result<Vec<Uuid>> {
    let mut people = changed.users.clone();
    for batch in changed.prostheses.chunks(BATCH) {
        let owners =
            "SELECT DISTINCT user_id FROM chip_owners FINAL WHERE prosthesis_id IN {prostheses: Array(UUID)}";
        people.extend(ids(warehouse, warehouse.query(owners).param("prostheses", batch)).await?);
    }
    people.sort_unstable();
    people.dedup();
    Ok(people)
}

async fn ids(warehouse: &Warehouse, query: Query) -> Result<Vec<Uuid>> {
    #[derive(Row, Deserialize)]
    struct Id {
        #[serde(with = "clickhouse::serde::uuid")]
        user_id: Uuid,
    }
    let ids = warehouse.run("looking for people to restate", query.fetch_all::<Id>()).await?;
    Ok(ids.into_iter().map(|id| id.user_id).collect())
}

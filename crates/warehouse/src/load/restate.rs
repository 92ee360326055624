//! Brings what stored rows say of their person and prosthesis to what the dimensions say, without any telemetry.

use bionicpro_model::Result;
use clickhouse::Row;
use clickhouse::query::Query;
use serde::Deserialize;
use uuid::Uuid;

use super::hide::BATCH;
use super::upsert::Changed;
use crate::Warehouse;
use crate::marks::Mark;
use crate::schema::MART;

/// The rows that should change, by key; both statements are made of it.
const ROWS: &str = include_str!("restate/rows.sql");

/// How many rows one statement writes: they are one block, so that no reader sees half of a person's day restated.
const ROWS_AT_ONCE: u64 = 200_000;

/// Which rows may say something else than the dimensions.
#[derive(Debug, Clone, Copy)]
pub enum Restate<'a> {
    /// Those of the people and prostheses that [`super::upsert_dimensions`] names.
    Changed(&'a Changed),
    /// Those of one version: a load whose CRM state is older than the stored one.
    Version(u64),
    /// All of them.
    Everything,
}

/// A person's rows that should change.
#[derive(Row, Deserialize)]
struct Outdated {
    #[serde(with = "clickhouse::serde::uuid")]
    user_id: Uuid,
    rows: u64,
    newest: u64,
}

/// Writes each row that differs from the dimensions again, at its own version + 1; returns how many.
///
/// Repeated, it finds nothing: it looks at the rows, not at what was done before. After `Changed` and `Everything` the
/// change counts as restated; until then every [`super::upsert_dimensions`] names it again. A row restated no longer has the
/// version of its load: reconcile first.
pub async fn restate(warehouse: &Warehouse, what: Restate<'_>) -> Result<u64> {
    let (users, only_version) = match what {
        Restate::Changed(changed) if changed.is_empty() => return Ok(0),
        Restate::Changed(changed) => (people(warehouse, changed).await?, 0),
        Restate::Version(version) => (people_of_version(warehouse, version).await?, version),
        Restate::Everything => (everybody(warehouse).await?, 0),
    };
    let dimensions = warehouse.marked(Mark::Dimensions).await?;
    let mut restated = 0;
    for batch in users.chunks(BATCH) {
        restated += restate_people(warehouse, batch, only_version).await?;
    }
    match what {
        Restate::Changed(changed) => warehouse.mark(&[Mark::Restated], changed.version).await?,
        Restate::Everything => warehouse.mark(&[Mark::Restated], dimensions).await?,
        Restate::Version(_) => {}
    }
    Ok(restated)
}

async fn restate_people(warehouse: &Warehouse, users: &[Uuid], only_version: u64) -> Result<u64> {
    let find = format!(
        "SELECT user_id, count() AS rows, max(version) AS newest FROM ({ROWS}) GROUP BY user_id ORDER BY user_id"
    );
    let of = |query: Query, users: &[Uuid]| query.param("users", users).param("only_version", only_version);
    let doing = "looking for rows to restate";
    let found = warehouse.run(doing, of(warehouse.query(&find), users).fetch_all::<Outdated>()).await?;
    let Some(newest) = found.iter().map(|person| person.newest).max() else { return Ok(0) };
    // Before the rows: no later run may take a version that a row has already.
    warehouse.mark(&[Mark::Written], newest).await?;
    let columns: Vec<&str> = MART.iter().map(|(name, _)| *name).collect();
    let insert = format!("INSERT INTO user_prosthesis_stats ({}) {ROWS}", columns.join(", "));
    let loader = warehouse.loader().await?;
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

/// The people of a change, and everyone who ever owned a prosthesis whose model changed; by id.
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

async fn people_of_version(warehouse: &Warehouse, version: u64) -> Result<Vec<Uuid>> {
    let of_version = "SELECT DISTINCT user_id FROM user_prosthesis_stats WHERE version = {version: UInt64} ORDER BY user_id";
    ids(warehouse, warehouse.query(of_version).param("version", version)).await
}

async fn everybody(warehouse: &Warehouse) -> Result<Vec<Uuid>> {
    ids(warehouse, warehouse.query("SELECT DISTINCT user_id FROM users FINAL ORDER BY user_id")).await
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

//! `report_changes`: whose report a load changes, and of which months, for readers that keep what they have read.
//!
//! A load announces before anybody can see a row of it, and settles when all of it is stored. Loads come one after the
//! other, under a lock, each with the number after the last one that was settled: what a load that was cut off has announced
//! has the number of the load after it, which settles both. So a reader that sees a number settled, and forgets what was
//! announced up to it, has nothing older than that load; what is announced and not settled it need not keep.

use bionicpro_model::Result;
use bytes::Bytes;
use clickhouse::Row;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Warehouse;
use crate::load::{LoadSpec, parquet};
use crate::marks::Mark;
use crate::reports::Reports;
use crate::settings::Settings;
use crate::state::Standing;
use crate::warehouse::named;

/// For the mart's own file, of which this takes two columns.
const OF_FILE: Settings = &[("input_format_skip_unknown_fields", "1")];

/// More changes than these are told as a change of everybody: with one more, as many as an answer of the API may have.
const MOST: usize = 99_999;

/// What a load announces of a person, as it is stored.
#[derive(Row, Serialize, Deserialize)]
struct Announced {
    number: u64,
    #[serde(with = "clickhouse::serde::uuid")]
    user_id: Uuid,
    /// As 202401, or 0 for every month.
    month: u32,
}

/// Announces the rows of a small file that goes straight into the mart.
pub(crate) async fn announce_file(
    warehouse: &Warehouse,
    standing: &Standing,
    pieces: &[Bytes],
    spec: &LoadSpec,
) -> Result<()> {
    let into = format!(
        "report_changes (number, user_id, month) SELECT DISTINCT {}, user_id, toYYYYMM(date) FROM input('user_id UUID, date Date')",
        standing.next_number()
    );
    for other in warehouse.others() {
        let at = warehouse.at(other);
        let told = parquet::insert_pieces(&at, &into, OF_FILE, pieces, spec).await;
        told.map_err(|error| named(other, error))?;
    }
    parquet::insert_pieces(warehouse, &into, OF_FILE, pieces, spec).await.map(drop)
}

/// Announces what the history has kept of a load.
pub(crate) async fn announce_kept(warehouse: &Warehouse, standing: &Standing, spec: &LoadSpec) -> Result<()> {
    let sql = "INSERT INTO report_changes (number, user_id, month)
        SELECT DISTINCT {number: UInt64}, user_id, toYYYYMM(date) FROM mart_history WHERE version >= {version: UInt64}";
    let tell = async |at: &Warehouse| {
        let query = at.loader().await?.query_raw(sql);
        let query = query.param("number", standing.next_number()).param("version", spec.version);
        at.run("announcing a load", query.execute()).await
    };
    for other in warehouse.others() {
        tell(&warehouse.at(other)).await.map_err(|error| named(other, error))?;
    }
    tell(warehouse).await
}

/// Announces that everything about these people may be another.
pub(crate) async fn announce_people(
    warehouse: &Warehouse,
    standing: &Standing,
    people: impl IntoIterator<Item = Uuid>,
) -> Result<()> {
    let number = standing.next_number();
    let rows: Vec<_> = people.into_iter().map(|user_id| Announced { number, user_id, month: 0 }).collect();
    warehouse.insert("report_changes", "announcing a load", &rows).await
}

/// Says that all of a load is stored, and whatever was announced before it.
pub async fn settle(warehouse: &Warehouse, standing: &Standing) -> Result<()> {
    warehouse.mark(&[Mark::Settled], standing.next_number()).await
}

/// What loads have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The number up to which every load is settled. A smaller one than before is that of another state of the warehouse.
    pub settled: u64,
    /// The newest moment that the mart reflects, asked for before the changes.
    pub freshness: crate::reports::Freshness,
    /// Whose reports changed, or are about to, in which month (as 202401, or 0 for every month); none where they are too
    /// many to name.
    pub of: Option<Vec<(Uuid, u32)>>,
}

impl Reports {
    /// What was announced since a number was settled. What comes back was read in this order, so that a settled load is
    /// among the changes.
    pub async fn changes_since(&self, seen: u64) -> Result<Changes> {
        #[derive(Row, Deserialize)]
        struct Change {
            #[serde(with = "clickhouse::serde::uuid")]
            user_id: Uuid,
            month: u32,
        }
        let freshness = self.freshness().await?;
        let settled = self.query("SELECT max(version) FROM marks WHERE name = {name: String}").await?;
        let settled = settled.param("name", Mark::Settled.name()).fetch_one::<u64>();
        let settled = self.run("asking for the newest load", settled).await?;
        let since = self.query(
            "SELECT DISTINCT user_id, month FROM report_changes WHERE number > {seen: UInt64} LIMIT {most: UInt64}",
        );
        let since = since.await?.param("seen", seen.min(settled)).param("most", MOST as u64 + 1);
        let of = self.run("asking for changes", since.fetch_all::<Change>()).await?;
        let of = (of.len() <= MOST).then(|| of.into_iter().map(|of| (of.user_id, of.month)).collect());
        Ok(Changes { settled, freshness, of })
    }
}

//! `report_changes`: the people and months that a load changes, so that readers can invalidate their caches.
//!
//! A load announces its changes before the first row is visible, and settles them when everything is stored.
//! Loads run one at a time, under a lock; each takes the number after the last settled one. So the
//! announcements of a killed load share the number of the next load, which settles both. A reader invalidates
//! entries announced after the last number that it has seen settled.

use bionicpro_model::Result;
use bytes::Bytes;
use clickhouse::Row;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Warehouse;
use crate::load::{LoadSpec, parquet};
use crate::reports::MartReader;
use crate::settings::Settings;
use crate::state::DimensionState;
use crate::warehouse::named;
use crate::watermarks::Watermark;

/// For the mart's own file, of which two columns are needed.
const OF_FILE: Settings = &[("input_format_skip_unknown_fields", "1")];

/// If there are more changes than this, everything is reported as changed. One more is the row limit of the
/// account.
const MOST: usize = 99_999;

/// A row of `report_changes`.
#[derive(Row, Serialize, Deserialize)]
struct Announced {
    number: u64,
    #[serde(with = "clickhouse::serde::uuid")]
    user_id: Uuid,
    /// The month as 202401, or 0 for every month.
    month: u32,
}

/// Announces the rows of a small file that goes straight into the mart.
pub(crate) async fn announce_file(
    warehouse: &Warehouse,
    standing: &DimensionState,
    pieces: &[Bytes],
    spec: &LoadSpec,
) -> Result<()> {
    let into = format!(
        "report_changes (number, user_id, month) SELECT DISTINCT {}, user_id, toYYYYMM(date) FROM input('user_id UUID, date Date')",
        standing.next_number()
    );
    let tell = async |server: &Warehouse| {
        parquet::insert_pieces(server, &into, OF_FILE, pieces, spec).await.map(drop)
    };
    for other in &warehouse.others {
        tell(&warehouse.at(other)).await.map_err(|error| named(other, error))?;
    }
    tell(warehouse).await
}

/// Announces the rows that a load has written to the history.
pub(crate) async fn announce_kept(
    warehouse: &Warehouse,
    standing: &DimensionState,
    spec: &LoadSpec,
) -> Result<()> {
    let sql = "INSERT INTO report_changes (number, user_id, month)
        SELECT DISTINCT {number: UInt64}, user_id, toYYYYMM(date) FROM mart_history WHERE version >= {version: UInt64}";
    let tell = async |server: &Warehouse| {
        let query = server.loader().await?.query_raw(sql);
        let query = query.param("number", standing.next_number()).param("version", spec.version);
        server.run("announcing a load", query.execute()).await
    };
    for other in &warehouse.others {
        tell(&warehouse.at(other)).await.map_err(|error| named(other, error))?;
    }
    tell(warehouse).await
}

/// Announces changes of these people in every month.
pub(crate) async fn announce_people(
    warehouse: &Warehouse,
    standing: &DimensionState,
    people: impl IntoIterator<Item = Uuid>,
) -> Result<()> {
    let number = standing.next_number();
    let rows: Vec<_> = people.into_iter().map(|user_id| Announced { number, user_id, month: 0 }).collect();
    warehouse.insert("report_changes", "announcing a load", &rows).await
}

/// Settles everything announced so far: all of it is stored, or was never visible.
pub async fn settle(warehouse: &Warehouse, standing: &DimensionState) -> Result<()> {
    warehouse.mark(&[Watermark::Settled], standing.next_number()).await
}

/// The changes since a settled load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The number of the last settled load. It is smaller than before if the warehouse was restored.
    pub settled: u64,
    /// The freshness of the mart, read before the changes.
    pub freshness: crate::reports::Freshness,
    /// People and months (202401; 0 for every month) that have changed or are about to; `None` if there are
    /// too many.
    pub of: Option<Vec<(Uuid, u32)>>,
}

impl MartReader {
    /// Returns the changes announced since the load `seen` was settled. They are read after the settled
    /// number, so that the changes of a settled load are included.
    pub async fn changes_since(&self, seen: u64) -> Result<Changes> {
        #[derive(Row, Deserialize)]
        struct Change {
            #[serde(with = "clickhouse::serde::uuid")]
            user_id: Uuid,
            month: u32,
        }
        let freshness = self.freshness().await?;
        let settled = self.query("SELECT max(version) FROM marks WHERE name = {name: String}").await?;
        let settled = settled.param("name", Watermark::Settled.name()).fetch_one::<u64>();
        let settled = self.run("reading the newest settled load", settled).await?;
        let since = self.query(
            "SELECT DISTINCT user_id, month FROM report_changes WHERE number > {seen: UInt64} LIMIT {most: UInt64}",
        );
        let since = since.await?.param("seen", seen.min(settled)).param("most", MOST as u64 + 1);
        let of = self.run("reading announced changes", since.fetch_all::<Change>()).await?;
        let of = (of.len() <= MOST).then(|| of.into_iter().map(|of| (of.user_id, of.month)).collect());
        Ok(Changes { settled, freshness, of })
    }
}

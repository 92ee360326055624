//! `pending_owners`: the hours that a load is about to move between owners, for the run after an interrupted
//! one.

use bionicpro_model::Result;
use chrono::{DateTime, Utc};
use clickhouse::Row;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Warehouse;

/// A time range of a chip that a load assigns to an owner, or to none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The chip.
    pub chip_id: String,
    /// The start.
    pub from: DateTime<Utc>,
    /// The end, not included.
    pub to: DateTime<Utc>,
    /// The owner and the owner's prosthesis; `None` if the chip then has no owner.
    pub owner: Option<(Uuid, Uuid)>,
}

/// A row of `pending_owners`.
#[derive(Row, Serialize, Deserialize)]
struct PendingRow {
    version: u64,
    chip_id: String,
    #[serde(with = "clickhouse::serde::chrono::datetime64::micros")]
    valid_from: DateTime<Utc>,
    #[serde(with = "clickhouse::serde::chrono::datetime64::micros")]
    valid_to: DateTime<Utc>,
    owner: Vec<Id>,
}

/// An id within an array.
#[derive(Serialize, Deserialize)]
struct Id(#[serde(with = "clickhouse::serde::uuid")] Uuid);

/// Records the moves that a load is about to make; `version` is that of the dimensions that it will store.
///
/// Call before the mart is changed. The record is in effect until [`crate::load::upsert_dimensions`] has
/// stored that version or a greater one.
pub async fn write(warehouse: &Warehouse, version: u64, moves: &[Pending]) -> Result<()> {
    let rows: Vec<PendingRow> = moves
        .iter()
        .map(|of| PendingRow {
            version,
            chip_id: of.chip_id.clone(),
            valid_from: of.from,
            valid_to: of.to,
            owner: of.owner.map_or(Vec::new(), |(user, prosthesis)| vec![Id(user), Id(prosthesis)]),
        })
        .collect();
    warehouse.insert("pending_owners", "recording pending moves between owners", &rows).await
}

/// Returns the moves that unfinished loads may have made, with their versions, by version, chip and time.
/// `stored` is the version of the stored dimensions.
pub async fn read(warehouse: &Warehouse, stored: u64) -> Result<Vec<(u64, Pending)>> {
    let query = warehouse.query(
        "SELECT version, chip_id, valid_from, valid_to, owner FROM pending_owners FINAL
         WHERE version > {stored: UInt64} ORDER BY version, chip_id, valid_from",
    );
    let query = query.param("stored", stored).fetch_all::<PendingRow>();
    let rows = warehouse.run("reading pending moves between owners", query).await?;
    let moves = rows.into_iter().map(|row| {
        let owner = match row.owner.as_slice() {
            [user, prosthesis] => Some((user.0, prosthesis.0)),
            _ => None,
        };
        (row.version, Pending { chip_id: row.chip_id, from: row.valid_from, to: row.valid_to, owner })
    });
    Ok(moves.collect())
}

//! Who owned a chip when: the history that the CRM itself does not keep.

use bionicpro_model::Result;
use chrono::{DateTime, Utc};
use clickhouse::Row;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Warehouse;

/// One interval during which one person's prosthesis held a chip.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ownership {
    /// The chip.
    pub chip_id: String,
    /// From when; 1970-01-01 for the first owner ever seen. Microseconds count.
    pub valid_from: DateTime<Utc>,
    /// Until when, not included; none while it lasts.
    pub valid_to: Option<DateTime<Utc>>,
    /// The owner.
    pub user_id: Uuid,
    /// The owner's prosthesis.
    pub prosthesis_id: Uuid,
    /// Its model's name, kept because the CRM forgets prostheses that it deletes.
    pub prosthesis_model: String,
}

/// A line of `chip_owners`.
#[derive(Row, Serialize, Deserialize)]
pub(crate) struct OwnerRow {
    chip_id: String,
    #[serde(with = "clickhouse::serde::chrono::datetime64::micros")]
    valid_from: DateTime<Utc>,
    #[serde(with = "clickhouse::serde::chrono::datetime64::micros::option")]
    valid_to: Option<DateTime<Utc>>,
    #[serde(with = "clickhouse::serde::uuid")]
    user_id: Uuid,
    #[serde(with = "clickhouse::serde::uuid")]
    prosthesis_id: Uuid,
    prosthesis_model: String,
    version: u64,
    is_deleted: u8,
}

impl OwnerRow {
    pub(crate) fn new(ownership: &Ownership, version: u64) -> Self {
        OwnerRow {
            chip_id: ownership.chip_id.clone(),
            valid_from: ownership.valid_from,
            valid_to: ownership.valid_to,
            user_id: ownership.user_id,
            prosthesis_id: ownership.prosthesis_id,
            prosthesis_model: ownership.prosthesis_model.clone(),
            version,
            is_deleted: 0,
        }
    }
}

/// Reads the whole history, by chip and time.
///
/// `extract_crm_data` calls it before it compares with the CRM. On a database without any load it is empty.
///
/// # Errors
/// `Unreachable`, or `Data` when the schema lacks the table.
pub async fn read(warehouse: &Warehouse) -> Result<Vec<Ownership>> {
    let query = warehouse.query(
        "SELECT chip_id, valid_from, valid_to, user_id, prosthesis_id, prosthesis_model, version, is_deleted
         FROM chip_owners FINAL ORDER BY chip_id, valid_from",
    );
    let rows = warehouse.run("reading who owned a chip when", query.fetch_all::<OwnerRow>()).await?;
    Ok(rows
        .into_iter()
        .map(|row| Ownership {
            chip_id: row.chip_id,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            user_id: row.user_id,
            prosthesis_id: row.prosthesis_id,
            prosthesis_model: row.prosthesis_model,
        })
        .collect())
}

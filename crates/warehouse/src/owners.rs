//! Ownership intervals of chips: the history that the CRM itself does not keep.

use chrono::{DateTime, Utc};
use clickhouse::Row;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An ownership interval, during which one person's prosthesis had a chip.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ownership {
    /// The chip.
    pub chip_id: String,
    /// The start; 1970-01-01 for the first owner ever seen. Has microsecond precision.
    pub valid_from: DateTime<Utc>,
    /// The end, not included; `None` while it lasts.
    pub valid_to: Option<DateTime<Utc>>,
    /// The owner.
    pub user_id: Uuid,
    /// The owner's prosthesis.
    pub prosthesis_id: Uuid,
    /// Its model's name, stored here because the CRM does not keep deleted prostheses.
    pub prosthesis_model: String,
    /// The CRM's own time of the last change of the prosthesis. A new value distinguishes a change from a
    /// column that the CRM does not maintain.
    pub updated_at: Option<DateTime<Utc>>,
}

/// A row of `chip_owners`.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
pub(crate) struct OwnerRow {
    pub(crate) chip_id: String,
    #[serde(with = "clickhouse::serde::chrono::datetime64::micros")]
    pub(crate) valid_from: DateTime<Utc>,
    #[serde(with = "clickhouse::serde::chrono::datetime64::micros::option")]
    pub(crate) valid_to: Option<DateTime<Utc>>,
    #[serde(with = "clickhouse::serde::uuid")]
    pub(crate) user_id: Uuid,
    #[serde(with = "clickhouse::serde::uuid")]
    pub(crate) prosthesis_id: Uuid,
    pub(crate) prosthesis_model: String,
    #[serde(with = "clickhouse::serde::chrono::datetime64::micros::option")]
    pub(crate) updated_at: Option<DateTime<Utc>>,
    pub(crate) version: u64,
    pub(crate) is_deleted: u8,
}

impl From<&Ownership> for OwnerRow {
    fn from(ownership: &Ownership) -> Self {
        OwnerRow {
            chip_id: ownership.chip_id.clone(),
            valid_from: ownership.valid_from,
            valid_to: ownership.valid_to,
            user_id: ownership.user_id,
            prosthesis_id: ownership.prosthesis_id,
            prosthesis_model: ownership.prosthesis_model.clone(),
            updated_at: ownership.updated_at,
            version: 0,
            is_deleted: 0,
        }
    }
}

impl From<OwnerRow> for Ownership {
    fn from(row: OwnerRow) -> Self {
        Ownership {
            chip_id: row.chip_id,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            user_id: row.user_id,
            prosthesis_id: row.prosthesis_id,
            prosthesis_model: row.prosthesis_model,
            updated_at: row.updated_at,
        }
    }
}

//! What the warehouse holds: for `bionicpro warehouse status` and for readiness.

use bionicpro_model::{Error, Kind, Result};
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::Warehouse;

/// The state of the warehouse at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The engine's version, such as `26.7.3.1`.
    pub engine_version: String,
    /// The database.
    pub database: String,
    /// The schema version of the database; 0 when it was never migrated.
    pub schema_version: u32,
    /// The schema version that this program needs.
    pub program_version: u32,
    /// The newest moment that the mart reflects; none before the first load.
    pub data_as_of: Option<DateTime<Utc>>,
    /// Each table, by name.
    pub tables: Vec<TableStatus>,
}

/// One table's size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableStatus {
    /// The table's name, without its database.
    pub name: String,
    /// Rows on disk, replaced and deleted ones included until a merge removes them.
    pub rows: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Active parts.
    pub parts: u64,
}

impl Warehouse {
    /// Reads versions, sizes and freshness; works on a database that was never migrated.
    pub async fn status(&self) -> Result<Status> {
        Err(Error::new(Kind::Internal, "not built yet"))
    }
}

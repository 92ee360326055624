//! Versions, sizes and freshness of the warehouse, for `bionicpro warehouse status` and for readiness.

use bionicpro_model::Result;
use chrono::{DateTime, Utc};
use clickhouse::Row;
use serde::{Deserialize, Serialize};

use crate::{Warehouse, ledger, migrate};

/// Sizes from the engine's own statistics; nothing is scanned.
const TABLES: &str = "SELECT
    name,
    ifNull(total_rows, 0) AS rows,
    ifNull(total_bytes, 0) AS bytes,
    ifNull(active_parts, 0) AS parts
FROM system.tables
WHERE database = {database: String} AND engine LIKE '%MergeTree'
ORDER BY name";

/// The state of the warehouse at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The engine's version, such as `26.7.3.1`.
    pub engine_version: String,
    /// The database.
    pub database: String,
    /// The schema version of the database; 0 if it was never migrated.
    pub schema_version: u32,
    /// The schema version that this program needs.
    pub program_version: u32,
    /// Data as of: the newest moment that the mart reflects; `None` before the first load.
    pub data_as_of: Option<DateTime<Utc>>,
    /// Each table, by name.
    pub tables: Vec<TableStatus>,
}

/// The size of one table.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
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
        let engine_version = self.ping().await?;
        let noted = self.noted_migrations().await?;
        let tables = self.system(TABLES).param("database", &self.database).fetch_all::<TableStatus>();
        let tables = self.run("reading the tables' sizes", tables).await?;
        let has_ledger = tables.iter().any(|table| table.name == "etl_runs");
        Ok(Status {
            engine_version,
            database: self.database.clone(),
            schema_version: noted.iter().map(|noted| noted.number).max().unwrap_or(0),
            program_version: migrate::program_version(),
            data_as_of: if has_ledger { ledger::data_as_of(self).await? } else { None },
            tables,
        })
    }
}

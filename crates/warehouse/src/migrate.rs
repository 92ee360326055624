//! Brings the schema of the warehouse to the version of this program.

use bionicpro_model::{Error, Kind, Result};
use serde::Serialize;

use crate::Warehouse;

/// What [`Warehouse::migrate`] did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MigrationReport {
    /// The database.
    pub database: String,
    /// The schema version found; 0 for an empty database.
    pub from_version: u32,
    /// The schema version now, or after a real run.
    pub to_version: u32,
    /// The migrations that were applied, or would be, in order: `0003_users`.
    pub applied: Vec<String>,
    /// Whether nothing was changed.
    pub dry_run: bool,
}

impl Warehouse {
    /// Applies the migrations that the database lacks, in order, each noted with its checksum.
    ///
    /// Every statement is idempotent, so a killed call is finished by the next one and two calls at once do no
    /// harm. Success promises that the schema is that of this program. Call before the first load, and after an
    /// upgrade, before anything else.
    ///
    /// # Errors
    /// `Data` when a newer program migrated this database, or when a migration that it applied had another text.
    pub async fn migrate(&self, _dry_run: bool) -> Result<MigrationReport> {
        Err(Error::new(Kind::Internal, "not built yet"))
    }

    /// Compares the tables' columns with those that this program reads and writes; cheap enough for each run.
    ///
    /// # Errors
    /// `Data`, naming table, column, found and expected type, when a column is missing or of another type.
    pub async fn check_schema(&self) -> Result<()> {
        Err(Error::new(Kind::Internal, "not built yet"))
    }
}

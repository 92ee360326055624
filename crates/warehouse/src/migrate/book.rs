//! `schema_migrations`, the book of migrations: those applied to a database, with the checksum of each.

use bionicpro_model::Result;
use clickhouse::Row;
use serde::{Deserialize, Serialize};

use super::files::Migration;
use super::template::Target;
use crate::Warehouse;

/// Concurrent calls may record a migration twice; the key merges the rows.
const CREATE: &str = "CREATE TABLE IF NOT EXISTS {database}.schema_migrations{on_cluster}
(
    number UInt32 COMMENT 'The migration',
    name String COMMENT 'Its file',
    checksum String COMMENT 'SHA-256 of the file',
    program String COMMENT 'The version of bionicpro that applied it',
    cluster String COMMENT 'The cluster that it was applied for; empty for a single server',
    at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'When'
)
ENGINE = {replicated}ReplacingMergeTree({everywhere_path}at)
ORDER BY number
COMMENT 'Migrations that this database has'";

/// A row of the book.
#[derive(Debug, Clone, Row, Serialize, Deserialize)]
pub(crate) struct Noted {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) checksum: String,
    pub(crate) program: String,
    pub(crate) cluster: String,
}

impl Warehouse {
    /// Creates the database, unless it exists, and the book.
    pub(super) async fn create_book(&self, target: &Target<'_>) -> Result<()> {
        if !self.exists("SELECT count() FROM system.databases WHERE name = {database: String}").await? {
            let create = target.fill("CREATE DATABASE IF NOT EXISTS {database}{on_cluster}")?;
            let create = self.change(&create.unwrap_or_default());
            self.run("creating the database", create.execute()).await?;
        }
        let create = target.fill(CREATE)?.unwrap_or_default();
        self.run("creating the book of migrations", self.change(&create).execute()).await
    }

    /// Returns the rows of the book; empty if there is no book yet.
    pub(crate) async fn noted_migrations(&self) -> Result<Vec<Noted>> {
        let book = "SELECT count() FROM system.tables WHERE database = {database: String} AND name = 'schema_migrations'";
        if !self.exists(book).await? {
            return Ok(Vec::new());
        }
        let query = self.query(
            "SELECT number, name, checksum, program, cluster FROM schema_migrations FINAL ORDER BY number",
        );
        self.run("reading the book of migrations", query.fetch_all::<Noted>()).await
    }

    pub(super) async fn note_migration(&self, migration: &Migration) -> Result<()> {
        let noted = Noted {
            number: migration.number,
            name: migration.name.to_owned(),
            checksum: migration.checksum(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            cluster: self.target().noted_cluster(),
        };
        self.insert("schema_migrations", "writing the book of migrations", &[noted]).await
    }

    async fn exists(&self, count: &str) -> Result<bool> {
        let query = self.system(count).param("database", &self.database);
        self.run("reading the database catalog", query.fetch_one::<u64>()).await.map(|count| count > 0)
    }
}

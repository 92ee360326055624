//! Copies the tables that every server has completely to a server that is new in the cluster.

use bionicpro_model::Result;
use clickhouse::Client;

use crate::warehouse::named;
use crate::{Warehouse, fault};

/// The tables to copy, the ledger last. Each server has its own book of migrations.
const TABLES: [&str; 8] = [
    "users",
    "user_prostheses",
    "chip_owners",
    "loaded_ranges",
    "pending_owners",
    "marks",
    "compared_days",
    "etl_runs",
];

impl Warehouse {
    /// Copies the tables to servers whose ledger is empty. An interrupted copy has only the first tables; it
    /// is repeated until the ledger, the last one, has rows.
    pub(super) async fn copy_to_others(&self) -> Result<()> {
        for other in &self.others {
            let there = self.at(other);
            if there.entries().await.map_err(|error| named(other, error))? > 0 || self.entries().await? == 0 {
                continue;
            }
            for table in TABLES {
                self.copy(&there, table).await.map_err(|error| named(other, error))?;
            }
        }
        Ok(())
    }

    async fn entries(&self) -> Result<u64> {
        let query = self.query("SELECT count() FROM etl_runs").fetch_one::<u64>();
        self.run("counting the entries of the ledger", query).await
    }

    async fn copy(&self, there: &Warehouse, table: &str) -> Result<()> {
        let doing = "copying a table to a new server";
        let failed = |cause| fault::error(doing, cause);
        let loader: Client = there.loader().await?;
        let mut rows = self.query(&format!("SELECT * FROM {table}")).fetch_bytes("Native").map_err(failed)?;
        let mut insert = loader.insert_formatted_with(format!("INSERT INTO {table} FORMAT Native"));
        let mut is_any = false;
        while let Some(piece) = rows.next().await.map_err(failed)? {
            is_any |= !piece.is_empty();
            insert.send(piece).await.map_err(failed)?;
        }
        if is_any { insert.end().await.map_err(failed) } else { Ok(()) }
    }
}

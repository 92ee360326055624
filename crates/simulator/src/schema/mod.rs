//! The tables of both source databases, as a company has them before it adopts this project.
//!
//! The pipeline uses only some of the columns; the others are here because real databases have them.

use bionicpro_model::{Result, SecretUrl};
use chrono::{Datelike, Months, NaiveDate};

use crate::connection::{self, database_error};

const CRM: &str = include_str!("crm.sql");
const TELEMETRY: &str = include_str!("telemetry.sql");
const TELEMETRY_BY_MONTH: &str = include_str!("telemetry_by_month.sql");
/// The indexes for a person's rows in order of time, for all rows of a time range, and for the rows of
/// certain transactions.
pub(crate) const TELEMETRY_INDEXES: [&str; 3] = [
    include_str!("telemetry_chip_time_idx.sql"),
    include_str!("telemetry_time_idx.sql"),
    include_str!("telemetry_inserted_by_idx.sql"),
];
/// Drops the indexes before a bulk load into an empty table, which builds them afterwards.
pub(crate) const DROP_TELEMETRY_INDEXES: &str = "DROP INDEX IF EXISTS telemetry.raw_telemetry_chip_time_idx, telemetry.raw_telemetry_time_idx, \
     telemetry.raw_telemetry_inserted_by_idx";

/// The layout of the telemetry table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// A table without partitions.
    #[default]
    Plain,
    /// One partition per month, and a default partition.
    ByMonth,
}

/// Creates the missing tables of both databases; existing ones are left unchanged.
///
/// # Errors
/// [`bionicpro_model::Kind::Unreachable`] or [`bionicpro_model::Kind::Config`] if a database refuses.
pub async fn apply(crm: &SecretUrl, telemetry: &SecretUrl, layout: Layout) -> Result<()> {
    apply_crm(crm).await?;
    apply_telemetry(telemetry, layout).await
}

/// Creates the missing tables of the CRM.
pub async fn apply_crm(url: &SecretUrl) -> Result<()> {
    execute(url, CRM).await
}

/// Creates the telemetry table and its indexes if they are missing.
pub async fn apply_telemetry(url: &SecretUrl, layout: Layout) -> Result<()> {
    apply_table(url, layout).await?;
    for index in TELEMETRY_INDEXES {
        execute(url, index).await?;
    }
    Ok(())
}

/// Creates the telemetry table without its indexes if it is missing.
pub(crate) async fn apply_table(url: &SecretUrl, layout: Layout) -> Result<()> {
    let table = match layout {
        Layout::Plain => TELEMETRY,
        Layout::ByMonth => TELEMETRY_BY_MONTH,
    };
    execute(url, table).await
}

async fn execute(url: &SecretUrl, sql: &str) -> Result<()> {
    let client = connection::open(url).await?;
    client
        .batch_execute(sql)
        .await
        .map_err(|error| database_error("the tables cannot be created", url, error))
}

/// Creates the missing partitions of the months from `first` to `last` if the table is partitioned.
pub(crate) async fn create_months(
    client: &tokio_postgres::Client,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<(), tokio_postgres::Error> {
    let partitioned =
        "SELECT 1 FROM pg_partitioned_table WHERE partrelid = 'telemetry.raw_telemetry'::regclass";
    if client.query_opt(partitioned, &[]).await?.is_none() {
        return Ok(());
    }
    let mut month = first.with_day(1).unwrap_or(first);
    while month <= last {
        let next = month + Months::new(1);
        let name = month.format("%Y_%m");
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS telemetry.raw_telemetry_{name} PARTITION OF telemetry.raw_telemetry \
             FOR VALUES FROM ('{month}') TO ('{next}')"
        );
        client.batch_execute(&sql).await?;
        month = next;
    }
    Ok(())
}

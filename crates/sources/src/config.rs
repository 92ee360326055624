//! The configuration sections `[crm]` and `[telemetry]`.

use std::path::PathBuf;

use bionicpro_model::SecretUrl;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The CRM database.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CrmConfig {
    /// The address of the CRM: `postgresql://user:password@host:5432/crm_db?sslmode=require`.
    pub url: Option<SecretUrl>,
    /// A file with the password, instead of one in the URL.
    pub password_file: Option<PathBuf>,
    /// The schema of the tables `customers`, `prostheses` and `prosthesis_models`.
    pub schema: String,
    /// Names of row-level security policies that hide rows from the pipeline on purpose. Any other policy
    /// stops a run: some of the customers must not be loaded as if they were all.
    pub policies: Vec<String>,
}

impl Default for CrmConfig {
    fn default() -> Self {
        CrmConfig { url: None, password_file: None, schema: "crm".to_owned(), policies: Vec::new() }
    }
}

/// The telemetry database.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// The address of the telemetry database:
    /// `postgresql://user:password@host:5432/telemetry_db?sslmode=require`.
    pub url: Option<SecretUrl>,
    /// A file with the password, instead of one in the URL.
    pub password_file: Option<PathBuf>,
    /// The schema of the telemetry table.
    pub schema: String,
    /// The telemetry table: one row per movement.
    pub table: String,
    /// The number of connections that read concurrently, under one snapshot.
    pub connections: u16,
    /// The way to find rows that arrived since the last run; `auto` selects the best form that the source
    /// allows.
    pub changes: ChangesConfig,
    /// The number of days for which the source keeps telemetry, if fewer than the mart retains: older rows
    /// that are gone from the source stay in the mart. If unset, these are the rows older than the oldest
    /// event still in the source.
    pub keeps: Option<u32>,
    /// Names of row-level security policies that hide rows from the pipeline on purpose. Any other policy
    /// stops a run: a part of the telemetry must not be loaded as if it were all.
    pub policies: Vec<String>,
}

/// The way to find rows that arrived since the last run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangesConfig {
    /// The best form that the source allows, in the order of this list.
    #[default]
    Auto,
    /// An indexed column of type xid8 with the default `pg_current_xact_id()`.
    TransactionColumn,
    /// An indexed `created_at` with the current time as its default; needs pg_read_all_stats.
    CreationTime,
    /// The system column xmin: reads the whole table each time.
    RowXmin,
    /// New rows are not detected: every run reads its whole range.
    None,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        TelemetryConfig {
            url: None,
            password_file: None,
            schema: "telemetry".to_owned(),
            table: "raw_telemetry".to_owned(),
            connections: 2,
            changes: ChangesConfig::Auto,
            keeps: None,
            policies: Vec::new(),
        }
    }
}

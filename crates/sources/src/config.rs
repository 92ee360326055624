//! The configuration sections `[crm]` and `[telemetry]`.

use std::path::PathBuf;

use bionicpro_model::SecretUrl;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The CRM database.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CrmConfig {
    /// Where the CRM is: `postgresql://user:password@host:5432/crm_db?sslmode=require`.
    pub url: Option<SecretUrl>,
    /// A file that holds the password, in place of one in the URL.
    pub password_file: Option<PathBuf>,
    /// The schema of the tables `customers`, `prostheses` and `prosthesis_models`.
    pub schema: String,
    /// Names of row-level security policies that are meant to hide rows from the pipeline. Others stop a run: a part of the
    /// customers must not pass for all of them.
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
    /// Where the telemetry is: `postgresql://user:password@host:5432/telemetry_db?sslmode=require`.
    pub url: Option<SecretUrl>,
    /// A file that holds the password, in place of one in the URL.
    pub password_file: Option<PathBuf>,
    /// The schema of the telemetry table.
    pub schema: String,
    /// The telemetry table: one row per movement.
    pub table: String,
    /// How many connections read at the same time, under one snapshot.
    pub connections: u16,
    /// How rows are found that came since the last run; `auto` takes the best form that the source allows.
    pub changes: ChangesConfig,
    /// For how many days the source keeps telemetry, where that is less than what the mart retains: what is older and gone
    /// from the source stays in the mart. Without it, what is older than the oldest event still there.
    pub keeps: Option<u32>,
    /// Names of row-level security policies that are meant to hide rows from the pipeline. Others stop a run: a part of the
    /// telemetry must not pass for all of it.
    pub policies: Vec<String>,
}

/// How rows are found that came since the last run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangesConfig {
    /// The best form that the source allows, in the order of this list.
    #[default]
    Auto,
    /// An indexed column of type xid8 with the default `pg_current_xact_id()`.
    TransactionColumn,
    /// An indexed `created_at` with the clock as its default; needs pg_read_all_stats.
    CreationTime,
    /// The system column xmin: reads the whole table each time.
    RowXmin,
    /// Nothing is found: every run reads its whole range.
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

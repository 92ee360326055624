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
}

impl Default for CrmConfig {
    fn default() -> Self {
        CrmConfig { url: None, password_file: None, schema: "crm".to_owned() }
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
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        TelemetryConfig {
            url: None,
            password_file: None,
            schema: "telemetry".to_owned(),
            table: "raw_telemetry".to_owned(),
            connections: 2,
        }
    }
}

//! The configuration section `[warehouse]`.

use std::path::PathBuf;

use bionicpro_model::{Error, Kind, Result, SecretUrl};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identifier;

/// Fewer than the rows of a block of a file that is loaded.
const MOST_DIRECT_ROWS: u32 = 1_000_000;

/// The ClickHouse that holds the mart.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where ClickHouse answers HTTP: `http://user:password@host:8123` (or `https://…:8443`).
    pub url: Option<SecretUrl>,
    /// A file that holds the password, in place of one in the URL.
    pub password_file: Option<PathBuf>,
    /// The certificate authority of an `https` address, a file in PEM form; those of this machine when not given.
    pub ca_file: Option<PathBuf>,
    /// The database that holds the mart.
    pub database: String,
    /// The cluster to create the tables on; none means a single server.
    pub cluster: Option<String>,
    /// How many days the mart keeps; 0 keeps everything.
    pub retention_days: u16,
    /// Up to how many rows a tick goes into the mart in one block, which the engine holds in its memory. Anything larger
    /// gathers in a table beside the mart first. 1,000,000 at most.
    pub direct_rows: u32,
    /// The account that the Reports API reads with, where it is another than that of `url`.
    pub reader_url: Option<SecretUrl>,
    /// A file that holds the reader's password, in place of one in `reader_url`.
    pub reader_password_file: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            url: None,
            password_file: None,
            ca_file: None,
            database: "reports".to_owned(),
            cluster: None,
            retention_days: 365,
            direct_rows: 200_000,
            reader_url: None,
            reader_password_file: None,
        }
    }
}

impl Config {
    /// Refuses names that are no identifiers and numbers that break a promise; every client calls it.
    pub(crate) fn check(&self) -> Result<()> {
        identifier::check("warehouse.database", &self.database)?;
        if self.direct_rows > MOST_DIRECT_ROWS {
            return Err(Error::new(Kind::Config, "a tick would not be one block")
                .detail(format!("warehouse.direct_rows = {}", self.direct_rows))
                .hint(format!("set it to {MOST_DIRECT_ROWS} or less")));
        }
        match &self.cluster {
            Some(cluster) => identifier::check("warehouse.cluster", cluster),
            None => Ok(()),
        }
    }
}

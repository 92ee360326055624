//! The configuration section `[audit]`.

use std::path::PathBuf;

use bionicpro_model::{Error, Kind, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chain::Chain;

/// Shortest key, in characters.
const MIN_KEY_LENGTH: usize = 32;

/// The access log: who has read whose reports.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the log is kept, in a folder for each service; none means that no access log is written.
    pub folder: Option<PathBuf>,
    /// A file with a key of at least 32 characters that the hashes are made with, so that nobody without it can rewrite the
    /// log. Keep a copy elsewhere: without the key the log cannot be verified.
    pub key_file: Option<PathBuf>,
    /// Bytes after which a new file is begun; one is begun every day, too.
    pub max_file_bytes: u64,
    /// Days after which a file is removed; 0 keeps all.
    pub retention_days: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config { folder: None, key_file: None, max_file_bytes: 64 << 20, retention_days: 400 }
    }
}

impl Config {
    /// How lines are hashed.
    pub(crate) fn chain(&self) -> Result<Chain> {
        let Some(path) = &self.key_file else { return Ok(Chain::plain()) };
        let wrong = |hint: &'static str| {
            Error::new(Kind::Config, "the audit log's key cannot be used")
                .detail(path.display().to_string())
                .hint(hint)
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| wrong("audit.key_file names a file that this process can read").source(error))?;
        match text.trim() {
            key if key.len() >= MIN_KEY_LENGTH => Ok(Chain::keyed(key.as_bytes())),
            _ => Err(wrong(
                "write at least 32 random characters into it, as `openssl rand -hex 32` prints them",
            )),
        }
    }
}

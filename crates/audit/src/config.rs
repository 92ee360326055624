//! The configuration section `[audit]`.

use std::path::{Path, PathBuf};

use bionicpro_model::{Error, Kind, Result};
use rustix::fs::Access;
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
    /// Whether a log could be written: the key can be read, and the folder, or the nearest one that is there, written to.
    /// Writes nothing; for `doctor`. The folder, where there is one.
    ///
    /// # Errors
    /// `Config` for the key, `Storage` for the folder.
    pub fn check(&self) -> Result<Option<&Path>> {
        let Some(folder) = self.folder.as_deref() else { return Ok(None) };
        self.chain()?;
        let nearest = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
        let refused = |error: std::io::Error| {
            Error::new(Kind::Storage, "the access log cannot be written")
                .detail(format!("{} (audit.folder)", nearest.display()))
                .hint("give the account that the services run under a folder of its own to write to")
                .source(error)
        };
        let is_folder = std::fs::metadata(nearest).map_err(refused)?.is_dir();
        if !is_folder {
            return Err(refused(std::io::ErrorKind::NotADirectory.into()));
        }
        rustix::fs::access(nearest, Access::WRITE_OK | Access::EXEC_OK)
            .map_err(|error| refused(error.into()))?;
        Ok(Some(folder))
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_a_file_or_cannot_be_made_is_named_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let of = |path: &Path| Config { folder: Some(path.to_owned()), ..Config::default() };
        let new = folder.path().join("a/b");
        assert_eq!(of(&new).check().unwrap(), Some(new.as_path()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = of(&file.join("audit")).check().unwrap_err();
        assert_eq!(error.kind(), Kind::Storage);
        assert!(error.detail_text().unwrap().contains("file (audit.folder)"), "{}", error.report());
        assert_eq!(Config::default().check().unwrap(), None);
    }
}

//! The configuration section `[audit]`.

use std::path::{Path, PathBuf};

use bionicpro_disk::read_secret;
use bionicpro_model::{Error, Kind, Result};
use rustix::fs::Access;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chain::Chain;

/// The shortest key, in bytes.
const MIN_KEY_LENGTH: usize = 32;

/// The access log: reads of reports, sign-ins and refused requests.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder of the log, with one subfolder per service; without it, no access log is written.
    pub folder: Option<PathBuf>,
    /// A file with the key of the hashes, at least 32 characters, without which the log cannot be rewritten
    /// unnoticed. Keep a copy elsewhere: without the key the log cannot be verified.
    pub key_file: Option<PathBuf>,
    /// The size in bytes at which a new file is begun; a new file is also begun every day.
    pub max_file_bytes: u64,
    /// The days after which a file is removed; 0 keeps all files.
    pub retention_days: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config { folder: None, key_file: None, max_file_bytes: 64 << 20, retention_days: 400 }
    }
}

impl Config {
    /// Checks that the log can be written: that the key can be read, and that the folder, or its nearest
    /// existing ancestor, is writable. Writes nothing; for `doctor`. Returns the folder, or `None` if none is
    /// configured.
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
                .hint("choose a folder that the account of the services owns and can write to")
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

    /// The hash function of the lines, with the key if one is configured.
    pub(crate) fn chain(&self) -> Result<Chain> {
        let Some(path) = &self.key_file else { return Ok(Chain::plain()) };
        let key = read_secret("audit.key_file", path)?;
        match key.expose_secret().trim() {
            key if key.len() >= MIN_KEY_LENGTH => Ok(Chain::keyed(key.as_bytes())),
            _ => Err(Error::new(Kind::Config, "the key of the audit log is too short")
                .detail(format!("audit.key_file = {}", path.display()))
                .hint("write at least 32 random characters into it, as `openssl rand -hex 32` prints them")),
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

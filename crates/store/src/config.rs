//! The configuration section `[store]`.

use std::path::{Path, PathBuf};

use bionicpro_disk::read_secret;
use bionicpro_model::{Error, Kind, Result, SecretUrl};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// The store that keeps sessions, preferences and login name bindings.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `file:///var/lib/bionicpro/store`, a folder that the processes of one machine share, or
    /// `redis://host:6379/0` (`rediss://` with TLS), which replicas on several machines share.
    pub url: Option<SecretUrl>,
    /// A file with the Redis password, used instead of a password in the URL.
    pub password_file: Option<PathBuf>,
    /// A PEM file with the certificate authority for a `rediss` address. Without it, the authorities of the
    /// system are used.
    pub ca_file: Option<PathBuf>,
}

impl Config {
    /// A configuration for a store in a local folder, which is created if missing.
    ///
    /// # Errors
    /// `Config` if the path is not absolute.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        let url = Url::from_directory_path(folder).map_err(|()| {
            Error::new(Kind::Config, "the store folder is not an absolute path")
                .detail(folder.display().to_string())
        })?;
        Ok(Config { url: Some(SecretUrl::parse(url.as_str())?), ..Config::default() })
    }

    pub(crate) fn url_with_password(&self) -> Result<Option<SecretUrl>> {
        let Some(url) = &self.url else { return Ok(None) };
        let Some(file) = &self.password_file else { return Ok(Some(url.clone())) };
        url.with_password(&read_secret("store.password_file", file)?).map(Some)
    }

    pub(crate) fn authority(&self) -> Result<Option<Vec<u8>>> {
        let read = |file: &PathBuf| {
            std::fs::read(file).map_err(|error| {
                Error::new(Kind::Config, "cannot read the certificate authority of the store")
                    .detail(format!("store.ca_file = {}", file.display()))
                    .source(error)
            })
        };
        self.ca_file.as_ref().map(read).transpose()
    }
}

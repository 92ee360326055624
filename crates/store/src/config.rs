//! The configuration section `[store]`.

use std::path::{Path, PathBuf};

use bionicpro_model::{Error, Kind, Result, Secret, SecretUrl};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// Where sessions, preferences and bindings of names are kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `file:///var/lib/bionicpro/store`, a folder that the processes of one machine share, or `redis://host:6379/0`
    /// (`rediss://` with TLS), which replicas on several machines share.
    pub url: Option<SecretUrl>,
    /// A file that holds the password of Redis, in place of one in the URL.
    pub password_file: Option<PathBuf>,
    /// The certificate authority of a `rediss` address, a file in PEM form; those of this machine when not given.
    pub ca_file: Option<PathBuf>,
}

impl Config {
    /// A store in a folder of this machine, which is made when it is missing.
    ///
    /// # Errors
    /// `Config` when the path is not absolute.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        let url = Url::from_directory_path(folder).map_err(|()| {
            Error::new(Kind::Config, "the folder of the store is no absolute path")
                .detail(folder.display().to_string())
        })?;
        Ok(Config { url: Some(SecretUrl::parse(url.as_str())?), ..Config::default() })
    }

    pub(crate) fn url_with_password(&self) -> Result<Option<SecretUrl>> {
        let Some(url) = &self.url else { return Ok(None) };
        let Some(file) = &self.password_file else { return Ok(Some(url.clone())) };
        let password = std::fs::read_to_string(file).map_err(|error| {
            Error::new(Kind::Config, "the password file of the store cannot be read")
                .detail(format!("store.password_file = {}", file.display()))
                .source(error)
        })?;
        url.with_password(&Secret::new(password.trim_end_matches(['\r', '\n']))).map(Some)
    }

    pub(crate) fn authority(&self) -> Result<Option<Vec<u8>>> {
        let read = |file: &PathBuf| {
            std::fs::read(file).map_err(|error| {
                Error::new(Kind::Config, "the certificate authority of the store cannot be read")
                    .detail(format!("store.ca_file = {}", file.display()))
                    .source(error)
            })
        };
        self.ca_file.as_ref().map(read).transpose()
    }
}

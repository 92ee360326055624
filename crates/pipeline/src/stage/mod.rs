//! The staging area: a folder or a bucket in which the steps of a run exchange files.
//!
//! A file appears complete or not at all, under `<stage>/<run>/<name>`, with a manifest next to it that holds
//! its checksum. Every reader verifies the checksum first: a truncated or edited file is refused.

mod folder;
mod manifest;
mod probe;
mod prune;
mod read;
mod write;

use std::sync::Arc;

use bionicpro_model::{Error, Kind, Result, RunId};
use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;

use crate::config::StageConfig;

use folder::Folder;
pub use manifest::{Manifest, Merged};
pub(crate) use read::StagedFile;
pub(crate) use write::{Upload, Written};

/// The suffix that a manifest's name adds to that of its file.
const MANIFEST: &str = ".manifest.json";

/// The staging area.
#[derive(Clone)]
pub struct Stage {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    keep_days: u16,
    /// `None` if it is a bucket.
    folder: Option<Folder>,
    /// The configured address, without secrets.
    place: String,
}

/// The files of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StagedName {
    /// Customers and their prostheses.
    Crm,
    /// Ownership intervals, and the changes of ownership since the last load.
    Owners,
    /// One row per cell, or per part of one.
    Telemetry,
    /// The mart's rows.
    Mart,
}

impl StagedName {
    const ALL: [StagedName; 4] =
        [StagedName::Crm, StagedName::Owners, StagedName::Telemetry, StagedName::Mart];

    /// Returns the name of the file.
    pub fn file(self) -> &'static str {
        match self {
            StagedName::Crm => "crm.parquet",
            StagedName::Owners => "owners.parquet",
            StagedName::Telemetry => "telemetry.parquet",
            StagedName::Mart => "mart.parquet",
        }
    }

    /// Returns the command that creates the file.
    fn command(self) -> &'static str {
        match self {
            StagedName::Crm => "extract-crm",
            StagedName::Owners | StagedName::Telemetry => "extract-telemetry",
            StagedName::Mart => "transform",
        }
    }
}

impl Stage {
    /// Opens the staging area. A missing folder is created, and access is denied to accounts that must not
    /// read it.
    ///
    /// `s3://bucket/prefix` takes its endpoint, region and keys from the `AWS_*` environment variables.
    ///
    /// # Errors
    /// `Config` if `stage.url` is missing or has another scheme, `Storage` if the folder cannot be created.
    pub fn open(config: &StageConfig) -> Result<Stage> {
        let hint = "set stage.url to file:///a/folder or s3://bucket/prefix";
        let url = config.url.as_ref().ok_or_else(|| {
            Error::new(Kind::Config, "the staging area is not configured").detail("stage.url").hint(hint)
        })?;
        let refused = || Error::new(Kind::Config, "not a staging URL").detail(url.to_string()).hint(hint);
        let keep_days = config.keep_days;
        let (target, place) = (url.expose_secret(), url.to_string().trim_end_matches('/').to_owned());
        match target.scheme() {
            "file" => {
                let path = target.to_file_path().map_err(|()| refused())?;
                let folder = Folder::open(path, config.group.as_deref())?;
                let store = LocalFileSystem::new_with_prefix(folder.path())
                    .map_err(|error| refused().source(error))?;
                // The folder of a run is removed with its last file.
                let store = Arc::new(store.with_automatic_cleanup(true));
                Ok(Stage { store, prefix: Path::default(), keep_days, folder: Some(folder), place })
            }
            "s3" if config.group.is_some() => {
                Err(Error::new(Kind::Config, "a bucket cannot be shared with a group of this machine")
                    .detail("stage.group")
                    .hint("leave stage.group out: a bucket has its own access rules"))
            }
            "s3" => {
                let builder = AmazonS3Builder::from_env().with_url(target.as_str());
                let store = builder.build().map_err(|error| refused().source(error))?;
                let prefix = Path::from_url_path(target.path()).map_err(|error| refused().source(error))?;
                Ok(Stage { store: Arc::new(store), prefix, keep_days, folder: None, place })
            }
            _ => Err(refused()),
        }
    }

    fn path(&self, run: &RunId, file: &str) -> Path {
        self.prefix.clone().join(run.as_str()).join(file)
    }

    fn manifest_path(&self, run: &RunId, name: StagedName) -> Path {
        self.path(run, &format!("{}{MANIFEST}", name.file()))
    }
}

/// Converts the error of a failed read or write of the store.
fn store_error(error: object_store::Error, path: &Path) -> Error {
    let kind = match &error {
        object_store::Error::Unauthenticated { .. } | object_store::Error::PermissionDenied { .. } => {
            Kind::Config
        }
        _ => Kind::Storage,
    };
    Error::new(kind, "the staging area cannot store or return a file")
        .detail(path.to_string())
        .hint("check the space and the permissions at stage.url, then run the step again")
        .source(error)
}

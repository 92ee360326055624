//! The staging area: where the steps of a run leave files for each other, in a folder or in a bucket.
//!
//! A file appears whole or not at all, under `<stage>/<run>/<name>`, with a manifest beside it that holds its checksum.
//! Whoever reads a file checks it first: a file that was cut or edited is refused.

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

/// What stands behind a file's name in that of its manifest.
const MANIFEST: &str = ".manifest.json";

/// The staging area.
#[derive(Clone)]
pub struct Stage {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    keep_days: u16,
    /// None where it is a bucket.
    folder: Option<Folder>,
    /// The address as people wrote it, without what is secret.
    place: String,
}

/// The files of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StagedName {
    /// Customers and their prostheses.
    Crm,
    /// Who owned which chip when, and what of it is new.
    Owners,
    /// One row per cell, or per part of one.
    Telemetry,
    /// The mart's rows.
    Mart,
}

impl StagedName {
    const ALL: [StagedName; 4] =
        [StagedName::Crm, StagedName::Owners, StagedName::Telemetry, StagedName::Mart];

    /// The name of the file.
    pub fn file(self) -> &'static str {
        match self {
            StagedName::Crm => "crm.parquet",
            StagedName::Owners => "owners.parquet",
            StagedName::Telemetry => "telemetry.parquet",
            StagedName::Mart => "mart.parquet",
        }
    }

    /// The command that makes it.
    fn command(self) -> &'static str {
        match self {
            StagedName::Crm => "extract-crm",
            StagedName::Owners | StagedName::Telemetry => "extract-telemetry",
            StagedName::Mart => "transform",
        }
    }
}

impl Stage {
    /// Opens the staging area; a folder is made when it is missing, and closed to accounts that it is not for.
    ///
    /// `s3://bucket/prefix` takes its endpoint, region and keys from the `AWS_*` variables.
    ///
    /// # Errors
    /// `Config` when `stage.url` is missing or of another scheme, `Storage` when the folder cannot be made.
    pub fn open(config: &StageConfig) -> Result<Stage> {
        let hint = "set stage.url to file:///a/folder or s3://bucket/prefix";
        let url = config.url.as_ref().ok_or_else(|| {
            Error::new(Kind::Config, "the staging area is not configured").detail("stage.url").hint(hint)
        })?;
        let refused = || Error::new(Kind::Config, "not a staging area").detail(url.to_string()).hint(hint);
        let keep_days = config.keep_days;
        let (target, place) = (url.expose_secret(), url.to_string().trim_end_matches('/').to_owned());
        match target.scheme() {
            "file" => {
                let path = target.to_file_path().map_err(|()| refused())?;
                let folder = Folder::open(path, config.group.as_deref())?;
                let store = LocalFileSystem::new_with_prefix(folder.path())
                    .map_err(|error| refused().source(error))?;
                // The folder of a run goes with its last file.
                let store = Arc::new(store.with_automatic_cleanup(true));
                Ok(Stage { store, prefix: Path::default(), keep_days, folder: Some(folder), place })
            }
            "s3" if config.group.is_some() => {
                Err(Error::new(Kind::Config, "a bucket belongs to no group of this machine")
                    .detail("stage.group")
                    .hint("leave stage.group out: who reads a bucket is decided by its own rules"))
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

/// What a failed write or read of the store means.
fn store_error(error: object_store::Error, path: &Path) -> Error {
    let kind = match &error {
        object_store::Error::Unauthenticated { .. } | object_store::Error::PermissionDenied { .. } => {
            Kind::Config
        }
        _ => Kind::Storage,
    };
    Error::new(kind, "the staging area does not take or give a file")
        .detail(path.to_string())
        .hint("check the space and the rights at stage.url, then run the step again")
        .source(error)
}

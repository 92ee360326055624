//! The staging area as a local folder, for one account or for a group that shares it.

use std::path::{Path, PathBuf};

use bionicpro_disk::Readers;
use bionicpro_model::{Error, Kind, Result, RunId};

use super::{Stage, StagedName};

/// The folder and its readers.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    path: PathBuf,
    readers: Readers,
}

impl Folder {
    /// Creates the folder if it is missing, and denies access to all other accounts.
    pub(super) fn open(path: PathBuf, group: Option<&str>) -> Result<Self> {
        let readers = group.map_or(Ok(Readers::Owner), Readers::group)?;
        bionicpro_disk::keep(&path, readers, |name| is_ours(&path, name)).map_err(|error| {
            Error::new(Kind::Storage, "the staging folder cannot be created or read")
                .detail(path.display().to_string())
                .hint(
                    "check its owner and the space on its disk; all accounts that share it need stage.group \
                     in their configuration, and must be members of that group",
                )
                .source(error)
        })?;
        Ok(Folder { path, readers })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn run(&self, run: &RunId) -> PathBuf {
        self.path.join(run.as_str())
    }
}

impl Stage {
    /// Creates the folder of a run if a group shares the staging area, so that the folder belongs to the
    /// group from the start.
    pub(super) fn make_folder(&self, run: &RunId) -> Result<()> {
        match &self.folder {
            Some(folder) if folder.readers != Readers::Owner => {
                let path = folder.run(run);
                bionicpro_disk::make(&path, folder.readers).map_err(|error| not_given(&path, error))
            }
            _ => Ok(()),
        }
    }

    /// Lets the group read a file that was just written. Without a group there is nothing to do.
    pub(super) fn admit(&self, run: &RunId, file: &str) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let path = folder.run(run).join(file);
        folder.readers.admit(&path).map_err(|error| not_given(&path, error))
    }
}

fn not_given(path: &Path, error: std::io::Error) -> Error {
    Error::new(Kind::Config, "the staging folder cannot be shared with the group in stage.group")
        .detail(path.display().to_string())
        .hint("the account that runs the steps must be a member of the group")
        .source(error)
}

/// Returns true if a name is that of a run's folder, or of a temporary entry that the program creates next to
/// it.
fn is_ours(stage: &Path, name: &str) -> bool {
    if bionicpro_disk::is_aside(name) || name.starts_with(super::probe::PREFIX) {
        return true;
    }
    let path = stage.join(name);
    let is_folder = path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
    let is_staged = |file: &str| StagedName::ALL.iter().any(|staged| file.starts_with(staged.file()));
    let holds_only_staged = || {
        let mut files = std::fs::read_dir(&path).into_iter().flatten().flatten();
        files.all(|file| file.file_name().to_str().is_some_and(is_staged))
    };
    is_folder && name.parse::<RunId>().is_ok() && holds_only_staged()
}

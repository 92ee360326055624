//! The folder of a demo: one process locks it, and `--fresh` removes only what a demo has created there.

use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use bionicpro_disk::Readers;
use bionicpro_model::{Error, Kind, Result};

/// The files and folders that a demo creates. Nothing else in the folder is ever removed.
const DEMO_ENTRIES: [&str; 11] = [
    "postgres",
    "warehouse",
    "stage",
    "store",
    "audit",
    "issuer.pem",
    "client-secret",
    "fleet.json",
    "demo.json",
    "demo.log",
    "warehouse.log",
];
const LOCK: &str = "demo.lock";
/// The folders that `make keycloak` and `make airflow` create next to them.
const OTHER_TOOLS_ENTRIES: [&str; 3] = ["keycloak", "airflow", "airflow-stage"];

/// A demo's folder, locked until dropped; the system releases the lock when the process dies.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Creates the folder if it is missing, locks it, and removes a former demo's files if `fresh`.
    pub(super) fn take(path: &Path, fresh: bool) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Error::new(Kind::Storage, "the demo's folder cannot be used")
                .detail(path.display().to_string())
                .hint("choose another with --data DIR")
                .source(error)
        };
        bionicpro_disk::make(path, Readers::Owner).map_err(failed)?;
        let path = path.canonicalize().map_err(failed)?;
        let lock_path = path.join(LOCK);
        let mut lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(lock_path)
            .map_err(failed)?;
        if lock.try_lock().is_err() {
            let mut holder = String::new();
            // Without the process id the message is still correct.
            let _ = lock.read_to_string(&mut holder);
            return Err(Error::new(Kind::Config, "another demo is running on this folder")
                .detail(format!("{}, process {}", path.display(), holder.trim()))
                .hint("stop it, or choose another folder with --data DIR and --ports auto"));
        }
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| write!(lock, "{}", std::process::id()))
            .map_err(failed)?;
        if fresh {
            for name in DEMO_ENTRIES {
                remove(&path.join(name)).map_err(failed)?;
            }
        }
        Ok(Folder { path, _lock: lock })
    }

    /// Closes files of older versions to other accounts. Call it after the log is set up, because it logs
    /// their number.
    pub(super) fn close(&self) -> Result<()> {
        let is_ours =
            |name: &str| name == LOCK || DEMO_ENTRIES.contains(&name) || OTHER_TOOLS_ENTRIES.contains(&name);
        bionicpro_disk::keep(&self.path, Readers::Owner, is_ours).map_err(|error| {
            Error::new(Kind::Storage, "the demo's folder cannot be closed to other accounts")
                .detail(self.path.display().to_string())
                .source(error)
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn join(&self, name: &str) -> PathBuf {
        debug_assert!(DEMO_ENTRIES.contains(&name), "--fresh must know what a demo keeps");
        self.path.join(name)
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_demo_is_told_who_holds_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let first = Folder::take(dir.path(), false).unwrap();
        let report = Folder::take(dir.path(), true).unwrap_err().report();
        assert!(report.contains(&std::process::id().to_string()), "{report}");
        drop(first);
        Folder::take(dir.path(), false).unwrap();
    }

    #[test]
    fn a_fresh_start_removes_only_what_a_demo_keeps() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("stage")).unwrap();
        fs::write(dir.path().join("stage/file"), "old").unwrap();
        fs::write(dir.path().join("thesis.txt"), "precious").unwrap();
        Folder::take(dir.path(), true).unwrap();
        assert!(!dir.path().join("stage").exists());
        assert_eq!(fs::read_to_string(dir.path().join("thesis.txt")).unwrap(), "precious");
    }
}

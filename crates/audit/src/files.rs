//! The folder of one service's log: files named after the number of their first line, and one writing
//! process.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bionicpro_disk::Readers;
use bionicpro_model::{Error, Kind, Result};
use rustix::fs::FlockOperation;

/// The extension of a log file.
const EXTENSION: &str = "jsonl";
/// Bytes at the end of a file that are searched for its last line; lines are far shorter.
const TAIL_BYTES: u64 = 64 * 1024;

/// The path of the file that begins with the line of this number.
pub(crate) fn path(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:012}.{EXTENSION}"))
}

/// Lists the files, each with the number of its first line, oldest first.
pub(crate) fn list(folder: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| storage(folder, error))? {
        let path = entry.map_err(|error| storage(folder, error))?.path();
        let is_log = path.extension().is_some_and(|extension| extension == EXTENSION);
        let first = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        if let Some(first) = first.filter(|_| is_log) {
            found.push((first, path));
        }
    }
    found.sort();
    Ok(found)
}

/// Opens a file for appending; only its owner may read it.
pub(crate) fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600).open(path).map_err(|error| storage(path, error))
}

/// Creates the folder, closes it to other accounts and takes its lock, which the kernel releases however the
/// process ends.
pub(crate) fn lock(folder: &Path) -> Result<File> {
    let is_ours = |name: &str| name == "lock" || name.ends_with(EXTENSION);
    bionicpro_disk::keep(folder, Readers::Owner, is_ours).map_err(|error| storage(folder, error))?;
    let path = folder.join("lock");
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(|error| storage(&path, error))?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(_) => Err(Error::new(Kind::Config, "the audit log is written by another process")
            .detail(folder.display().to_string())
            .hint(
                "only one process may write a log: stop the other, or set another audit.folder for this one",
            )),
    }
}

/// Reads the end of a file; true if that is the whole file.
pub(crate) fn tail(path: &Path) -> Result<(Vec<u8>, bool)> {
    let read = || {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map(|_| (bytes, length <= TAIL_BYTES))
    };
    read().map_err(|error| storage(path, error))
}

/// The error of a failed read or write of a file or folder of the log.
pub(crate) fn storage(path: &Path, error: std::io::Error) -> Error {
    Error::new(Kind::Storage, "the audit log cannot be read or written")
        .detail(path.display().to_string())
        .hint("check that this process's account owns audit.folder and that the disk has free space")
        .source(error)
}

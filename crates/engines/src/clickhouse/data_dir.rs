//! The data directory: one process at a time, one generated password, a mark of the layout's version.
//!
//! `lock` is held by the kernel for as long as the process lives, so a killed process leaves nothing to clean up.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bionicpro_disk::Readers;
use bionicpro_model::{Error, Kind, Result, Secret};
use rustix::fs::FlockOperation;

/// The layout that this program writes. A newer one is refused.
const LAYOUT_VERSION: u32 = 1;

/// Characters of the generated password, and how many: about 190 bits.
const PASSWORD_ALPHABET: &[u8] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const PASSWORD_LENGTH: usize = 32;

/// An opened data directory. The lock is released when this is dropped.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the directory when it is missing, closes it to other accounts, takes its lock and checks its version.
    pub(super) fn open(path: &Path) -> Result<Self> {
        bionicpro_disk::keep(path, Readers::Owner, is_ours)
            .map_err(|error| storage("cannot be made or read", path, error))?;
        let path = path.canonicalize().map_err(|error| storage("cannot be opened", path, error))?;
        let lock = take_lock(&path)?;
        let dir = DataDir { path, _lock: lock };
        dir.check_version()?;
        Ok(dir)
    }

    /// Where the directory is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A path inside the directory.
    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file that only the owner may read, aside and renamed.
    pub(super) fn write(&self, name: &str, content: &str) -> Result<PathBuf> {
        let (path, aside) = (self.join(name), self.join(&format!("{name}.new")));
        let write = || {
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
            file.write_all(content.as_bytes())?;
            file.sync_all()?;
            fs::rename(&aside, &path)
        };
        write().map_err(|error| storage("cannot be written", &path, error))?;
        Ok(path)
    }

    /// The password of the warehouse, made on the first start.
    pub(super) fn password(&self) -> Result<Secret> {
        let path = self.join("password");
        match fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => Ok(Secret::new(text.trim())),
            Ok(_) => Err(Error::new(Kind::Config, "the warehouse's password file is empty")
                .detail(path.display().to_string())
                .hint("write a password into it, or remove it and a new one is made")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let password = generate_password();
                self.write("password", &format!("{password}\n"))?;
                Ok(Secret::new(password))
            }
            Err(error) => Err(storage("cannot be read", &path, error)),
        }
    }

    fn check_version(&self) -> Result<()> {
        let path = self.join("VERSION");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return self.write("VERSION", &format!("{LAYOUT_VERSION}\n")).map(drop);
            }
            Err(error) => return Err(storage("cannot be read", &path, error)),
        };
        match text.trim().parse::<u32>() {
            Ok(version) if version <= LAYOUT_VERSION => Ok(()),
            Ok(version) => Err(Error::new(Kind::Config, "the data directory belongs to a newer program")
                .detail(format!(
                    "{}: layout {version}, this program knows {LAYOUT_VERSION}",
                    self.path.display()
                ))
                .hint("use the newer program, or another --data directory")),
            Err(error) => Err(Error::new(Kind::Config, "the data directory's VERSION is no number")
                .detail(path.display().to_string())
                .hint("is this the directory of another program? choose another --data directory")
                .source(error)),
        }
    }
}

fn is_ours(name: &str) -> bool {
    let name = name.strip_suffix(".new").unwrap_or(name);
    ["engine", "lock", "password", "VERSION", "users.xml", "config.xml"].contains(&name)
}

fn take_lock(dir: &Path) -> Result<File> {
    let path = dir.join("lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|error| storage("cannot be opened", &path, error))?;
    if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        let mut holder = String::new();
        let _ = file.read_to_string(&mut holder);
        return Err(Error::new(Kind::Config, "the data directory is in use by another process")
            .detail(format!("{}: process {}", dir.display(), holder.trim()))
            .hint("stop that process, connect to it instead, or choose another --data directory"));
    }
    let mut write = || {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())?;
        file.flush()
    };
    write().map_err(|error| storage("cannot be written", &path, error))?;
    Ok(file)
}

fn generate_password() -> String {
    use rand::RngExt;
    let mut random = rand::rng();
    (0..PASSWORD_LENGTH)
        .map(|_| char::from(PASSWORD_ALPHABET[random.random_range(0..PASSWORD_ALPHABET.len())]))
        .collect()
}

fn storage(what: &'static str, path: &Path, error: std::io::Error) -> Error {
    Error::new(Kind::Storage, "the warehouse's data directory fails")
        .detail(format!("{} {what}", path.display()))
        .hint("check that the directory is writable and the disk has room")
        .source(error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_second_opener_is_told_which_process_holds_the_directory() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataDir::open(folder.path()).unwrap();
        let error = DataDir::open(folder.path()).unwrap_err();
        assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
        drop(first);
        DataDir::open(folder.path()).unwrap();
    }

    #[test]
    fn a_lock_file_that_a_killed_process_left_behind_is_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("lock"), "99999\n").unwrap();
        DataDir::open(folder.path()).unwrap();
    }

    #[test]
    fn the_password_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataDir::open(folder.path()).unwrap().password().unwrap();
        assert_eq!(first.expose_secret().len(), PASSWORD_LENGTH);
        let mode = fs::metadata(folder.path().join("password")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(DataDir::open(folder.path()).unwrap().password().unwrap(), first);
    }

    #[test]
    fn the_directory_of_a_newer_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("VERSION"), "2\n").unwrap();
        let error = DataDir::open(folder.path()).unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.to_string().contains("layout 2"), "{error}");
    }
}

//! The data directory: one process at a time, a generated password per account, the version of the layout.
//!
//! `lock` is held by the kernel for as long as the process lives, so a killed process leaves nothing to clean
//! up.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use bionicpro_disk::Readers;
use bionicpro_model::{Error, Kind, Result, Secret};
use rustix::fs::FlockOperation;

use super::default_database;

/// The version of the layout that this program writes. A newer one is refused.
const LAYOUT_VERSION: u32 = 1;

/// The prefix of the names of password files, except for that of the loader.
const PASSWORD_OF: &str = "password-";

/// The characters and the length of a generated password: about 190 bits.
const PASSWORD_ALPHABET: &[u8] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const PASSWORD_LENGTH: usize = 32;

/// An opened data directory. The lock is released when this is dropped.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Creates the directory if it is missing, closes it to other accounts, takes its lock and checks its
    /// version.
    pub(super) fn open(path: &Path) -> Result<Self> {
        bionicpro_disk::keep(path, Readers::Owner, is_ours)
            .map_err(|error| storage("cannot be made or read", path, error))?;
        let path = path.canonicalize().map_err(|error| storage("cannot be opened", path, error))?;
        let lock = take_lock(&path)?;
        let dir = DataDir { path, _lock: lock };
        dir.check_version()?;
        Ok(dir)
    }

    /// The path of the directory.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A path inside the directory.
    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file of the directory that only the owner may read.
    pub(super) fn write(&self, name: &str, content: &str) -> Result<()> {
        write(&self.join(name), content)
    }

    /// Records the version of the engine that uses the directory. An engine older than the last one is
    /// refused: it would set aside the rows that it cannot read, and serve the others.
    pub(super) fn take_for_engine(&self, version: &str) -> Result<()> {
        let path = self.join("ENGINE");
        let last = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(storage("cannot be read", &path, error)),
        };
        let last = last.trim();
        if release(last) > release(version) {
            return Err(Error::new(Kind::Config, "a newer ClickHouse engine has written the data directory")
                .detail(format!("{}: engine {last}, this program has {version}", self.path.display()))
                .hint("use the newer program, or another --data directory"));
        }
        if last == version { Ok(()) } else { self.write("ENGINE", &format!("{version}\n")) }
    }

    /// Creates the engine's folder with the database `default` and the empty folders of its configuration.
    pub(super) fn prepare_engine(&self) -> Result<()> {
        let engine = self.join("engine");
        default_database::prepare(&engine)?;
        let empty = engine.join("empty");
        // Removes files that were put there: SQL could read them.
        let _ = fs::remove_dir_all(&empty);
        for folder in ["files", "scripts", "schemas", "domains", "dictionaries"] {
            fs::create_dir_all(empty.join(folder))
                .map_err(|error| storage("cannot be written", &empty, error))?;
        }
        Ok(())
    }

    /// The passwords of its accounts.
    pub(super) fn passwords(&self) -> Passwords {
        Passwords { dir: self.path.clone() }
    }

    fn check_version(&self) -> Result<()> {
        let path = self.join("VERSION");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return self.write("VERSION", &format!("{LAYOUT_VERSION}\n"));
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
            Err(error) => Err(Error::new(Kind::Config, "the data directory's VERSION is not a number")
                .detail(path.display().to_string())
                .hint("is this the directory of another program? choose another --data directory")
                .source(error)),
        }
    }
}

/// The year and the number of an engine's version: within a release the file format does not change.
fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(str::parse::<u32>);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn is_ours(name: &str) -> bool {
    let name = name.strip_suffix(".new").unwrap_or(name);
    ["engine", "lock", "password", "VERSION", "ENGINE", "users.xml", "config.xml"].contains(&name)
        || name.starts_with(PASSWORD_OF)
}

/// The passwords of a warehouse's accounts: a file each, which only its owner may read.
#[derive(Debug, Clone)]
pub struct Passwords {
    dir: PathBuf,
}

impl Passwords {
    /// The passwords in a data directory, which need not be open.
    pub fn of(data: &Path) -> Self {
        Passwords { dir: data.to_owned() }
    }

    /// The file of an account's password.
    pub fn file(&self, account: &str) -> PathBuf {
        match account {
            bionicpro_warehouse::access::LOADER => self.dir.join("password"),
            other => self.dir.join(format!("{PASSWORD_OF}{other}")),
        }
    }

    /// An account's password; `None` before the first start.
    ///
    /// # Errors
    /// `Config` when its file is empty or open to other accounts of the machine, `Storage` when it cannot be
    /// read.
    pub fn read(&self, account: &str) -> Result<Option<Secret>> {
        let path = self.file(account);
        let wrong = |message| Error::new(Kind::Config, message).detail(path.display().to_string());
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(storage("cannot be read", &path, error)),
        };
        let metadata = fs::metadata(&path).map_err(|error| storage("cannot be read", &path, error))?;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(wrong("other accounts of this machine can read a password of the warehouse").hint(
                "make a new one with `bionicpro warehouse accounts --new-password ACCOUNT`, or close the file: chmod 600",
            ));
        }
        match text.trim() {
            "" => Err(wrong("a password file of the warehouse is empty")
                .hint("write a password into it, or remove it to generate a new one")),
            password => Ok(Some(Secret::new(password))),
        }
    }

    /// Generates a new password and stores it. It takes effect when the warehouse starts next.
    ///
    /// # Errors
    /// `Storage` when its file cannot be written.
    pub fn renew(&self, account: &str) -> Result<Secret> {
        let password = generate_password();
        write(&self.file(account), &format!("{password}\n"))?;
        Ok(Secret::new(password))
    }

    /// An account's password, generated if there is none yet.
    pub(super) fn read_or_make(&self, account: &str) -> Result<Secret> {
        match self.read(account)? {
            Some(password) => Ok(password),
            None => self.renew(account),
        }
    }
}

/// Writes a file that only the owner may read: under a temporary name, which is then renamed.
fn write(path: &Path, content: &str) -> Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let written = || {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        fs::rename(&aside, path)
    };
    written().map_err(|error| storage("cannot be written", path, error))
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
    Error::new(Kind::Storage, "cannot use the warehouse's data directory")
        .detail(format!("{} {what}", path.display()))
        .hint("check that the directory is writable and the disk has free space")
        .source(error)
}

#[cfg(test)]
mod tests {
    use bionicpro_warehouse::access::{LOADER, ML};

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
    fn a_password_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let passwords = Passwords::of(folder.path());
        for account in [LOADER, ML] {
            assert_eq!(passwords.read(account).unwrap(), None);
            let first = passwords.read_or_make(account).unwrap();
            assert_eq!(first.expose_secret().len(), PASSWORD_LENGTH);
            let mode = fs::metadata(passwords.file(account)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            assert_eq!(passwords.read_or_make(account).unwrap(), first);
            assert_ne!(passwords.renew(account).unwrap(), first);
        }
        assert_ne!(passwords.read(LOADER).unwrap(), passwords.read(ML).unwrap());
    }

    #[test]
    fn a_password_that_is_empty_or_open_to_others_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let passwords = Passwords::of(folder.path());
        passwords.renew(ML).unwrap();
        fs::set_permissions(passwords.file(ML), fs::Permissions::from_mode(0o644)).unwrap();
        let error = passwords.read(ML).unwrap_err();
        assert!(error.report().contains("chmod 600"), "{}", error.report());
        fs::write(passwords.file(LOADER), "\n").unwrap();
        fs::set_permissions(passwords.file(LOADER), fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(passwords.read(LOADER).unwrap_err().kind(), Kind::Config);
    }

    #[test]
    fn the_directory_of_a_newer_engine_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        for version in ["25.12.1-stable.1", "26.7.3-stable.1", "26.7.1-stable.1", "26.10.1"] {
            dir.take_for_engine(version).unwrap();
        }
        let error = dir.take_for_engine("26.7.3-stable.1").unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.to_string().contains("engine 26.10.1, this program has 26.7.3"), "{error}");
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

//! Permissions of the program's files: access for the account that runs it, or for one group.
//!
//! A restrictive umask gives new files the right mode. Files that an older version left open are corrected
//! when a folder is opened, through descriptors, so that no symbolic link inside the folder is followed out
//! of it.

mod group;
mod secret_file;
mod tree;

use std::path::{Path, PathBuf};

use bionicpro_model::{Error, Kind, Result};
use rustix::fs::{CWD, Mode, RenameFlags};

pub use secret_file::read_secret;
use tree::Tree;

/// The accounts that may read a folder and its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// The account that runs the program: folders 0700, files 0600.
    Owner,
    /// The accounts of the group with this number: folders 2770, files 0660.
    Group(u32),
}

/// Sets the umask so that new files of this process and its children are for their owner only, unless their
/// modes are set explicitly.
pub fn close_umask() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Creates the folder if it is missing, and corrects its mode and those of its contents. The number of
/// corrections is logged.
///
/// `is_ours` returns true for the names in the folder that belong to the program. Others are left unchanged,
/// and if there are any, so is the folder itself, since other programs use it too.
///
/// # Errors
/// The system's, if the folder cannot be created or read. Modes that cannot be corrected are logged.
pub fn keep(root: &Path, readers: Readers, is_ours: impl Fn(&str) -> bool) -> std::io::Result<()> {
    make(root, readers)?;
    let found = Tree::correct(root, readers, is_ours)?;
    let folder = root.display();
    if found.corrected > 0 {
        tracing::info!(%folder, corrected = found.corrected, "closed files and folders that were open to other accounts");
    }
    if found.refused > 0 {
        tracing::warn!(%folder, refused = found.refused, "files or folders remain open to other accounts, because this account may not change them");
    }
    if found.is_shared {
        tracing::warn!(%folder, "other accounts may list this folder, because it also contains files of other programs");
    }
    Ok(())
}

/// Creates a folder for the readers atomically, so that no other process of the group sees it with the wrong
/// mode.
///
/// # Errors
/// The system's.
pub fn make(path: &Path, readers: Readers) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().unwrap_or(Path::new("/"));
    make_parents(parent, readers)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = parent.join(format!("{ASIDE}{}-{name}", std::process::id()));
    let made = std::fs::create_dir(&aside).and_then(|()| tree::set(&aside, readers));
    let moved = made.and_then(|()| std::fs::rename(&aside, path));
    if moved.is_err() {
        // Cleans up; the first error is the one to return.
        let _ = std::fs::remove_dir(&aside);
        // Another process created it first.
        if path.is_dir() {
            return Ok(());
        }
    }
    moved
}

/// Exchanges two folders atomically.
///
/// # Errors
/// The system's: `InvalidInput` if the file system does not support it.
pub fn exchange(one: &Path, other: &Path) -> std::io::Result<()> {
    Ok(rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

/// The prefix of a folder that is not complete yet.
const ASIDE: &str = ".new-";

/// Returns true if the name is that of a folder that is still being created.
pub fn is_aside(name: &str) -> bool {
    name.starts_with(ASIDE)
}

/// Creates the missing parents. The group has to traverse the folders above its own, but need not list them.
fn make_parents(parent: &Path, readers: Readers) -> std::io::Result<()> {
    let missing: Vec<PathBuf> = parent
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .map(Path::to_path_buf)
        .collect();
    let mode = if readers == Readers::Owner { 0o700 } else { 0o711 };
    for folder in missing.iter().rev() {
        match std::fs::create_dir(folder) {
            Ok(()) => rustix::fs::chmod(folder, Mode::from_raw_mode(mode))?,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl Readers {
    /// The readers of the group with this name or number.
    ///
    /// # Errors
    /// `Config` if this system has no such group.
    pub fn group(name: &str) -> Result<Self> {
        let list = std::fs::read_to_string("/etc/group").unwrap_or_default();
        group::number(name, &list).map(Readers::Group).ok_or_else(|| {
            Error::new(Kind::Config, "there is no such group")
                .detail(name.to_owned())
                .hint("name a group of /etc/group, or give its number as `id` shows it")
        })
    }

    /// Lets the group read and write a file or a folder that this account has just created; for
    /// [`Readers::Owner`] it already has the right mode.
    ///
    /// # Errors
    /// The system's: an account can give its files only to a group that it is a member of.
    pub fn admit(self, path: &Path) -> std::io::Result<()> {
        if self == Readers::Owner { Ok(()) } else { tree::set(path, self) }
    }
}

//! Access to the program's files: for the account that runs it, or for one group.
//!
//! A closed umask makes new files right. What an older program left open is corrected when a folder is opened: through
//! descriptors, so that no symbolic link inside of the folder leads anywhere else.

mod group;
mod tree;

use std::path::{Path, PathBuf};

use bionicpro_model::{Error, Kind, Result};
use rustix::fs::{CWD, Mode, RenameFlags};

use tree::Tree;

/// The accounts that may read a folder and its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// The account that runs the program: folders 0700, files 0600.
    Owner,
    /// Every account of the group with this number: folders 2770, files 0660.
    Group(u32),
}

/// Files of this process and of its children are for their owner only from now on, unless they are shared by name.
pub fn close_umask() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Makes a missing folder, and corrects the modes of it and its contents. One line of the log gives the count.
///
/// `is_ours` says which names in the folder are the program's. Others are left as they are, and so is then the folder
/// itself, since somebody else uses it too.
///
/// # Errors
/// As the system gives them, when the folder cannot be made or read. What cannot be corrected is told to the log.
pub fn keep(root: &Path, readers: Readers, is_ours: impl Fn(&str) -> bool) -> std::io::Result<()> {
    make(root, readers)?;
    let found = Tree::correct(root, readers, is_ours)?;
    let folder = root.display();
    if found.corrected > 0 {
        tracing::info!(%folder, corrected = found.corrected, "files and folders were open to other accounts and are closed now");
    }
    if found.refused > 0 {
        tracing::warn!(%folder, refused = found.refused, "files or folders stay open to other accounts: they are not this account's to close");
    }
    if found.is_shared {
        tracing::warn!(%folder, "other accounts may list this folder: it holds what is not this program's");
    }
    Ok(())
}

/// Makes a folder of the readers' in its place at once, so that no other process of the group finds it half-made.
///
/// # Errors
/// As the system gives them.
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
        // Nothing of it is to stay; the first error is the one to tell.
        let _ = std::fs::remove_dir(&aside);
        // Another process was faster.
        if path.is_dir() {
            return Ok(());
        }
    }
    moved
}

/// Gives each of two folders the place of the other, at one moment.
///
/// # Errors
/// As the system gives them: `InvalidInput` where the file system cannot do so.
pub fn exchange(one: &Path, other: &Path) -> std::io::Result<()> {
    Ok(rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

/// The prefix of a folder that is not complete yet.
const ASIDE: &str = ".new-";

/// Whether a name is that of a folder that is being made.
pub fn is_aside(name: &str) -> bool {
    name.starts_with(ASIDE)
}

/// The group has to pass the folders above its own, and needs not list them.
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
    /// The group of this name or number.
    ///
    /// # Errors
    /// `Config` when this system knows no such group.
    pub fn group(name: &str) -> Result<Self> {
        let list = std::fs::read_to_string("/etc/group").unwrap_or_default();
        group::number(name, &list).map(Readers::Group).ok_or_else(|| {
            Error::new(Kind::Config, "there is no such group")
                .detail(name.to_owned())
                .hint("name a group of /etc/group, or give its number as `id` shows it")
        })
    }

    /// Lets the group read and write a file or a folder that this account has just made; for the owner it is right.
    ///
    /// # Errors
    /// As the system gives them: an account gives its files only to a group that it is in.
    pub fn admit(self, path: &Path) -> std::io::Result<()> {
        if self == Readers::Owner { Ok(()) } else { tree::set(path, self) }
    }
}

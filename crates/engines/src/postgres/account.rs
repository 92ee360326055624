//! The account that PostgreSQL runs as: it refuses to run as root, so root drops its privileges first.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use bionicpro_model::{Error, Kind, Result};

/// The id of the account to become if the system has no user `nobody`.
const OVERFLOW_ID: u32 = 65_534;

/// A user and a group to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// Chooses the account that runs the server with its data in `data`: `None`, this process's own, if it is not
/// root; otherwise the owner of `data`, or the user `nobody` if the owner is root too.
pub(super) fn choose(data: &Path) -> Result<Option<Account>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    if !cfg!(target_os = "linux") {
        return Err(Error::new(Kind::Config, "PostgreSQL does not run as root")
            .hint("start the program as an ordinary user"));
    }
    let owner = std::fs::metadata(data).ok().filter(|metadata| metadata.uid() != 0);
    Ok(Some(match owner {
        Some(metadata) => Account { uid: metadata.uid(), gid: metadata.gid() },
        None => nobody(&std::fs::read_to_string("/etc/passwd").unwrap_or_default()),
    }))
}

fn nobody(passwd: &str) -> Account {
    let ids = passwd.lines().find_map(|line| {
        let mut fields = line.strip_prefix("nobody:")?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    let (uid, gid) = ids.unwrap_or((OVERFLOW_ID, OVERFLOW_ID));
    Account { uid, gid }
}

impl Account {
    /// Makes this account the owner of a file or a folder, not of its contents.
    pub(super) fn own(self, path: &Path) -> Result<()> {
        chown(path, Some(self.uid), Some(self.gid)).map_err(|error| {
            Error::new(Kind::Config, "cannot make the account that runs PostgreSQL the owner of a file")
                .detail(format!("{} to user {}", path.display(), self.uid))
                .hint("keep the data on a local file system, or start the program as an ordinary user")
                .source(error)
        })
    }

    /// Returns true if a file or a folder belongs to this account.
    pub(super) fn owns(self, path: &Path) -> bool {
        std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.uid() == self.uid)
    }

    /// Makes this account the owner of a folder and all its contents, unless it owns the folder already.
    pub(super) fn own_tree(self, root: &Path) -> Result<()> {
        if self.owns(root) {
            return Ok(());
        }
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(entry.path());
                } else if !entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
                    self.own(&entry.path())?;
                }
            }
            self.own(&folder)?;
        }
        Ok(())
    }

    /// Returns true if this account may enter every folder above `path`, and read and run `path` itself.
    pub(super) fn can_run(self, path: &Path) -> bool {
        let Ok(path) = path.canonicalize() else { return false };
        path.ancestors()
            .all(|part| std::fs::metadata(part).is_ok_and(|metadata| self.may_read_and_enter(&metadata)))
    }

    fn may_read_and_enter(self, metadata: &Metadata) -> bool {
        let mode = metadata.permissions().mode();
        let bits = match (metadata.uid() == self.uid, metadata.gid() == self.gid) {
            (true, _) => mode >> 6,
            (false, true) => mode >> 3,
            (false, false) => mode,
        };
        // A folder that may be entered but not listed is enough on the way down.
        let needed = if metadata.is_dir() { 0o1 } else { 0o5 };
        bits & needed == needed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_comes_from_the_list_of_users() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nnobody:x:99:98:Nobody:/:/sbin/nologin\n";
        assert_eq!(nobody(passwd), Account { uid: 99, gid: 98 });
        assert_eq!(nobody(""), Account { uid: OVERFLOW_ID, gid: OVERFLOW_ID });
    }

    #[test]
    fn a_private_folder_on_the_way_is_seen() {
        let stranger = Account { uid: 4_000_000, gid: 4_000_000 };
        let private = tempfile::tempdir().unwrap();
        let program = private.path().join("program");
        std::fs::write(&program, "").unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        std::fs::set_permissions(private.path(), PermissionsExt::from_mode(0o700)).unwrap();
        assert!(!stranger.can_run(&program));
        std::fs::set_permissions(private.path(), PermissionsExt::from_mode(0o711)).unwrap();
        assert!(stranger.can_run(&program));
    }
}

//! Correction of the modes of a folder and its contents.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Gid, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::Readers;

/// The result of a walk.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tree {
    /// Files and folders that other accounts could read, or the group could not, and that were corrected.
    pub(crate) corrected: u64,
    /// Those that this account may not correct.
    pub(crate) refused: u64,
    /// True if the folder also contains foreign files, so that its own mode is kept, and other accounts can
    /// access it.
    pub(crate) is_shared: bool,
}

/// One walk.
struct Walk {
    readers: Readers,
    me: u32,
    found: Tree,
}

impl Tree {
    /// Corrects the program's files in a folder. Links in it are not followed.
    pub(crate) fn correct(root: &Path, readers: Readers, is_ours: impl Fn(&str) -> bool) -> io::Result<Tree> {
        let folder = rustix::fs::openat(CWD, root, FOLDER, Mode::empty())?;
        let me = rustix::process::geteuid().as_raw();
        let mut walk = Walk { readers, me, found: Tree::default() };
        let top = rustix::fs::fstat(&folder)?;
        // A folder with the sticky bit, such as /tmp, is shared by many accounts.
        let mut is_shared = Mode::from_raw_mode(top.st_mode).contains(Mode::SVTX);
        for entry in Dir::read_from(&folder)? {
            let entry = entry?;
            match entry.file_name().to_str() {
                Ok("." | "..") => {}
                Ok(name) if is_ours(name) => walk.entry(&folder, &top, entry.file_name()),
                _ => is_shared = true,
            }
        }
        if !is_shared {
            walk.correct_one(&folder, &top);
        }
        walk.found.is_shared = is_shared && top.st_mode & 0o077 != 0;
        Ok(walk.found)
    }
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// Non-blocking, so that a named pipe in the folder cannot block the program.
const FILE: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

impl Walk {
    fn entry(&mut self, folder: &OwnedFd, above: &Stat, name: &CStr) {
        // A file that vanishes meanwhile is not an error.
        let Ok(stat) = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) else { return };
        match self.look(folder, above, name, &stat) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(_) if self.is_of_the_group(&stat) => {}
            Err(_) => self.found.refused += 1,
        }
    }

    /// Returns true if another account has to correct the file: in a folder of a group, each account corrects
    /// its own.
    fn is_of_the_group(&self, stat: &Stat) -> bool {
        self.readers != Readers::Owner && stat.st_uid != self.me && self.me != 0
    }

    fn look(&mut self, folder: &OwnedFd, above: &Stat, name: &CStr, stat: &Stat) -> rustix::io::Result<()> {
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                let inner = rustix::fs::openat(folder, name, FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
                let stat = rustix::fs::fstat(&inner)?;
                self.correct_one(&inner, &stat);
                for entry in Dir::read_from(&inner)? {
                    let entry = entry?;
                    if ![c".", c".."].contains(&entry.file_name()) {
                        self.entry(&inner, &stat, entry.file_name());
                    }
                }
            }
            FileType::RegularFile if wanted(self.readers, stat).is_some() => {
                let file = rustix::fs::openat(folder, name, FILE, Mode::empty())?;
                let stat = rustix::fs::fstat(&file)?;
                if is_elsewhere(self.readers, &stat, above) {
                    return Err(Errno::PERM);
                }
                if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
                    self.correct_one(&file, &stat);
                }
            }
            // Links point elsewhere, and other kinds of files have no content.
            _ => {}
        }
        Ok(())
    }

    fn correct_one(&mut self, file: &OwnedFd, stat: &Stat) {
        let Some(mode) = wanted(self.readers, stat).filter(|_| !self.is_of_the_group(stat)) else { return };
        match set_open(file, self.readers, mode) {
            Ok(()) => self.found.corrected += 1,
            Err(_) => self.found.refused += 1,
        }
    }
}

/// Returns true if the file may also have a name outside the folder, where it may need another mode: a hard
/// link to a file that does not belong to the folder's owner, or any hard link if the readers are a group.
/// The warehouse links only its own files, within the folder.
fn is_elsewhere(readers: Readers, stat: &Stat, above: &Stat) -> bool {
    stat.st_nlink > 1 && (readers != Readers::Owner || stat.st_uid != above.st_uid)
}

/// The mode that a file or a folder should have; `None` if it already has it, and the right group.
fn wanted(readers: Readers, stat: &Stat) -> Option<Mode> {
    let mode = stat.st_mode & 0o7777;
    let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
    let (wanted, is_group_right) = match readers {
        Readers::Owner => (mode & 0o700, true),
        Readers::Group(group) => (if is_folder { 0o2770 } else { 0o660 }, stat.st_gid == group),
    };
    (mode != wanted || !is_group_right).then(|| Mode::from_raw_mode(wanted))
}

/// Sets the group and the mode, in this order, because changing the group clears mode bits.
fn set_open(file: impl AsFd, readers: Readers, mode: Mode) -> rustix::io::Result<()> {
    if let Readers::Group(group) = readers {
        rustix::fs::fchown(&file, None, Some(Gid::from_raw(group)))?;
    }
    rustix::fs::fchmod(&file, mode)
}

/// Sets the mode of a new file or folder.
pub(crate) fn set(path: &Path, readers: Readers) -> io::Result<()> {
    let file = rustix::fs::openat(CWD, path, FILE, Mode::empty())?;
    match wanted(readers, &rustix::fs::fstat(&file)?) {
        Some(mode) => Ok(set_open(&file, readers, mode)?),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }

    /// Creates `root/data/a/file` as an older version left it, and `root/outside/file`, which is not the
    /// program's.
    fn older() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for folder in ["data/a", "outside"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
            fs::write(root.path().join(folder).join("file"), "reports").unwrap();
        }
        for folder in ["data", "data/a", "outside"] {
            chmod(&root.path().join(folder), 0o755);
        }
        for file in ["data/a/file", "outside/file"] {
            chmod(&root.path().join(file), 0o644);
        }
        root
    }

    #[test]
    fn what_was_open_is_closed_once() {
        let root = older();
        let data = root.path().join("data");
        let found = Tree::correct(&data, Readers::Owner, |name| name == "a").unwrap();
        assert_eq!(found, Tree { corrected: 3, refused: 0, is_shared: false });
        assert_eq!(["", "a", "a/file"].map(|name| mode(&data.join(name))), [0o700, 0o700, 0o600]);
        assert_eq!(Tree::correct(&data, Readers::Owner, |_| true).unwrap(), Tree::default());
    }

    #[test]
    fn a_link_inside_leads_nowhere() {
        let root = older();
        let (data, outside) = (root.path().join("data"), root.path().join("outside"));
        symlink(&outside, data.join("a/folder")).unwrap();
        symlink(outside.join("file"), data.join("a/link")).unwrap();
        symlink(&outside, data.join("b")).unwrap();
        let found = Tree::correct(&data, Readers::Owner, |_| true).unwrap();
        assert_eq!((found.corrected, found.refused), (3, 0));
        assert_eq!([mode(&outside), mode(&outside.join("file"))], [0o755, 0o644]);
    }

    #[test]
    fn a_folder_that_holds_something_else_is_left_as_it_is_and_that_is_told() {
        let root = older();
        let data = root.path().join("data");
        fs::write(data.join("thesis.txt"), "precious").unwrap();
        chmod(&data.join("thesis.txt"), 0o644);
        let found = Tree::correct(&data, Readers::Owner, |name| name == "a").unwrap();
        assert_eq!(found, Tree { corrected: 2, refused: 0, is_shared: true });
        assert_eq!(
            [mode(&data), mode(&data.join("thesis.txt")), mode(&data.join("a"))],
            [0o755, 0o644, 0o700]
        );
        chmod(&data, 0o1777);
        Tree::correct(&data, Readers::Owner, |_| true).unwrap();
        assert_eq!(mode(&data), 0o1777);
    }

    #[test]
    fn a_group_may_read_write_and_leave_to_the_group() {
        let root = older();
        let data = root.path().join("data");
        let group = Readers::Group(fs::metadata(&data).unwrap().gid());
        assert_eq!(Tree::correct(&data, group, |_| true).unwrap().corrected, 3);
        assert_eq!(["", "a", "a/file"].map(|name| mode(&data.join(name))), [0o2770, 0o2770, 0o660]);
        let below = root.path().join("new/deeper/stage");
        crate::make(&below, group).unwrap();
        assert_eq!(mode(&below), 0o2770);
        assert_eq!([mode(&root.path().join("new")), mode(below.parent().unwrap())], [0o711, 0o711]);
    }

    #[test]
    fn a_file_with_a_name_elsewhere_is_not_given_to_a_group() {
        let root = older();
        let data = root.path().join("data");
        fs::hard_link(root.path().join("outside/file"), data.join("a/other")).unwrap();
        let group = Readers::Group(fs::metadata(&data).unwrap().gid());
        assert_eq!(Tree::correct(&data, group, |_| true).unwrap().refused, 1);
        assert_eq!(mode(&root.path().join("outside/file")), 0o644);
    }
}

//! Makes the npm package's PostgreSQL runnable.
//!
//! npm cannot pack symbolic links: the package lists them in `pg-symlinks.json` and makes them in an install
//! script. The project runs no install scripts, so the links are made here on the first start. If the package
//! is read-only, or in a folder that the account that runs PostgreSQL cannot enter (a checkout in `/root`), a
//! copy is used.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use bionicpro_model::{Error, Kind, Result};
use serde::Deserialize;

use super::account::Account;

/// One line of `pg-symlinks.json`; both paths begin with `native/`.
#[derive(Debug, Deserialize)]
struct Link {
    /// The file that the link points to.
    source: PathBuf,
    /// The link.
    target: PathBuf,
}

/// The folder with `bin`, `lib` and `share` to run PostgreSQL from: `native` itself, or a copy of it.
pub(super) fn prepare(native: &Path, account: Option<Account>) -> Result<PathBuf> {
    let can_run = |folder: &Path| {
        let parts = ["bin/postgres", "bin/initdb", "lib", "share"].map(|part| folder.join(part));
        account.is_none_or(|account| parts.iter().all(|part| !part.exists() || account.can_run(part)))
    };
    if can_run(native) && make_links(native, native).is_ok() {
        return Ok(native.to_path_buf());
    }
    let mut failure = io::Error::other("the account that runs PostgreSQL cannot enter a temporary folder");
    for folder in [std::env::temp_dir(), PathBuf::from("/var/tmp"), PathBuf::from("/tmp")] {
        if account.is_some_and(|account| !account.can_run(&folder)) {
            continue;
        }
        match copy(native, &folder) {
            Ok(kept) if can_run(&kept) => return Ok(kept),
            Ok(_) => {}
            Err(error) => failure = error,
        }
    }
    Err(Error::new(Kind::Config, "PostgreSQL cannot be run from where it is installed, and cannot be copied")
        .detail(format!("{} to {}", native.display(), std::env::temp_dir().display()))
        .hint("start as an ordinary user, move the checkout out of a private folder, or set TMPDIR")
        .source(failure))
}

/// Makes the missing links of `native`'s list in `into`.
fn make_links(native: &Path, into: &Path) -> io::Result<()> {
    let list = match fs::read(native.join("pg-symlinks.json")) {
        Ok(list) => list,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for link in serde_json::from_slice::<Vec<Link>>(&list)? {
        let (Ok(target), Some(source)) = (link.target.strip_prefix("native"), link.source.file_name()) else {
            return Err(io::Error::other("pg-symlinks.json names a file outside of the package"));
        };
        let target = into.join(target);
        if target.exists() || link.source.parent() != link.target.parent() {
            continue;
        }
        match symlink(source, &target) {
            // Another process of ours was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            done => done?,
        }
    }
    Ok(())
}

/// A copy in a temporary folder, made once per package version and kept for the next start.
fn copy(native: &Path, folder: &Path) -> io::Result<PathBuf> {
    let me = rustix::process::geteuid().as_raw();
    let kept = folder.join(format!("bionicpro-postgres-{}-{me}", fingerprint(native)?));
    if !kept.exists() {
        let partial = kept.with_extension(format!("partial-{}", std::process::id()));
        // Left by a process with the same id that was killed.
        let _ = fs::remove_dir_all(&partial);
        create_open_folder(&partial)?;
        let made = copy_tree(native, &partial)
            .and_then(|()| make_links(native, &partial))
            .and_then(|()| fs::rename(&partial, &kept));
        if let Err(error) = made {
            let _ = fs::remove_dir_all(&partial);
            if !kept.exists() {
                return Err(error);
            }
        }
    }
    // Every account may write to the temporary folder: never run another account's files.
    let metadata = fs::symlink_metadata(&kept)?;
    if !metadata.is_dir() || metadata.uid() != me || metadata.permissions().mode() & 0o022 != 0 {
        return Err(io::Error::other(format!("{} may have been written by another account", kept.display())));
    }
    Ok(kept)
}

/// Identifies an installed package by the server's size and modification time.
fn fingerprint(native: &Path) -> io::Result<String> {
    let server = fs::metadata(native.join("bin/postgres"))?;
    Ok(format!("{:x}-{:x}", server.size(), server.mtime()))
}

/// Creates a folder that every account may enter, whatever the umask.
fn create_open_folder(path: &Path) -> io::Result<()> {
    fs::create_dir(path)?;
    fs::set_permissions(path, PermissionsExt::from_mode(0o755))
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            create_open_folder(&target)?;
            copy_tree(&source, &target)?;
        } else if kind.is_file() && source.extension().is_none_or(|extension| extension != "a") {
            fs::copy(&source, &target)?;
            let mode = if fs::metadata(&source)?.permissions().mode() & 0o100 != 0 { 0o755 } else { 0o644 };
            fs::set_permissions(&target, PermissionsExt::from_mode(mode))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A package as npm unpacks it: without its links.
    fn package() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let native = folder.path();
        fs::create_dir_all(native.join("bin")).unwrap();
        fs::create_dir_all(native.join("lib")).unwrap();
        fs::write(native.join("bin/postgres"), "server").unwrap();
        fs::set_permissions(native.join("bin/postgres"), PermissionsExt::from_mode(0o755)).unwrap();
        fs::set_permissions(native, PermissionsExt::from_mode(0o700)).unwrap();
        fs::write(native.join("lib/libpq.so.5.18"), "library").unwrap();
        fs::write(native.join("lib/libpq.a"), "not needed to run").unwrap();
        let list = r#"[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]"#;
        fs::write(native.join("pg-symlinks.json"), list).unwrap();
        folder
    }

    #[test]
    fn the_links_that_npm_cannot_pack_are_made_once() {
        let package = package();
        for _ in 0..2 {
            assert_eq!(prepare(package.path(), None).unwrap(), package.path());
            assert_eq!(fs::read(package.path().join("lib/libpq.so.5")).unwrap(), b"library");
        }
    }

    #[test]
    fn a_package_in_a_private_folder_is_copied_to_where_the_account_can_go() {
        let package = package();
        let stranger = Account { uid: 4_000_000, gid: 4_000_000 };
        let runnable = prepare(package.path(), Some(stranger)).unwrap();
        assert_ne!(runnable, package.path());
        assert_eq!(fs::read(runnable.join("lib/libpq.so.5")).unwrap(), b"library");
        assert!(!runnable.join("lib/libpq.a").exists());
        assert_eq!(prepare(package.path(), Some(stranger)).unwrap(), runnable, "the copy is kept");
        fs::remove_dir_all(runnable).unwrap();
    }

    #[test]
    fn a_list_that_points_out_of_the_package_is_refused() {
        let package = package();
        let list = r#"[{"source":"native/lib/x","target":"/etc/x"}]"#;
        fs::write(package.path().join("pg-symlinks.json"), list).unwrap();
        assert!(make_links(package.path(), package.path()).is_err());
    }
}

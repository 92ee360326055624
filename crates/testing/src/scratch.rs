//! Folders that disappear with the test binary, also when it is killed.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};

const PREFIX: &str = "bionicpro-test-";

/// A folder of this process. Statics are not dropped at the end of a process, so a shell waits for the end of a
/// pipe that this process holds, and removes the folder then.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    /// Its end is what the shell waits for.
    _pipe: ChildStdin,
}

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let temporary = std::env::temp_dir();
        remove_leftovers(&temporary);
        let path = temporary.join(format!("{PREFIX}{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let mut shell = Command::new("/bin/sh")
            // An engine that ends together with this process may still be writing: try again until nothing is left.
            .args([
                "-c",
                "read -r _; for i in 1 2 3 4 5 6 7 8 9; do rm -rf -- \"$1\" && exit; sleep 1; done",
                "sh",
            ])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C in a terminal must not end it before its work.
            .process_group(0)
            .spawn()
            .unwrap();
        let pipe = shell.stdin.take().unwrap();
        // Reaped by the system once this process has ended.
        drop(shell);
        Scratch { path, _pipe: pipe }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Removes the folders of test binaries that ended together with their shell, as in a reboot.
fn remove_leftovers(temporary: &Path) {
    for entry in std::fs::read_dir(temporary).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
        if owner.is_some_and(|pid| !is_alive(pid)) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn is_alive(pid: u32) -> bool {
    let probe = Command::new("kill").args(["-0", &pid.to_string()]).stderr(Stdio::null()).status();
    // When in doubt, alive: nothing of somebody else's is removed.
    probe.map_or(true, |status| status.success()) || Path::new(&format!("/proc/{pid}")).exists()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_folder_is_removed_when_its_process_lets_go_of_it() {
        let scratch = Scratch::new("let-go");
        let path = scratch.path().to_path_buf();
        std::fs::write(path.join("file"), "").unwrap();
        drop(scratch);
        let start = Instant::now();
        while path.exists() {
            assert!(start.elapsed() < Duration::from_secs(10), "{} is still there", path.display());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn only_what_dead_processes_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mut ended = Command::new("true").spawn().unwrap();
        ended.wait().unwrap();
        let dead = folder.path().join(format!("{PREFIX}{}-postgres", ended.id()));
        let mine = folder.path().join(format!("{PREFIX}{}-postgres", std::process::id()));
        let other = folder.path().join("something-else");
        for path in [&dead, &mine, &other] {
            std::fs::create_dir(path).unwrap();
        }
        remove_leftovers(folder.path());
        assert!(!dead.exists());
        assert!(mine.exists() && other.exists());
    }
}

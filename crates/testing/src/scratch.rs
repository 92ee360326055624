//! Temporary folders that are removed when the test binary ends, even if it is killed.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};

const PREFIX: &str = "bionicpro-test-";

/// A temporary folder of this process. Statics are not dropped when a process ends, so a shell waits until
/// the pipe that this process holds is closed, and then removes the folder.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    /// The pipe whose closing the shell waits for.
    _pipe: ChildStdin,
}

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let temporary = std::env::temp_dir();
        remove_leftovers(&temporary);
        let path = temporary.join(format!("{PREFIX}{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let mut shell = Command::new("/bin/sh")
            // An engine that ends together with this process may still be writing: retry until nothing is
            // left.
            .args([
                "-c",
                "read -r _; for i in 1 2 3 4 5 6 7 8 9; do rm -rf -- \"$1\" && exit; sleep 1; done",
                "sh",
            ])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // In its own process group, so that Ctrl-C in a terminal does not end it before it has cleaned
            // up.
            .process_group(0)
            .spawn()
            .unwrap();
        let pipe = shell.stdin.take().unwrap();
        // Reaped by the init process once this process has ended.
        drop(shell);
        Scratch { path, _pipe: pipe }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Removes the folders of test binaries that ended together with their shell, as on a reboot.
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
    // When in doubt, alive, so that no folder of a running process is removed.
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

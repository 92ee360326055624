//! A demo as a process, for the tests that start one.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_bionicpro");

/// The demo with a small fleet, under the umask that most systems have.
pub(crate) fn demo(data: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "umask 022; exec \"$@\"", "sh", BINARY]);
    command.args(["demo", "--ports", "auto", "--users", "5", "--days", "3", "--data"]).arg(data).args(flags);
    bionicpro_testing::without_configuration(&mut command);
    command
}

/// A running demo that is ended with the test, however the test ends.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) ready: Value,
    said: Arc<Mutex<String>>,
}

impl Running {
    pub(crate) fn start(data: &Path, flags: &[&str]) -> Running {
        let mut command = demo(data, flags);
        let mut child = command.arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| {
            let mut text = String::new();
            errors.read_to_string(&mut text).unwrap();
            panic!("no ready line but {line:?}\n{text}");
        });
        let said = Arc::<Mutex<String>>::default();
        let hears = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                hears.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        Running { child, ready, said }
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// The demo's output on the terminal so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The demo may already have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap().success());
}

/// The process of the demo's warehouse.
pub(crate) fn warehouse_pid(data: &Path) -> u32 {
    std::fs::read_to_string(data.join("warehouse/lock")).unwrap().trim().parse().unwrap()
}

/// The first process of the demo's PostgreSQL.
pub(crate) fn postgres_pid(data: &Path) -> u32 {
    let file = std::fs::read_to_string(data.join("postgres/cluster/postmaster.pid")).unwrap();
    file.lines().next().unwrap().trim().parse().unwrap()
}

pub(crate) fn eventually(what: &str, mut check: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !check() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

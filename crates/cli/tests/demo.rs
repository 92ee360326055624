//! The demo as a whole, as a newcomer and as a script start it: real engines, real signals.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A folder whose name would break a careless command line.
fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("bionicpro demo ").tempdir().unwrap()
}

fn demo(data: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bionicpro"));
    command.args(["demo", "--ports", "auto", "--users", "5", "--days", "3", "--data"]).arg(data).args(flags);
    bionicpro_testing::without_configuration(&mut command);
    command
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A running demo that is ended with the test, however the test ends.
struct Running {
    child: Child,
    ready: Value,
}

impl Running {
    fn start(data: &Path, flags: &[&str]) -> Running {
        let mut command = demo(data, flags);
        let mut child = command.arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| {
            let mut errors = String::new();
            child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
            panic!("no ready line but {line:?}\n{errors}");
        });
        Running { child, ready }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Whether something still accepts connections on the port of PostgreSQL.
    fn databases_answer(&self) -> bool {
        let port = u16::try_from(self.ready["crm"]["port"].as_u64().unwrap()).unwrap();
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    }

    fn url(&self, part: &str) -> &str {
        self.ready[part]["url"].as_str().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A demo that has already ended is what we want.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn eventually(what: &str, mut check: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !check() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn once_prints_a_report_and_leaves_nothing_running() {
    let data = folder();
    let output = demo(data.path(), &["--once"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let printed = String::from_utf8(output.stdout).unwrap();
    let report: Value = serde_json::from_str(printed.lines().last().unwrap()).unwrap();
    assert_eq!(report["user"], "ivan.petrov");
    let movements = report["summary"]["total_movements"].as_u64().unwrap();
    let hours = report["hourly_data"].as_array().unwrap();
    assert!(movements > 0);
    assert_eq!(movements, hours.iter().map(|hour| hour["movements_count"].as_u64().unwrap()).sum::<u64>());
    assert!(!data.path().join("demo.json").exists());
}

#[test]
fn ctrl_c_stops_everything_and_the_next_start_goes_on_with_the_same_data() {
    let data = folder();
    let mut first = Running::start(data.path(), &["--rate", "0"]);
    let days = |running: &Running| report(running, data.path(), "/api/reports");
    let before = days(&first);
    assert!(before["total"].as_u64().unwrap() >= 3, "{before}");
    let second = demo(data.path(), &[]).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    assert!(text(&second).contains(&format!("process {}", first.child.id())), "{}", text(&second));

    first.signal("INT");
    assert!(first.child.wait().unwrap().success());
    assert!(!first.databases_answer());

    let again = Running::start(data.path(), &["--rate", "0"]);
    assert_eq!(days(&again)["reports"], before["reports"]);
}

#[test]
fn a_killed_demo_leaves_no_database_behind_and_starts_again() {
    let data = folder();
    let mut killed = Running::start(data.path(), &["--engines-only"]);
    assert!(killed.databases_answer());
    killed.signal("KILL");
    killed.child.wait().unwrap();
    eventually("the databases end with their parent", || !killed.databases_answer());

    let mut again = Running::start(data.path(), &["--engines-only"]);
    assert!(again.databases_answer());
    again.signal("HUP");
    assert!(again.child.wait().unwrap().success(), "a closed terminal stops the demo in order");
    assert!(!again.databases_answer());
}

#[test]
fn a_taken_port_is_named_with_the_flag_that_changes_it() {
    let data = folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = demo(data.path(), &["--ports", "fixed", "--api-port", &port]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("--api-port"), "{}", text(&output));
}

#[test]
fn only_demo_accounts_get_a_token() {
    let data = folder();
    let _running = Running::start(data.path(), &["--rate", "0"]);
    let token = token(data.path(), "mallory");
    assert_eq!(token.status.code(), Some(2));
    assert!(text(&token).contains("ivan.petrov"), "{}", text(&token));
}

fn token(data: &Path, username: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bionicpro"));
    command.args(["demo", "token", username, "--data"]).arg(data).output().unwrap()
}

fn report(running: &Running, data: &Path, path: &str) -> Value {
    let token = String::from_utf8(token(data, "ivan.petrov").stdout).unwrap();
    let url = format!("{}{path}", running.url("api"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let answer = reqwest::Client::new().get(url).bearer_auth(token.trim()).send().await.unwrap();
        answer.json().await.unwrap()
    })
}

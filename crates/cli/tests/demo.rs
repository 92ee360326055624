//! The demo as a whole, as a new user and a script start it: real engines, real signals.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

mod running;

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;

use crate::running::{BINARY, Running, demo, eventually, postgres_pid, signal, warehouse_pid};

/// A folder whose name would break a careless command line.
fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("bionicpro demo ").tempdir().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

impl Running {
    /// Returns true if something still accepts connections on the port of PostgreSQL.
    fn databases_answer(&self) -> bool {
        let port = u16::try_from(self.ready["crm"]["port"].as_u64().unwrap()).unwrap();
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    }

    fn url(&self, part: &str) -> &str {
        self.ready[part]["url"].as_str().unwrap()
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
fn the_end_of_one_part_is_not_the_end_of_the_others_and_it_comes_back() {
    let data = folder();
    let mut running = Running::start(data.path(), &["--rate", "20"]);
    let of = |name| String::from_utf8(token(data.path(), name).stdout).unwrap();
    let (ivan, john) = (of("ivan.petrov"), of("john.mueller"));
    let ask_as = |token: &str, url: String| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let http =
                reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
            let answer = http.get(url).bearer_auth(token.trim()).send().await.unwrap();
            let retry = answer.headers().contains_key("retry-after");
            (answer.status().as_u16(), retry, answer.text().await.unwrap())
        })
    };
    let ask = |url| ask_as(&ivan, url);
    let (web, api) = (running.url("web").to_owned(), running.url("api").to_owned());
    let reports_of = |token: &str| ask_as(token, format!("{api}/api/reports"));
    let reports = || reports_of(&ivan);
    let others_answer = || {
        assert_eq!(ask(format!("{web}/health/live")).0, 200);
        assert_eq!(ask(format!("{web}/auth/me")).0, 401, "the sessions answer that there is none");
        assert_eq!(ask(format!("{api}/health/live")).0, 200);
    };
    assert_eq!(reports().0, 200);

    let killed = warehouse_pid(data.path());
    signal(killed, "KILL");
    let (status, retry, problem) = reports_of(&john);
    assert_eq!((status, retry), (503, true), "{problem}");
    others_answer();
    eventually("reports are there again", || reports_of(&john).0 == 200);
    assert_ne!(warehouse_pid(data.path()), killed);

    signal(postgres_pid(data.path()), "KILL");
    eventually("the databases end", || !running.databases_answer());
    assert_eq!(reports().0, 200, "the warehouse has them");
    others_answer();
    eventually("the databases are there again", || running.said().contains("PostgreSQL: is back"));
    assert!(running.databases_answer());

    let said = running.said();
    for line in ["the warehouse: ended, restarts in 1 s", "the warehouse: is back", "PostgreSQL: ended"] {
        assert_eq!(said.lines().filter(|said| said.contains(line)).count(), 1, "{line}\n{said}");
    }
    running.signal("INT");
    assert!(running.child.wait().unwrap().success());
    assert!(!running.databases_answer());
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
    let mut command = Command::new(BINARY);
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

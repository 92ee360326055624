//! `bionicpro simulate` as a person and a script see it: output, exit status, Ctrl-C.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use bionicpro_testing::{TestDatabase, postgres};
use serde_json::Value;

struct Sources {
    crm: TestDatabase,
    telemetry: TestDatabase,
    folder: tempfile::TempDir,
}

impl Sources {
    async fn new() -> Self {
        Sources {
            crm: postgres().database().await,
            telemetry: postgres().database().await,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn bionicpro(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bionicpro"));
        command.args(arguments).current_dir(self.folder.path());
        command.env("BIONICPRO_CRM_URL", self.crm.url.expose_secret().as_str());
        command.env("BIONICPRO_TELEMETRY_URL", self.telemetry.url.expose_secret().as_str());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.bionicpro(arguments).output().unwrap()
    }

    async fn rows(&self) -> i64 {
        let count = "SELECT count(*) FROM telemetry.raw_telemetry";
        self.telemetry.client().await.query_one(count, &[]).await.unwrap().get(0)
    }
}

const SEED: &[&str] = &[
    "simulate",
    "seed",
    "--users",
    "8",
    "--days",
    "2",
    "--until",
    "2024-03-01",
    "--movements-per-day",
    "50",
];

#[tokio::test]
async fn seed_prints_what_it_wrote_and_draws_no_bar_into_a_log() {
    let sources = Sources::new().await;
    let output = sources.run(&[SEED, &["--json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["customers"], 8);
    assert_eq!(printed["movements"], sources.rows().await);
    assert_eq!(printed["to"], "2024-03-01T00:00:00Z");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));

    let again = sources.run(SEED);
    assert_eq!(again.status.code(), Some(2));
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(said.contains("already holds data") && said.contains("--fresh"), "{said}");
    assert!(!said.contains(sources.crm.url.expose_secret().password().unwrap()), "{said}");

    assert!(sources.run(&[SEED, &["--fresh"]].concat()).status.success());
    let both = sources.run(&[SEED, &["--fresh", "--append"]].concat());
    assert_eq!(both.status.code(), Some(2));
}

#[tokio::test]
async fn wrong_use_and_absent_databases_have_their_exit_statuses() {
    let sources = Sources::new().await;
    for (arguments, status) in [
        (&["simulate", "seed", "--days", "0"][..], 2),
        (&["simulate", "seed", "--until", "yesterday"], 2),
        (&["simulate", "live", "--rate", "0"], 2),
    ] {
        assert_eq!(sources.run(arguments).status.code(), Some(status), "{arguments:?}");
    }
    let away =
        sources.bionicpro(SEED).env("BIONICPRO_CRM_URL", "postgresql://a:b@127.0.0.1:1/x").output().unwrap();
    assert_eq!(away.status.code(), Some(3));
    let unset = sources.bionicpro(SEED).env_remove("BIONICPRO_CRM_URL").output().unwrap();
    assert_eq!(unset.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unset.stderr).contains("BIONICPRO_CRM_URL"));
}

#[tokio::test]
async fn live_writes_until_ctrl_c_and_tells_how_much() {
    let sources = Sources::new().await;
    assert!(sources.run(SEED).status.success());
    let before = sources.rows().await;
    let live = sources
        .bionicpro(&["simulate", "live", "--rate", "300", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while sources.rows().await < before + 60 {
        assert!(start.elapsed() < Duration::from_secs(30), "no rows come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let output = interrupt(live);
    assert!(output.status.success());
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["movements"].as_i64().unwrap(), sources.rows().await - before);
}

fn interrupt(child: Child) -> Output {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    child.wait_with_output().unwrap()
}

//! `bionicpro audit verify` as an auditor runs it, on a log of real processes that were killed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails by a panic")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn bionicpro(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bionicpro"));
    command.current_dir(folder).args(arguments);
    bionicpro_testing::without_configuration(&mut command);
    command.env("BIONICPRO_AUDIT_FOLDER", folder.join("audit"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn verify(folder: &Path, arguments: &[&str]) -> Output {
    bionicpro(folder, &["audit", "verify", "--json"]).args(arguments).output().unwrap()
}

/// Starts the API, waits until it is ready, kills it, and returns the anchor of its log's last line.
fn killed_api(folder: &Path) -> String {
    let mut command = bionicpro(folder, &["serve", "api", "--listen", "127.0.0.1:0", "--no-metrics"]);
    command
        .env("BIONICPRO_OIDC_ISSUER", "http://127.0.0.1:1/realms/reports-realm")
        .env("BIONICPRO_STORE_URL", "redis://127.0.0.1:1/0")
        .env("BIONICPRO_WAREHOUSE_URL", "http://reader@127.0.0.1:1/")
        .env("BIONICPRO_LOG_JSON", "true");
    let mut server = command.spawn().unwrap();
    let (mut anchor, mut answers) = (String::new(), false);
    for line in BufReader::new(server.stderr.take().unwrap()).lines() {
        let event: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        if let Some(hash) = event["hash"].as_str() {
            anchor = format!("api:{}:{hash}", event["sequence"]);
        }
        answers |= event["address"].is_string();
        if answers && !anchor.is_empty() {
            break;
        }
    }
    server.kill().unwrap();
    server.wait().unwrap();
    anchor
}

#[test]
fn a_log_over_killed_processes_verifies_and_a_changed_one_is_status_4() {
    let folder = tempfile::tempdir().unwrap();
    let anchors = [killed_api(folder.path()), killed_api(folder.path()), killed_api(folder.path())];
    let output = verify(folder.path(), &["--anchor", &anchors[0], "--anchor", &anchors[2]]);
    assert!(output.status.success(), "{output:?}");
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["service"], &told["last"]), (&"api".into(), &3.into()));

    let path = folder.path().join("audit/api/000000000001.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"done\"", "\"gone\"", 1)).unwrap();
    let output = verify(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(4));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("000000000001.jsonl, line 1: its hash does not match"), "{error}");

    // Truncated at a line: only an anchor detects it.
    std::fs::write(&path, text.lines().take(2).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    assert!(verify(folder.path(), &["--anchor", &anchors[1]]).status.success());
    assert_eq!(verify(folder.path(), &["--anchor", &anchors[2]]).status.code(), Some(4));
}

#[test]
fn without_a_log_there_is_nothing_to_verify() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = bionicpro(folder.path(), &["audit", "verify"]);
    let output = command.env_remove("BIONICPRO_AUDIT_FOLDER").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("audit.folder"));
    assert_eq!(verify(folder.path(), &["--anchor", "api:1"]).status.code(), Some(2));
}

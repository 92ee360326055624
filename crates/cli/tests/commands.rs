//! The output and the exit status of commands, on which an orchestrator relies.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::path::Path;
use std::process::{Command, Output};

fn bionicpro(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bionicpro"));
    bionicpro_testing::without_configuration(&mut command);
    command.current_dir(folder).envs(variables.iter().copied()).args(arguments).output().unwrap()
}

fn refused(status: i32, expected: &[&str], variables: &[(&str, &str)], arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let output = bionicpro(folder.path(), variables, arguments);
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}");
    for part in expected {
        assert!(text.contains(part), "{arguments:?}: {part:?} is not in {text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
}

/// A URL on which nothing listens: the port was free a moment ago and is not reused so soon.
fn nowhere(scheme: &str, database: &str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    format!("{scheme}://bionicpro:hunter2@127.0.0.1:{port}/{database}")
}

#[test]
fn what_has_to_be_configured_is_named_with_its_variable() {
    refused(2, &["crm.url", "BIONICPRO_CRM_URL"], &[], &["etl", "run"]);
    refused(2, &["warehouse.url"], &[], &["warehouse", "migrate"]);
    refused(
        2,
        &["BIONICPRO_CRM_URI"],
        &[("BIONICPRO_CRM_URI", "postgresql://a:hunter2@b/c")],
        &["config", "show"],
    );
    refused(2, &["no-such.toml"], &[], &["--config", "no-such.toml", "config", "show"]);
}

#[test]
fn a_command_line_that_is_wrong_ends_with_2() {
    refused(2, &["unrecognized subcommand"], &[], &["frobnicate"]);
    refused(2, &["not a run id"], &[], &["etl", "transform", "--run", "../../etc"]);
}

#[test]
fn what_cannot_be_reached_ends_with_3_and_may_be_tried_again() {
    let warehouse = nowhere("http", "");
    refused(
        3,
        &["cannot be reached", "onnection refused", "warehouse.url"],
        &[("BIONICPRO_WAREHOUSE_URL", &warehouse)],
        &["warehouse", "migrate"],
    );
}

#[test]
fn missing_engines_are_named_with_the_command_that_fetches_them() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    refused(2, &["make build"], &[("BIONICPRO_ENGINES_DIR", dir)], &["warehouse", "serve"]);
}

#[test]
fn the_doctor_says_for_each_part_what_to_do() {
    let crm = nowhere("postgresql", "crm_db");
    let stage = tempfile::tempdir().unwrap();
    let stage = format!("file://{}", stage.path().display());
    refused(
        3,
        &["FAILED   crm", "onnection refused", "skipped  telemetry", "ok       stage", "what to do"],
        &[("BIONICPRO_CRM_URL", &crm), ("BIONICPRO_STAGE_URL", &stage)],
        &["doctor"],
    );
}

#[test]
fn the_shown_configuration_has_no_secret_and_says_where_each_value_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bionicpro.toml"), "[telemetry]\nconnections = 3\n").unwrap();
    let variables = [("BIONICPRO_CRM_URL", "postgresql://reader:hunter2@db/crm")];
    let output = bionicpro(folder.path(), &variables, &["config", "show"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |key: &str| text.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    assert!(line("telemetry.connections").contains("bionicpro.toml"), "{text}");
    assert!(line("crm.url").contains("reader:***@db") && line("crm.url").contains("environment"), "{text}");
    assert!(!text.contains("hunter2"));
}

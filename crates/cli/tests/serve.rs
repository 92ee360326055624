//! `bionicpro serve api` as an operator starts it: its refusals, its log, its end.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails by a panic")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};

const BINARY: &str = env!("CARGO_BIN_EXE_bionicpro");

/// The command in an empty folder, so that no configuration of this machine is read.
fn serve(folder: &tempfile::TempDir, flags: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.current_dir(folder).args(["serve", "api", "--listen", "127.0.0.1:0", "--no-metrics"]).args(flags);
    bionicpro_testing::without_configuration(&mut command);
    command.env("BIONICPRO_LOG_JSON", "true").stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn configured(command: &mut Command) -> &mut Command {
    command
        .env("BIONICPRO_OIDC_ISSUER", "http://127.0.0.1:1/realms/reports-realm")
        .env("BIONICPRO_STORE_URL", "redis://127.0.0.1:1/0")
        .env("BIONICPRO_WAREHOUSE_URL", "http://reader:hunter2@127.0.0.1:1/")
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_missing_issuer_or_warehouse_is_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let output = configured(&mut serve(&folder, &[])).env_remove("BIONICPRO_OIDC_ISSUER").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("oidc.issuer"), "{}", told(&output));
    let output = configured(&mut serve(&folder, &[])).env_remove("BIONICPRO_WAREHOUSE_URL").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("warehouse.url"), "{}", told(&output));
}

#[test]
fn a_limit_of_zero_and_a_taken_port_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let output = configured(&mut serve(&folder, &["--requests-per-minute", "0"])).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("api.requests_per_minute"), "{}", told(&output));

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = Command::new(BINARY);
    command.current_dir(&folder).args(["serve", "api", "--no-metrics", "--listen", &address]);
    let output = configured(&mut command).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains(&address) && told(&output).contains("--listen"), "{}", told(&output));
}

#[test]
fn a_refusal_that_comes_after_the_bff_gave_up_is_refused_wherever_both_are_known() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["serve", "api"] as &[_], &["serve", "bff"], &["doctor"]] {
        let mut command = Command::new(BINARY);
        command.current_dir(&folder).args(arguments);
        bionicpro_testing::without_configuration(&mut command);
        command
            .env("BIONICPRO_BFF_CLIENT_SECRET_FILE", "secret")
            .env("BIONICPRO_BFF_REQUEST_TIMEOUT_S", "10");
        let output = command.env("BIONICPRO_API_REFUSAL_DELAY_S", "10").output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let told = told(&output) + &String::from_utf8(output.stdout).unwrap();
        assert!(
            told.contains("set api.refusal_delay_s below bff.request_timeout_s"),
            "{arguments:?}: {told}"
        );
    }
}

#[test]
fn it_answers_without_its_dependencies_and_stops_by_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Stopped(configured(&mut serve(&folder, &[])).spawn().unwrap());
    let mut log = BufReader::new(server.0.stderr.take().unwrap());
    let mut line = String::new();
    let address = loop {
        line.clear();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "it ended before it was ready");
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        if let Some(address) = event["address"].as_str() {
            break address.to_owned();
        }
    };
    assert!(ask(&address, "/health").starts_with("HTTP/1.1 200"));
    assert!(ask(&address, "/health/ready").starts_with("HTTP/1.1 503"));

    let pid = server.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(server.0.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    log.read_to_string(&mut rest).unwrap();
    assert!(!rest.contains("hunter2") && !line.contains("hunter2"), "{rest}");
}

fn ask(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// A server that does not outlive a failed test.
struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

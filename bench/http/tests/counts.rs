//! The load tool against the bare server, as processes: what it prints is what happened.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

const TOOL: &str = env!("CARGO_BIN_EXE_bench-http");

/// A bare server that ends with the test.
struct Bare {
    process: Child,
    url: String,
}

impl Bare {
    fn answering(body: &str) -> Self {
        let file = std::env::temp_dir().join(format!("bench-http-{}-{}", std::process::id(), body.len()));
        std::fs::write(&file, body).expect("a writable temporary folder");
        let mut process = Command::new(TOOL)
            .args(["serve", "--seconds", "60", "--body"])
            .arg(&file)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the tool starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        std::fs::remove_file(file).expect("it is ours");
        let ready: Value = serde_json::from_str(&line).expect("one line of JSON");
        Bare { process, url: ready["url"].as_str().expect("an address").to_owned() }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn load(arguments: &[&str]) -> Value {
    let output = Command::new(TOOL).arg("load").args(arguments).output().expect("the tool starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one line of JSON")
}

#[test]
fn every_request_of_every_connection_is_counted_once() {
    let bare = Bare::answering("{\"total\":17}");
    let figures = load(&[&bare.url, "--connections", "7", "--requests", "1000"]);
    assert_eq!(figures["requests"], 1000);
    assert_eq!(figures["ok"], 1000);
    assert_eq!(figures["errors"], 0);
    assert_eq!(figures["body_bytes"], 12 * 1000);
    let latency = &figures["latency_us"];
    assert!(latency["p50"].as_u64().unwrap() <= latency["p99"].as_u64().unwrap());
    assert!(latency["p99"].as_u64().unwrap() <= latency["max"].as_u64().unwrap());
    assert!(latency["max"].as_u64().unwrap() > 0);
}

#[test]
fn a_rate_holds_the_requests_back() {
    let bare = Bare::answering("{}");
    let figures = load(&[&bare.url, "--connections", "2", "--rate", "200", "--requests", "50"]);
    assert_eq!(figures["requests"], 50, "{figures}");
    // The last of 50 is due 49 × 5 ms after the first. There is no upper bound: a busy machine is only later.
    assert!(figures["seconds"].as_f64().unwrap() >= 0.245, "{figures}");
}

#[test]
fn a_server_that_is_away_is_an_error_and_not_a_fast_answer() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let figures = load(&[&format!("http://127.0.0.1:{port}/"), "--requests", "5"]);
    assert_eq!(figures["requests"], 5);
    assert_eq!(figures["errors"], 5);
    assert_eq!(figures["ok"], 0);
    assert_eq!(figures["latency_us"]["max"], 0);
}

#[test]
fn a_load_comes_from_the_address_that_is_asked_for_and_from_this_machine() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let accepting = std::thread::spawn(move || listener.accept().unwrap().1.ip());
    load(&[&url, "--requests", "1", "--from", "127.0.0.2"]);
    assert_eq!(accepting.join().unwrap().to_string(), "127.0.0.2");

    let output = Command::new(TOOL).args(["load", &url, "--from", "192.0.2.1"]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("not loopback"));
}

#[test]
fn another_machine_is_refused() {
    let output = Command::new(TOOL).args(["load", "http://192.0.2.1:80/"]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("not loopback"));
}

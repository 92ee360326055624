//! The load tool against the bare server, as processes: the printed figures are correct.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

const TOOL: &str = env!("CARGO_BIN_EXE_bench-http");

/// A bare server that ends with the test.
struct Bare {
    process: Child,
    url: String,
}

impl Bare {
    fn answering(body: &str) -> Self {
        Bare::with(body, &[])
    }

    fn with(body: &str, more: &[&str]) -> Self {
        let file = temporary("body", body);
        let mut process = Command::new(TOOL)
            .args(["serve", "--seconds", "60", "--body"])
            .arg(&file)
            .args(more)
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

/// A file of its own for every caller.
fn temporary(name: &str, text: &str) -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let file = std::env::temp_dir().join(format!("bench-http-{name}-{}-{number}", std::process::id()));
    std::fs::write(&file, text).expect("a writable temporary folder");
    file
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
fn what_is_known_already_is_asked_for_and_nothing_else_counts() {
    let bare = Bare::with("{\"total\":17}", &["--etag", "W/\"a\""]);
    let known = temporary("known", "if-none-match: W/\"a\"\n");
    let stale = temporary("stale", "if-none-match: W/\"b\"\n");
    let asked = |file: &PathBuf, more: &[&str]| {
        load(&[&[&*bare.url, "--requests", "20", "--headers", file.to_str().unwrap()], more].concat())
    };
    let figures = asked(&known, &["--status", "304"]);
    assert_eq!(
        (&figures["ok"], &figures["errors"], &figures["body_bytes"]),
        (&20.into(), &0.into(), &0.into())
    );
    let figures = asked(&stale, &["--status", "304"]);
    assert_eq!((&figures["ok"], &figures["errors"]), (&0.into(), &20.into()), "{figures}");
    let figures = asked(&known, &[]);
    assert_eq!((&figures["ok"], &figures["errors"]), (&0.into(), &20.into()), "{figures}");
    std::fs::remove_file(known).unwrap();
    std::fs::remove_file(stale).unwrap();
}

#[test]
fn a_group_is_asked_for_in_order_on_one_connection() {
    const PEOPLE: usize = 40;
    let lines = (0..PEOPLE).flat_map(|person| (0..3).map(move |page| format!("/{person}/{page}\n")));
    let list = temporary("groups", &lines.collect::<String>());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (sender, ended) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let sender = sender.clone();
            std::thread::spawn(move || sender.send(paths_of(&stream.unwrap())));
        }
    });
    let requests = (PEOPLE * 3).to_string();
    let figures = load(&[
        &*url,
        "--targets",
        list.to_str().unwrap(),
        "--group",
        "3",
        "--connections",
        "4",
        "--requests",
        &requests,
    ]);
    assert_eq!(figures["ok"], PEOPLE * 3);
    std::fs::remove_file(list).unwrap();
    let mut groups = 0;
    while groups < PEOPLE {
        let paths = ended.recv_timeout(Duration::from_secs(30)).expect("every connection ends with the load");
        groups += paths.len() / 3;
        for group in paths.chunks(3) {
            let person = group[0].split('/').nth(1).unwrap();
            assert_eq!(group, [0, 1, 2].map(|page| format!("/{person}/{page}")));
        }
    }
}

/// Answers every request of a connection; returns the paths in the order of the requests.
fn paths_of(stream: &std::net::TcpStream) -> Vec<String> {
    let mut paths = Vec::new();
    let mut writer = stream;
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        if let Some(path) = line.strip_prefix("GET ").and_then(|rest| rest.strip_suffix(" HTTP/1.1")) {
            paths.push(path.to_owned());
        } else if line.is_empty() {
            writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").expect("a reader");
        }
    }
    paths
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

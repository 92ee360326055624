//! The audit log of the API: every answer with personal data, refusals included, has a line before it is
//! sent.

use std::path::Path;

use bionicpro_audit::{Config, verify};
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{App, Person, at};

/// Returns the lines without those of the log itself, reduced to the members that describe the request.
pub(crate) fn lines(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("api/000000000001.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut lines: Vec<_> = lines.filter(|line| line["event"] != "audit.open").collect();
    for line in &mut lines {
        let members = line.as_object_mut().unwrap();
        for name in ["sequence", "at", "previous", "hash", "subject"] {
            members.remove(name);
        }
    }
    lines
}

fn is_bind(line: &Value) -> bool {
    line["event"] == "identity.bind"
}

#[tokio::test]
async fn what_is_read_and_what_is_refused_is_written_down_before_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { folder: Some(folder.path().to_owned()), ..Config::default() };
    let app = App::builder().audited(&config).start().await;
    let (alice, bob) = (Person::new("alice", 1), Person::new("bob", 1));
    let hour = at("2024-01-15T08:00:00Z");
    app.seed(&[&alice, &bob], &[alice.cell(1, hour), bob.cell(1, hour)]).await;
    let client = app.wearer("alice");

    let theirs = format!("/api/reports/2024-01-15?prosthesis_id={}", bob.prostheses[0]);
    let asked = [
        ("/api/reports/2024-01-15", 200),
        ("/api/reports/2024-01-15", 200),
        ("/api/reports/2024-01-16", 404),
        (theirs.as_str(), 404),
        ("/api/reports/summary?from=2024-01-01&to=2024-02-01", 200),
        ("/api/reports?limit=0", 400),
    ];
    let mut ids = Vec::new();
    for (path, status) in asked {
        let answered = client.get(path).await;
        assert_eq!(answered.checked_status(), status, "{path}");
        ids.push(answered.header("x-request-id").to_owned());
        // The line is written before the answer arrives.
        assert_eq!(lines(folder.path()).iter().filter(|line| !is_bind(line)).count(), ids.len(), "{path}");
    }
    assert_eq!(app.not_a_wearer("carol").get("/api/reports").await.checked_status(), 403);
    for _ in 0..3 {
        assert_eq!(app.with_token("a.b.c".to_owned()).get("/api/reports").await.checked_status(), 401);
    }
    assert_eq!(app.administrator("root").get("/api/staff/pipeline").await.checked_status(), 200);
    for path in ["/health", "/openapi.json", "/no/such"] {
        client.get(path).await;
    }
    app.stop().await;

    let day = |id: usize, from: &str, to: &str, status: u16, outcome: &str| {
        json!({
            "event": "report.read", "outcome": outcome, "who": "alice", "whose": "alice", "from": from, "to": to,
            "route": "/api/reports/{date}", "status": status, "request_id": ids[id],
        })
    };
    let with_reason = |mut line: Value, reason: &str| {
        line["reason"] = reason.into();
        line
    };
    let (bound, written): (Vec<Value>, Vec<Value>) = lines(folder.path()).into_iter().partition(is_bind);
    let bound: Vec<&Value> = bound.iter().map(|line| &line["who"]).collect();
    assert_eq!(bound, ["alice"], "once, and none without the role");
    assert_eq!(written[0], day(0, "2024-01-15", "2024-01-16", 200, "done"));
    assert_eq!(
        written[1],
        day(1, "2024-01-15", "2024-01-16", 200, "done"),
        "every time, whatever was cached"
    );
    assert_eq!(written[2], with_reason(day(2, "2024-01-16", "2024-01-17", 404, "refused"), "not-found"));
    assert_eq!(written[3], with_reason(day(3, "2024-01-15", "2024-01-16", 404, "refused"), "not-found"));
    assert_eq!((&written[4]["from"], &written[4]["to"]), (&"2024-01-01".into(), &"2024-02-01".into()));
    assert_eq!(written[5]["reason"], "invalid-parameter");
    assert_eq!((&written[6]["who"], &written[6]["status"]), (&"carol".into(), &403.into()));
    assert_eq!((&written[7]["event"], &written[7]["who"]), (&"staff.read".into(), &"root".into()));
    assert!(written[7]["whose"].is_null());
    assert_eq!((&written[8]["event"], &written[8]["count"]), (&"requests.refused".into(), &3.into()));
    assert_eq!(written.len(), 9, "{written:#?}");

    assert_eq!(verify(&config, &[]).unwrap()[0].last, 11);
    let text = std::fs::read_to_string(folder.path().join("api/000000000001.jsonl")).unwrap();
    for secret in ["Hand 1", "CHIP-", "eyJ", "a.b.c", "movements", &bob.prostheses[0].to_string()] {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_answered() {
    let folder = tempfile::tempdir().unwrap();
    // Each line starts a new file.
    let config = Config { folder: Some(folder.path().to_owned()), max_file_bytes: 1, ..Config::default() };
    let app = App::builder().audited(&config).start().await;
    let alice = Person::new("alice", 1);
    app.seed(&[&alice], &[alice.cell(1, at("2024-01-15T08:00:00Z"))]).await;
    let client = app.wearer("alice");
    assert_eq!(client.get("/api/reports/2024-01-15").await.checked_status(), 200);
    std::fs::remove_dir_all(folder.path().join("api")).unwrap();
    let refused = client.get("/api/reports/2024-01-15").await;
    assert_eq!(refused.checked_status(), 503);
    assert!(!refused.body.contains("CHIP"), "{refused:?}");
    assert_eq!(app.anonymous().get("/health").await.checked_status(), 200);
}

/// The log contains the days that the handler read, for any encoding of the URL and for default ranges too.
#[tokio::test]
async fn the_days_of_a_line_are_those_that_were_read() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { folder: Some(folder.path().to_owned()), ..Config::default() };
    let app = App::builder().audited(&config).start().await;
    let alice = Person::new("alice", 1);
    app.seed(&[&alice], &[alice.cell(1, at("2024-01-15T08:00:00Z"))]).await;
    let client = app.wearer("alice");
    let days_before = |days: i64| (Utc::now().date_naive() + TimeDelta::days(1 - days)).to_string();
    let (tomorrow, month, year) = (days_before(0), days_before(30), days_before(366));
    let usual_from = days_before(29);
    let today = days_before(1);
    let asked: [(&str, Option<&str>, Option<&str>); 16] = [
        ("/api/reports/2024-01-15", Some("2024-01-15"), Some("2024-01-16")),
        ("/api/calendar/2024-01-15", Some("2024-01-15"), Some("2024-01-16")),
        ("/api/reports/summary?from=%32024-01-01&to=2024-02-0%31", Some("2024-01-01"), Some("2024-02-01")),
        ("/api/reports/summary?%66rom=2024-01-01&%74%6f=2024-02-01", Some("2024-01-01"), Some("2024-02-01")),
        ("/api/reports/summary", Some(&year), Some(&tomorrow)),
        ("/api/reports/days", Some(&month), Some(&tomorrow)),
        ("/api/reports/days?from=2024-01-01&through=2024-01-31", Some("2024-01-01"), Some("2024-02-01")),
        ("/api/reports/days?%74hrough=2024-01-31", Some("2024-01-02"), Some("2024-02-01")),
        ("/api/reports/typical", Some(&month), Some(&tomorrow)),
        ("/api/reports/export", Some(&month), Some(&tomorrow)),
        ("/api/reports/export?%66rom=2024-01-01&to=2024-02-01", Some("2024-01-01"), Some("2024-02-01")),
        ("/api/reports/usual", Some(&usual_from), Some(&today)),
        ("/api/reports/usual?date=2024-01-1%35", Some("2023-12-18"), Some("2024-01-15")),
        (
            "/api/reports/compare?a_from=2024-02-01&a_to=2024-02-08&%62_from=2024-01-01&b_to=2024-01-0%38",
            Some("2024-01-01"),
            Some("2024-02-08"),
        ),
        ("/api/reports", None, None),
        ("/api/reports?%62efore=2024-01-1%35", None, Some("2024-01-15")),
    ];
    for (path, from, to) in asked {
        let answered = client.get(path).await;
        assert_ne!(answered.checked_status(), 400, "{path}: {answered:?}");
        let lines = lines(folder.path());
        let line = lines.last().unwrap();
        assert_eq!((line["from"].as_str(), line["to"].as_str()), (from, to), "{path}");
        assert_eq!(line["request_id"], answered.header("x-request-id"), "{path}");
    }
    // A request that is refused for its parameters has no days.
    assert_eq!(client.get("/api/reports/summary?from=2024-01-01&to=x").await.checked_status(), 400);
    let lines = lines(folder.path());
    let refused = lines.last().unwrap();
    assert_eq!((&refused["status"], &refused["from"]), (&400.into(), &Value::Null));
}

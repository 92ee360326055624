//! The log as a service writes it, as an attacker changes it, and as an auditor reads it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails by a panic")]

use std::fs;
use std::path::{Path, PathBuf};

use bionicpro_audit::{Anchor, Config, Entry, Event, Log, Outcome, Verified, verify};
use bionicpro_model::{Kind, Result};
use proptest::prelude::*;

const SERVICE: &str = "api";

fn config(folder: &Path) -> Config {
    Config { folder: Some(folder.to_owned()), ..Config::default() }
}

fn keyed(folder: &Path) -> Config {
    let key = folder.join("key");
    fs::write(&key, "0123456789abcdef0123456789abcdef\n").unwrap();
    Config { key_file: Some(key), ..config(&folder.join("audit")) }
}

fn read(name: &str) -> Entry {
    Entry::new(Event::ReportRead, Outcome::Done)
        .who(name, "subject")
        .whose(name)
        .route("/api/reports/{date}")
        .status(200)
}

async fn write(config: &Config, lines: usize) {
    let log = Log::open(config, SERVICE).unwrap();
    for line in 0..lines {
        log.record(read(&format!("person-{line}"))).await.unwrap();
    }
}

fn files(config: &Config) -> Vec<PathBuf> {
    let folder = config.folder.as_ref().unwrap().join(SERVICE);
    let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some());
    found.sort();
    found
}

fn verified(config: &Config) -> Result<Verified> {
    verify(config, &[]).map(|mut logs| logs.remove(0))
}

/// The error with which `verify` rejects the log.
fn complaint(config: &Config, anchors: &[Anchor]) -> String {
    let error = verify(config, anchors).unwrap_err();
    assert_eq!(error.kind(), Kind::Data, "{error:?}");
    error.to_string()
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<String>)) {
    let text = fs::read_to_string(path).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    change(&mut lines);
    fs::write(path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
}

#[tokio::test]
async fn what_was_recorded_is_there_in_order_and_says_what_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let log = Log::open(&config, SERVICE).unwrap();
    let days = ("2024-01-15".parse().ok(), "2024-01-16".parse().ok());
    log.record(read("ivan.petrov").range(days.0, days.1).request("request-1")).await.unwrap();
    log.record(
        Entry::new(Event::SignIn, Outcome::Refused).reason(Some("nonce")).address([192, 0, 2, 7].into()),
    )
    .await
    .unwrap();
    for _ in 0..3 {
        log.refuse("signature");
    }
    drop(log);

    let text = fs::read_to_string(&files(&config)[0]).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["audit.open", "report.read", "session.sign_in", "requests.refused"]);
    let mut line = lines[1].clone();
    for name in ["at", "previous", "hash"] {
        assert!(line.as_object_mut().unwrap().remove(name).unwrap().is_string());
    }
    assert_eq!(
        line,
        serde_json::json!({
            "sequence": 2, "event": "report.read", "outcome": "done", "who": "ivan.petrov", "subject": "subject",
            "whose": "ivan.petrov", "route": "/api/reports/{date}", "from": "2024-01-15", "to": "2024-01-16",
            "status": 200, "request_id": "request-1",
        })
    );
    assert_eq!(lines[2]["address"], "192.0.2.7");
    assert_eq!((&lines[3]["reason"], &lines[3]["count"]), (&"signature".into(), &3.into()));
    let log = verified(&config).unwrap();
    assert_eq!((log.files, log.first, log.last, log.torn, log.is_open), (1, 1, 4, 0, false));
}

#[tokio::test]
async fn many_at_once_are_all_there() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { max_file_bytes: 10_000, ..config(folder.path()) };
    let log = Log::open(&config, SERVICE).unwrap();
    let tasks: Vec<_> = (0..500)
        .map(|number| {
            let log = log.clone();
            tokio::spawn(async move { log.record(read(&format!("person-{number}"))).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    drop(log);
    assert_eq!(verified(&config).unwrap().last, 501);
    assert!(files(&config).len() > 1, "a new file is begun where one is full");
    let mode = fs::metadata(&files(&config)[0]).unwrap().permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
}

#[tokio::test]
async fn what_is_changed_taken_out_inserted_or_moved_is_found() {
    type Change = fn(&mut Vec<String>);
    let changes: [(&str, Change); 6] = [
        ("line 3: its hash does not match", |lines| lines[2] = lines[2].replace("person-1", "person-9")),
        ("line 3: it is line 4 where 3 is expected", |lines| drop(lines.remove(2))),
        ("line 4: it is line 3 where 4 is expected", |lines| lines.insert(3, lines[2].clone())),
        ("line 3: it is line 4 where 3 is expected", |lines| lines.swap(2, 3)),
        ("line 3: it is not a line of the log", |lines| lines.insert(2, "{}".to_owned())),
        ("line 1: it is line 2 where 1 is expected", |lines| drop(lines.remove(0))),
    ];
    for (expected, by) in changes {
        let folder = tempfile::tempdir().unwrap();
        let config = keyed(folder.path());
        write(&config, 5).await;
        assert!(verified(&config).is_ok());
        change(&files(&config)[0], by);
        let told = complaint(&config, &[]);
        assert!(told.contains(expected), "{expected:?}: {told}");
    }
}

#[tokio::test]
async fn a_file_that_is_gone_is_found() {
    for gone in [0, 1] {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { max_file_bytes: 1000, ..keyed(folder.path()) };
        write(&config, 20).await;
        fs::remove_file(&files(&config)[gone]).unwrap();
        assert!(complaint(&config, &[]).contains("missing"));
    }
}

#[tokio::test]
async fn a_log_that_was_made_anew_or_cut_is_found_by_an_anchor_and_by_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let plain = config(folder.path());
    write(&plain, 5).await;
    let seen = verified(&plain).unwrap();
    let anchor: Anchor = format!("api:{}:{}", seen.last, seen.hash).parse().unwrap();
    assert!(verify(&plain, std::slice::from_ref(&anchor)).is_ok());

    change(&files(&plain)[0], |lines| lines.truncate(3));
    assert!(verified(&plain).is_ok(), "a cut at a line is not seen without an anchor");
    assert!(complaint(&plain, std::slice::from_ref(&anchor)).contains("removed from its end"));

    fs::remove_file(&files(&plain)[0]).unwrap();
    write(&plain, 8).await;
    assert!(verified(&plain).is_ok(), "made anew without a key: not seen without an anchor");
    assert!(complaint(&plain, std::slice::from_ref(&anchor)).contains("rewritten"));
    fs::remove_dir_all(plain.folder.as_ref().unwrap().join(SERVICE)).unwrap();
    assert!(complaint(&plain, &[anchor]).contains("no log of api"));

    // Without the key, no line with a valid hash can be written.
    let folder = tempfile::tempdir().unwrap();
    let with_key = keyed(folder.path());
    write(&Config { key_file: None, ..with_key.clone() }, 5).await;
    assert!(complaint(&with_key, &[]).contains("the key is different"));
    assert_eq!(Log::open(&with_key, SERVICE).unwrap_err().kind(), Kind::Data, "nothing is added to it");
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let first = Log::open(&config, SERVICE).unwrap();
    let error = Log::open(&config, SERVICE).unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.report().contains("audit.folder"));
    assert!(Log::open(&config, "bff").is_ok(), "each service has its own");
    drop(first);
    assert!(Log::open(&config, SERVICE).is_ok());
}

#[tokio::test]
async fn a_disk_that_fails_is_told_to_who_records() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { max_file_bytes: 1, ..config(folder.path()) };
    let log = Log::open(&config, SERVICE).unwrap();
    // The next file cannot be created because its folder is gone.
    fs::remove_dir_all(folder.path().join(SERVICE)).unwrap();
    assert_eq!(log.record(read("ivan")).await.unwrap_err().kind(), Kind::Storage);
}

#[tokio::test]
async fn old_files_are_removed_in_order_and_the_rest_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { max_file_bytes: 1000, retention_days: 1, ..keyed(folder.path()) };
    write(&config, 20).await;
    let before = files(&config);
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(3 * 24 * 3600);
    for path in &before[..3] {
        fs::File::options().append(true).open(path).unwrap().set_modified(old).unwrap();
    }
    write(&config, 1).await;
    assert!(before[..3].iter().all(|path| !path.exists()) && before[3].exists());
    let log = verified(&config).unwrap();
    assert!(log.first > 1 && log.last > 21, "{log:?}");
    fs::remove_file(&before[3]).unwrap();
    assert!(complaint(&config, &[]).contains("are missing"), "one more than was removed in order");
}

#[tokio::test]
async fn an_anchor_is_read_strictly() {
    for bad in ["", "api", "api:1", "api:x:00", "api:1:00", &format!("api:-1:{}", "0".repeat(64))] {
        assert_eq!(bad.parse::<Anchor>().unwrap_err().kind(), Kind::Usage, "{bad}");
    }
}

#[tokio::test]
async fn a_line_that_closes_another_may_lack_its_line_feed() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    write(&config, 1).await;
    let path = files(&config).pop().unwrap();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&whole[..], b"{\"sequence\":3,\"at\""].concat()).unwrap();
    write(&config, 0).await;
    // Killed before the line feed of `audit.torn` was written, and before any later line.
    let text = fs::read_to_string(&path).unwrap();
    let end = text.find("audit.torn").unwrap();
    let end = end + text[end..].find('\n').unwrap();
    fs::write(&path, &text[..end]).unwrap();
    assert!(verified(&config).is_ok());
    write(&config, 1).await;
    assert_eq!(verified(&config).unwrap().torn, 1);
}

#[tokio::test]
async fn a_changed_last_line_is_no_unfinished_one() {
    for feed in ["\n", ""] {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        write(&config, 2).await;
        let path = files(&config).pop().unwrap();
        let text = fs::read_to_string(&path).unwrap().replace("person-1", "person-9");
        fs::write(&path, format!("{}{feed}", text.trim_end())).unwrap();
        assert!(complaint(&config, &[]).contains("its hash does not match"));
        assert_eq!(Log::open(&config, SERVICE).unwrap_err().kind(), Kind::Data, "it is not written over");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A killed process may leave any prefix of what it was writing; the next process continues, any number
    /// of times.
    #[test]
    fn a_log_cut_anywhere_in_its_last_line_goes_on_and_verifies(cuts in prop::collection::vec(1_usize..260, 1..5)) {
        let folder = tempfile::tempdir().unwrap();
        let config = keyed(folder.path());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(write(&config, 3));
        let mut torn = 0;
        for cut in cuts {
            let path = files(&config).pop().unwrap();
            let text = fs::read(&path).unwrap();
            let last = text[..text.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
            // At least one byte of the last line remains; a cut between two lines cannot be detected.
            let keep = text.len().saturating_sub(cut).max(last + 1);
            fs::File::options().write(true).open(&path).unwrap().set_len(u64::try_from(keep).unwrap()).unwrap();
            prop_assert!(verified(&config).is_ok());
            runtime.block_on(write(&config, 2));
            // A line that lacks only its line feed is whole.
            torn += u64::from(keep < text.len() - 1);
            let log = verified(&config);
            prop_assert!(log.is_ok(), "{:?}", log);
            prop_assert_eq!(log.unwrap().torn, torn);
        }
    }

    /// Whatever is written after the last line without the key is never taken for a line, reading it ends in
    /// a result, and a log that `open` accepts continues and verifies.
    #[test]
    fn what_stands_behind_the_last_line_is_no_line(pieces in prop::collection::vec(piece(), 1..6)) {
        let folder = tempfile::tempdir().unwrap();
        let config = keyed(folder.path());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(write(&config, 1));
        let path = files(&config).pop().unwrap();
        let behind = pieces.concat();
        fs::write(&path, [fs::read(&path).unwrap(), behind.clone()].concat()).unwrap();
        prop_assert!(verified(&config).is_err() || verified(&config).unwrap().last == 2);
        if let Ok(log) = Log::open(&config, SERVICE) {
            drop(log);
            let log = verified(&config);
            prop_assert!(log.is_ok(), "{:?}", log);
            prop_assert_eq!(log.unwrap().torn, u64::from(!behind.is_empty()));
        }
    }
}

/// Bytes as a killed process, a faulty disk or a forger leaves them.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let forged = r#"{"sequence":3,"at":"2026-11-28T12:00:00Z","event":"audit.torn","outcome":"done","previous":"00","count":1,"hash":"00"}"#;
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        Just(b"\n".to_vec()),
        Just(forged.as_bytes().to_vec()),
        (1..forged.len()).prop_map(move |end| forged.as_bytes()[..end].to_vec()),
    ]
}

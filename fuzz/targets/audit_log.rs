//! The access log's reader: a log that it accepts is a chain of lines from the first to the last, hash by
//! hash.
//!
//! The fuzzer cannot find a hash by trying, so a line of the input that begins with `+` is sealed as the
//! writer seals it, at its place in the chain; `%` begins the next file; any other line is taken as it is.
#![no_main]

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use bionicpro_audit::{Config, Verified, verify};
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use tempfile::TempDir;

const HASH_MEMBER: &str = ",\"hash\":\"";

/// A line in the documented format; members that are not needed here are left out.
#[derive(Deserialize)]
struct Line {
    sequence: u64,
    event: String,
    previous: String,
    count: Option<u64>,
    hash_of: Option<String>,
    hash: String,
}

/// The folder of the log, and that of its only service.
static FOLDER: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    // In memory if possible, because each input is written to files.
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let service = folder.path().join("api");
    fs::create_dir(&service).unwrap();
    (folder, service)
});

fuzz_target!(|data: &[u8]| {
    let (folder, service) = &*FOLDER;
    for file in fs::read_dir(service).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    let files = files(data);
    for (first, bytes) in &files {
        fs::write(service.join(format!("{first:012}.jsonl")), bytes).unwrap();
    }
    let config = Config { folder: Some(folder.path().to_owned()), ..Config::default() };
    if let Ok(verified) = verify(&config, &[]) {
        check(&verified[0], &files.iter().flat_map(|(_, bytes)| bytes.clone()).collect::<Vec<_>>());
    }
});

/// Each file with the number of its first line.
fn files(data: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut files = vec![(1, Vec::new())];
    let (mut sequence, mut previous) = (0_u64, "0".repeat(64));
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        if line[0] == b'%' {
            if files.last().is_none_or(|(first, _)| *first <= sequence) {
                files.push((sequence + 1, Vec::new()));
            }
            continue;
        }
        let Some((_, bytes)) = files.last_mut() else { continue };
        match line.strip_prefix(b"+").map(|content| std::str::from_utf8(content.trim_ascii_end())) {
            Some(Ok(content)) => {
                sequence += 1;
                let mut text =
                    content.replace("$SEQUENCE", &sequence.to_string()).replace("$PREVIOUS", &previous);
                previous = hex(text.as_bytes());
                let _ = write!(text, "{HASH_MEMBER}{previous}\"}}");
                bytes.extend(text.bytes().chain([b'\n']));
            }
            _ => bytes.extend(line),
        }
    }
    files
}

/// Finds the chain again by other means: some lines of the log, in order, each with its own hash and that of
/// the previous one; anything between them is a torn line, and the next one accounts for it.
fn check(verified: &Verified, log: &[u8]) {
    let (mut chained, mut torn, mut between) = (0, 0, Vec::new());
    let mut last: Option<Line> = None;
    for line in log.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let Some(found) = sealed(line) else {
            between.push(line);
            continue;
        };
        if let Some(before) = &last {
            assert_eq!(
                (&found.previous, found.sequence),
                (&before.hash, before.sequence + 1),
                "a link is missing"
            );
        }
        if !between.is_empty() {
            let bytes = std::mem::take(&mut between).join(&b'\n');
            assert_eq!(found.event, "audit.torn", "a gap that no line accounts for");
            assert_eq!((found.count, found.hash_of.clone()), (Some(bytes.len() as u64), Some(hex(&bytes))));
            torn += 1;
        }
        last = Some(found);
        chained += 1;
    }
    assert_eq!((verified.torn, verified.is_open), (torn, !between.is_empty()));
    match last {
        Some(last) => {
            assert_eq!((verified.last, &verified.hash), (last.sequence, &last.hash));
            assert_eq!(verified.last - verified.first + 1, chained, "lines are missing");
        }
        None => assert_eq!(verified.hash, "0".repeat(64)),
    }
}

/// The line, if it ends with the hash of its preceding content.
fn sealed(line: &[u8]) -> Option<Line> {
    let text = std::str::from_utf8(line).ok()?;
    let (content, _) = text.rsplit_once(HASH_MEMBER)?;
    let line: Line = serde_json::from_str(text).ok()?;
    (text == format!("{content}{HASH_MEMBER}{}\"}}", hex(content.as_bytes()))
        && line.hash == hex(content.as_bytes()))
    .then_some(line)
}

fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

//! `bionicpro ml export` as an ML engineer starts it: with the account `ml`, on a warehouse in its own
//! process.
#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails by a panic")]

#[path = "crashes/engine.rs"]
mod engine;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use bionicpro_testing::TestWarehouse;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use serde_json::Value;

use crate::engine::Engine;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_bionicpro");

/// A marker in every column that may contain a person's name.
const PERSON: &str = "Ivan-of-the-Marker";
const RANGE: [&str; 4] = ["--from", "2024-01-15", "--to", "2024-01-19"];
/// The number of rows of a day that is not empty.
const ROWS: u64 = 40_000;

/// A warehouse of three days and an empty one between them, and a folder for exports.
struct Lab {
    engine: Engine,
    folder: tempfile::TempDir,
}

impl Lab {
    async fn new() -> Lab {
        let lab = Lab::empty().await;
        for day in ["2024-01-15", "2024-01-16", "2024-01-18"] {
            lab.sql(&format!(
                "INSERT INTO user_prosthesis_stats (user_id, ldap_username, prosthesis_id, chip_id, date, hour, movements_count, \
                 avg_response_time, customer_name, customer_email, prosthesis_model, response_count, response_sum, response_squares, \
                 version) \
                 SELECT reinterpret(sipHash128(intDiv(number, 24)), 'UUID') AS user_id, '{PERSON}', user_id, \
                 concat('C-', toString(intDiv(number, 24))), '{day}', toDateTime('{day}', 'UTC') + number % 24 * 3600, \
                 number % 100, if(number % 7 = 0, NULL, number / 7), '{PERSON}', '{PERSON}', 'Grip', 9, number / 3, \
                 if(number % 2 = 0, NULL, number / 3 * (number / 3)), 1 \
                 FROM numbers({ROWS}) ORDER BY rand()"
            ))
            .await;
        }
        lab
    }

    async fn empty() -> Lab {
        let lab = Lab { engine: Engine::start().await, folder: tempfile::tempdir().unwrap() };
        let migrated = lab.command("bionicpro", &["warehouse", "migrate"]).output().unwrap();
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        lab
    }

    fn place(&self) -> &TestWarehouse {
        &self.engine.warehouse
    }

    async fn sql(&self, sql: &str) {
        let url = self.place().url.expose_secret();
        let mut place = url.clone();
        place.set_username("").unwrap();
        place.set_password(None).unwrap();
        place.query_pairs_mut().append_pair("database", &self.place().database);
        let request = reqwest::Client::new().post(place).basic_auth(url.username(), url.password());
        let answer = request.body(sql.to_owned()).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// The binary with an account of the warehouse and no other configuration.
    fn command(&self, account: &str, arguments: &[&str]) -> Command {
        let mut url = self.place().url.expose_secret().clone();
        if account != url.username() {
            let file = self.engine.data.path().join("data").join(format!("password-{account}"));
            url.set_username(account).unwrap();
            url.set_password(Some(fs::read_to_string(file).unwrap().trim())).unwrap();
        }
        let mut command = Command::new(BINARY);
        bionicpro_testing::without_configuration(&mut command)
            .args(arguments)
            .current_dir(self.folder.path())
            .env("BIONICPRO_WAREHOUSE_RETENTION_DAYS", "0")
            .env("BIONICPRO_WAREHOUSE_URL", url.as_str());
        command
    }

    fn export(&self, out: &str) -> Output {
        self.command("ml", &[&["ml", "export", "--out", out], &RANGE[..]].concat()).output().unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

#[track_caller]
fn ends_with(output: &Output, status: i32, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{said}");
    assert!(said.contains(words), "{said}");
}

/// Each file below a folder, by its path.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut found, mut waiting) = (BTreeMap::new(), vec![folder.to_path_buf()]);
    while let Some(path) = waiting.pop() {
        let mode = path.metadata().unwrap().permissions().mode() & 0o7777;
        if path.is_dir() {
            assert_eq!(mode, 0o700, "{}", path.display());
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            assert_eq!(mode, 0o600, "{}", path.display());
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

/// Waits until an export writes its second day.
fn second_day(aside: &Path) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !aside.join("date=2024-01-16").exists() {
        assert!(Instant::now() < deadline, "no second day");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_rows_make_the_same_bytes_and_no_person_is_in_them() {
    let lab = Lab::new().await;
    let output = lab.export("one");
    ends_with(&output, 0, "");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&said["rows"], &said["files"]), (&Value::from(3 * ROWS), &Value::from(4)));

    // Other parts, older versions of the rows, and a former export in the folder.
    lab.sql("INSERT INTO user_prosthesis_stats SELECT * REPLACE (0 AS version, 77 AS movements_count) FROM user_prosthesis_stats WHERE movements_count < 30").await;
    lab.sql(
        "INSERT INTO user_prosthesis_stats SELECT * FROM user_prosthesis_stats WHERE movements_count > 80",
    )
    .await;
    ends_with(&lab.export("two"), 0, "");
    lab.sql("OPTIMIZE TABLE user_prosthesis_stats FINAL").await;
    let again: Value = serde_json::from_slice(&lab.export("two").stdout).unwrap();
    let (one, two) = (files(&lab.path("one")), files(&lab.path("two")));
    assert_eq!(one.keys().collect::<Vec<_>>(), two.keys().collect::<Vec<_>>());
    for (name, bytes) in &one {
        assert!(two[name] == *bytes, "{name}");
    }
    assert_eq!(again["manifest_sha256"], said["manifest_sha256"]);

    let manifest: Value = serde_json::from_slice(&one["manifest.json"]).unwrap();
    let listed = manifest["files"].as_array().unwrap();
    assert_eq!(listed.len(), 4);
    for (file, (rows, day)) in listed.iter().zip([(ROWS, 15), (ROWS, 16), (0, 17), (ROWS, 18)]) {
        let path = format!("date=2024-01-{day}/part-0.parquet");
        let bytes = &one[&path];
        let sha256: String =
            digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let told = serde_json::json!({ "path": path, "rows": rows, "bytes": bytes.len(), "sha256": sha256 });
        assert_eq!(*file, told);
    }

    // Pages are compressed, so their decoded rows are searched too, not only the files' bytes.
    for (name, bytes) in &one {
        assert!(!bytes.windows(PERSON.len()).any(|window| window == PERSON.as_bytes()), "{name}");
    }
    let file = File::open(lab.path("one/date=2024-01-15/part-0.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let columns: Vec<String> = reader
        .metadata()
        .file_metadata()
        .schema()
        .get_fields()
        .iter()
        .map(|field| field.name().to_owned())
        .collect();
    let named: Vec<&str> = manifest["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["name"].as_str().unwrap())
        .collect();
    assert_eq!(columns, named);
    let (mut rows, mut movements, mut squared, mut keys) = (0, 0, 0, Vec::new());
    for row in reader.get_row_iter(None).unwrap() {
        let row = row.unwrap();
        assert!(!row.to_string().contains(PERSON), "{row}");
        rows += 1;
        movements += u64::from(row.get_uint(5).unwrap());
        // Null if it is unknown.
        if let Ok(squares) = row.get_double(12) {
            assert_eq!(squares, row.get_double(11).unwrap().powi(2));
            squared += 1;
        }
        keys.push((row.get_string(0).unwrap().clone(), row.get_timestamp_millis(4).unwrap()));
    }
    assert_eq!((rows, squared), (ROWS, ROWS / 2));
    assert_eq!(movements, (0..ROWS).map(|number| number % 100).sum::<u64>());
    assert!(keys.is_sorted());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_exported_says_why_and_leaves_nothing() {
    let lab = Lab::new().await;
    let ask = |account: &str, from: &str, to: &str, out: &str| {
        let arguments = ["ml", "export", "--from", from, "--to", to, "--out", out];
        lab.command(account, &arguments).output().unwrap()
    };
    ends_with(&ask("ml", "2024-01-18", "2024-01-15", "x"), 2, "a range must end after it begins");
    ends_with(&ask("ml", "2024-01-14", "2024-01-16", "x"), 2, "the mart holds 2024-01-15 to 2024-01-19");
    ends_with(&ask("ml", "2024-01-18", "2024-01-20", "x"), 2, "the mart holds 2024-01-15 to 2024-01-19");
    ends_with(
        &ask("bionicpro_api", "2024-01-15", "2024-01-16", "x"),
        2,
        "the warehouse account lacks a right",
    );
    let mut command =
        lab.command("ml", &["ml", "export", "--from", "2024-01-15", "--to", "2024-01-16", "--out", "x"]);
    let elsewhere = command.env("BIONICPRO_WAREHOUSE_DATABASE", "nothing").output().unwrap();
    ends_with(&elsewhere, 4, "run `bionicpro warehouse migrate`");

    // Foreign files are kept, next to an export too.
    fs::create_dir(lab.path("thesis")).unwrap();
    fs::write(lab.path("thesis/text"), "precious").unwrap();
    ends_with(&lab.export("thesis"), 2, "the folder holds files that no export created");
    ends_with(&lab.export("set"), 0, "");
    fs::write(lab.path("set/date=2024-01-15/notes"), "precious").unwrap();
    ends_with(&lab.export("set"), 2, "set/date=2024-01-15/notes");
    ends_with(&lab.export("thesis/text"), 2, "the folder of the export cannot be read");
    assert_eq!(fs::read_to_string(lab.path("thesis/text")).unwrap(), "precious");
    let mut left: Vec<_> =
        fs::read_dir(lab.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["set", "thesis"]);

    let unloaded = Lab::empty().await;
    ends_with(&unloaded.export("x"), 4, "the mart is empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_export_leaves_the_folder_as_it_was_and_the_next_one_cleans_up() {
    let lab = Lab::new().await;
    ends_with(&lab.export("set"), 0, "");
    let former = files(&lab.path("set"));
    for out in ["set", "new"] {
        lab.sql("INSERT INTO user_prosthesis_stats SELECT * REPLACE (version + 1 AS version, 5 AS movements_count) FROM user_prosthesis_stats FINAL").await;
        let mut command = lab.command("ml", &[&["ml", "export", "--out", out], &RANGE[..]].concat());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let aside = lab.path(&format!(".export-{out}"));
        second_day(&aside);
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-s", "STOP", &pid]).status().unwrap().success());
        // A second export into the same folder is refused.
        ends_with(&lab.export(out), 2, "another export is writing into this folder");
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success(), "it was faster than the kill");
        assert!(!aside.join("manifest.json").exists());
        if out == "set" {
            assert!(files(&lab.path("set")) == former);
        } else {
            assert!(!lab.path(out).exists());
        }
        ends_with(&lab.export(out), 0, "");
        assert!(!aside.exists());
        assert!(files(&lab.path(out)) != former);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warehouse_that_dies_meanwhile_is_status_3_and_leaves_nothing() {
    let mut lab = Lab::new().await;
    let mut command = lab.command("ml", &[&["ml", "export", "--out", "set"], &RANGE[..]].concat());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    second_day(&lab.path(".export-set"));
    lab.engine.kill().await;
    ends_with(&child.wait_with_output().unwrap(), 3, "what to do");
    assert_eq!(fs::read_dir(lab.folder.path()).unwrap().count(), 0);
    lab.engine.start_again().await;
    ends_with(&lab.export("set"), 0, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_then_makes_the_same_files_whatever_came_since() {
    let lab = Lab::new().await;
    let keep = |version: &str, movements: &str| {
        format!(
            "INSERT INTO mart_history (user_id, prosthesis_id, chip_id, prosthesis_model, date, hour, movements_count, version) \
             SELECT user_id, prosthesis_id, chip_id, prosthesis_model, date, hour, {movements}, {version} \
             FROM user_prosthesis_stats WHERE movements_count < 50"
        )
    };
    let load = |run: &str, at: &str, version: &str| {
        format!(
            "INSERT INTO etl_runs (run, step, state, attempt, at, kind, version, horizon) VALUES \
             ('{run}', 'load_to_clickhouse', 'done', 1, '{at}', 'full', {version}, '{at}')"
        )
    };
    let export = |out: &str, as_of: &str| {
        let arguments = [&["ml", "export", "--out", out, "--as-of", as_of], &RANGE[..]].concat();
        lab.command("ml", &arguments).output().unwrap()
    };
    ends_with(&export("x", "2024-01-20T01:00:00Z"), 2, "has no history yet");
    let (one, two) = ("1705708800000000", "1705795200000000");
    lab.sql(&keep(one, "movements_count + 1")).await;
    lab.sql(&load("one", "2024-01-20 00:00:00", one)).await;
    lab.sql(&load("two", "2024-01-21 00:00:00", two)).await;
    ends_with(&export("then", "2024-01-20T01:00:00Z"), 0, "");
    let then = files(&lab.path("then"));
    let manifest: Value = serde_json::from_slice(&then["manifest.json"]).unwrap();
    assert_eq!((&manifest["rows"], manifest.get("data_as_of")), (&Value::from(3 * ROWS / 2), None));
    assert_eq!(manifest["as_of"], "2024-01-20T01:00:00Z");

    lab.sql(&keep(two, "7")).await;
    lab.sql("TRUNCATE TABLE user_prosthesis_stats SETTINGS max_table_size_to_drop = 0").await;
    lab.sql("INSERT INTO user_prosthesis_stats (user_id, date, hour, version) VALUES \
             (generateUUIDv4(), '2024-01-15', '2024-01-15 00:00:00', 9), (generateUUIDv4(), '2024-01-18', '2024-01-18 00:00:00', 9)")
        .await;
    ends_with(&export("again", "2024-01-20T01:00:00Z"), 0, "");
    assert!(files(&lab.path("again")) == then);
    // The same instant in another zone is the same data set; a later one is another.
    ends_with(&export("again", "2024-01-20T04:00:00+03:00"), 0, "");
    assert!(files(&lab.path("again")) == then);
    ends_with(&export("later", "2024-01-21T00:00:00Z"), 0, "");
    assert!(files(&lab.path("later")) != then);

    ends_with(&export("x", "2024-01-21T00:00:01Z"), 2, "to 2024-01-21T00:00:00.000000Z");
    ends_with(&export("x", "1969-12-31T23:00:00Z"), 2, "goes from 2024-01-20T00:00:00.000000Z");
    ends_with(&export("x", "yesterday"), 2, "--as-of");
    assert!(!lab.path("x").exists());
}

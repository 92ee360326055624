//! `bionicpro etl` as an orchestrator and an operator start it: its output, its exit status, and the cost of
//! a kill.
#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails by a panic")]

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use bionicpro_testing::{TestDatabase, TestWarehouse};
use serde_json::Value;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_bionicpro");
const RANGE: [&str; 4] = ["--from", "2024-01-15", "--to", "2024-01-17"];
/// Movements in the range; enough that a run takes a moment.
const MOVES: u64 = 60_001;

/// A company with one customer whose prostheses move all the time.
struct Company {
    crm: TestDatabase,
    telemetry: TestDatabase,
    warehouse: TestWarehouse,
    stage: TempDir,
}

impl Company {
    async fn new() -> Company {
        let postgres = bionicpro_testing::postgres();
        let company = Company {
            crm: postgres.crm().await,
            telemetry: postgres.telemetry().await,
            warehouse: bionicpro_testing::warehouse().await,
            stage: tempfile::tempdir().unwrap(),
        };
        sql(
            &company.crm,
            "WITH model AS (INSERT INTO crm.prosthesis_models (name) VALUES ('Grip') RETURNING id), \
             person AS (INSERT INTO crm.customers (name, email, ldap_username) VALUES ('Anna', 'a@b', 'anna') RETURNING id) \
             INSERT INTO crm.prostheses (customer_id, model_id, chip_id) SELECT person.id, model.id, 'C-' || g \
             FROM person, model, generate_series(0, 99) AS g",
        )
        .await;
        sql(
            &company.telemetry,
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time, response_time_ms, battery_level) \
             SELECT 'C-' || g % 100, timestamp '2024-01-15' + g * interval '2 seconds', g % 90, g % 100 \
             FROM generate_series(0, 60000) AS g",
        )
        .await;
        assert!(company.command(&["warehouse", "migrate"]).output().unwrap().status.success());
        company
    }

    /// The binary with this company's configuration and no other.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        self.configure(command.args(arguments));
        command
    }

    fn configure(&self, command: &mut Command) {
        let stage = format!("file://{}/stage", self.stage.path().display());
        bionicpro_testing::without_configuration(command)
            .current_dir(self.stage.path())
            .env("BIONICPRO_CRM_URL", self.crm.url.expose_secret().as_str())
            .env("BIONICPRO_TELEMETRY_URL", self.telemetry.url.expose_secret().as_str())
            .env("BIONICPRO_WAREHOUSE_URL", self.warehouse.url.expose_secret().as_str())
            .env("BIONICPRO_WAREHOUSE_DATABASE", &self.warehouse.database)
            .env("BIONICPRO_WAREHOUSE_RETENTION_DAYS", "0")
            .env("BIONICPRO_PIPELINE_RETRIES", "0")
            .env("BIONICPRO_STAGE_URL", stage)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    /// Runs a statement on the warehouse.
    async fn warehouse_sql(&self, sql: String) {
        let url = self.warehouse.url.expose_secret();
        let mut place = url.clone();
        place.set_username("").unwrap();
        place.set_password(None).unwrap();
        place.query_pairs_mut().append_pair("database", &self.warehouse.database);
        let request = reqwest::Client::new().post(place).basic_auth(url.username(), url.password()).body(sql);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    fn etl(&self, arguments: &[&str]) -> Output {
        self.command(&[&["etl"], arguments].concat()).output().unwrap()
    }

    /// The movements that the mart now shows.
    async fn moves(&self) -> u64 {
        let config = bionicpro_warehouse::Config {
            url: Some(self.warehouse.url.clone()),
            database: self.warehouse.database.clone(),
            ..bionicpro_warehouse::Config::default()
        };
        let warehouse = bionicpro_warehouse::Warehouse::new(&config).unwrap();
        let instant = |text| bionicpro_model::hours::parse_instant(text).unwrap();
        let range = bionicpro_model::HourRange::new(instant("2024-01-15"), instant("2024-01-17")).unwrap();
        let days = bionicpro_warehouse::load::day_totals(&warehouse, &range).await.unwrap();
        days.iter().map(|day| day.totals.movements).sum()
    }
}

async fn sql(database: &TestDatabase, sql: &str) {
    database.client().await.batch_execute(sql).await.unwrap();
}

/// The one line on standard output.
fn line(output: &Output) -> Value {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "{text:?}");
    serde_json::from_str(text).unwrap()
}

#[track_caller]
fn ends_with(output: &Output, status: i32) {
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{log}");
    assert!(!log.contains('\r') && !log.contains('█'), "progress in a log: {log}");
}

#[tokio::test]
async fn a_run_says_what_it_did_in_one_line_and_the_ledger_lists_it() {
    let company = Company::new().await;
    let output = company.etl(&[&["run", "--run", "r1"], &RANGE[..]].concat());
    ends_with(&output, 0);
    let report = line(&output);
    assert_eq!((&report["run"], &report["state"]), (&Value::from("r1"), &Value::from("done")));
    assert_eq!(report["counts"]["rows"], MOVES);
    assert_eq!(report["steps"].as_array().unwrap().len(), 4);
    assert_eq!(company.moves().await, MOVES);

    let table = company.etl(&["runs"]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.lines().next().unwrap().starts_with("RUN") && table.contains("r1"), "{table}");
    let listed = line(&company.etl(&["runs", "--json"]));
    assert_eq!((&listed["run"], listed["entries"].as_array().unwrap().len()), (&Value::from("r1"), 8));
}

#[tokio::test]
async fn the_steps_one_by_one_give_the_same_as_a_run() {
    let company = Company::new().await;
    for step in ["extract-crm", "transform", "load"] {
        if step == "transform" {
            // The order of the two extractions does not matter, their absence does.
            let output = company.etl(&["transform", "--run", "r1"]);
            ends_with(&output, 4);
            assert_eq!(line(&output)["error"]["kind"], "data");
            ends_with(&company.etl(&[&["extract-telemetry", "--run", "r1"], &RANGE[..]].concat()), 0);
        }
        ends_with(&company.etl(&[step, "--run", "r1"]), 0);
    }
    assert_eq!(company.moves().await, MOVES);
}

#[tokio::test]
async fn a_run_id_cannot_leave_the_staging_folder() {
    let company = Company::new().await;
    for bad in ["../r1", "..", "a/../../b", "/etc"] {
        ends_with(&company.etl(&["extract-crm", "--run", bad]), 2);
    }
    assert!(!company.stage.path().join("stage").exists());
}

#[tokio::test]
async fn a_source_that_is_down_is_status_3_and_a_wrong_range_status_2() {
    let company = Company::new().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = company.command(&["etl", "run"]);
    let output =
        command.env("BIONICPRO_TELEMETRY_URL", format!("postgresql://u:p@127.0.0.1:{free}/t")).output();
    let output = output.unwrap();
    ends_with(&output, 3);
    assert_eq!(line(&output)["error"]["kind"], "unreachable");
    ends_with(&company.etl(&["run", "--from", "2024-01-15"]), 2);
    ends_with(&company.etl(&["run", "--from", "2024-01-15", "--to", "2024-01-15"]), 2);
    ends_with(&company.etl(&["run", "--from", "yesterday", "--to", "2024-01-15"]), 2);
}

#[tokio::test]
async fn a_range_within_an_hour_is_that_hour_whole() {
    let company = Company::new().await;
    let quarter = ["--from", "2024-01-15T08:15:00Z", "--to", "2024-01-15T08:30:00Z"];
    let report = line(&company.etl(&[&["extract-telemetry", "--run", "r1"], &quarter[..]].concat()));
    let hour = serde_json::json!({ "from": "2024-01-15T08:00:00Z", "to": "2024-01-15T09:00:00Z" });
    assert_eq!(report["range"], hour);
    assert_eq!(line(&company.etl(&[&["run"], &quarter[..]].concat()))["range"], hour);
}

/// A limit on the file size simulates a full disk: the write fails in the same place, without root.
#[tokio::test]
async fn a_disk_that_is_full_is_status_3_and_leaves_nothing_half_done() {
    let company = Company::new().await;
    let extract = [&["etl", "extract-telemetry", "--run", "r1"], &RANGE[..]].concat();
    let mut limited = Command::new("/bin/sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"", BINARY]).args(&extract);
    company.configure(&mut limited);
    let output = limited.output().unwrap();
    ends_with(&output, 3);
    assert_eq!(line(&output)["error"]["kind"], "storage");
    let folder = company.stage.path().join("stage/r1");
    let left: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
    ends_with(&company.command(&extract).output().unwrap(), 0);
}

#[tokio::test]
async fn a_run_that_was_killed_at_any_moment_is_right_when_run_again() {
    let company = Company::new().await;
    let mut expected = MOVES;
    let mut killed = 0;
    for (round, delay_ms) in [5, 30, 60, 100, 150, 220, 300, 400, 600, 900].into_iter().enumerate() {
        // Every round changes cells, removes some and adds some.
        sql(
            &company.telemetry,
            &format!(
                "WITH gone AS (DELETE FROM telemetry.raw_telemetry WHERE id IN (SELECT id FROM telemetry.raw_telemetry \
                 ORDER BY event_time LIMIT 100) RETURNING chip_id) \
                 INSERT INTO telemetry.raw_telemetry (chip_id, event_time) SELECT chip_id, \
                 timestamp '2024-01-16 12:00' + {round} * interval '1 hour' FROM gone LIMIT 60"
            ),
        )
        .await;
        expected -= 40;
        let id = format!("round-{round}");
        let run = [&["etl", "run", "--run", &id], &RANGE[..]].concat();
        let mut child = company.command(&run).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        ends_with(&company.command(&run).output().unwrap(), 0);
        assert_eq!(company.moves().await, expected, "round {round}");
    }
    assert!(killed >= 3, "{killed} of 10 runs were killed before their end");
}

#[tokio::test]
async fn a_backfill_says_what_it_would_do_and_goes_on_where_it_stopped() {
    let company = Company::new().await;
    let range = ["--from", "2023-12-30", "--to", "2024-01-17"];
    let run = [&["run", "--run", "b"], &range[..]].concat();
    let plan = || line(&company.etl(&[&run[..], &["--dry-run"]].concat()));
    let planned = plan();
    assert_eq!((&planned["rows"], &planned["days"]), (&Value::from(MOVES), &Value::from(18)));
    assert_eq!(planned["pieces"].as_array().unwrap().len(), 2);
    assert_eq!(company.moves().await, 0);

    // As if it had been stopped after its first piece.
    let january = ["run", "--run", "b.20240101", "--from", "2024-01-01", "--to", "2024-01-17"];
    ends_with(&company.etl(&january), 0);
    assert_eq!(plan()["days"], 2);
    let output = company.etl(&[&run[..], &["--source-share", "50"]].concat());
    ends_with(&output, 0);
    let report = line(&output);
    assert_eq!((&report["counts"]["pieces"], &report["counts"]["rows"]), (&Value::from(1), &Value::from(0)));
    assert_eq!((plan()["days"].clone(), company.moves().await), (Value::from(0), MOVES));

    let shown = company.etl(&["show", "b"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("b.20231230") && shown.contains("b.20240101"), "{shown}");
    for wrong in [&["run", "--dry-run"][..], &["run", "--full", "--source-share", "50"]] {
        ends_with(&company.etl(wrong), 2);
    }
    ends_with(&company.etl(&[&run[..], &["--source-share", "0"]].concat()), 2);
}

#[tokio::test]
async fn a_comparison_names_what_differs_and_not_what_only_waits_and_mends_it() {
    let company = Company::new().await;
    ends_with(&company.etl(&["run"]), 0);
    ends_with(&company.etl(&[&["run"], &RANGE[..]].concat()), 0);
    let verify = |more: &[&str]| company.etl(&[&["verify"], &RANGE[..], more].concat());
    let output = verify(&[]);
    ends_with(&output, 0);
    let report = line(&output);
    assert_eq!((&report["differing"], &report["waiting"]), (&Value::from(0), &Value::from(0)));
    assert!(report["cells"].as_u64().unwrap() > 3_000, "{report}");

    // Incremental runs do not see a deletion; the next one will load a new row.
    sql(
        &company.telemetry,
        "DELETE FROM telemetry.raw_telemetry WHERE chip_id = 'C-5' AND event_time < '2024-01-15 01:00';
         UPDATE telemetry.raw_telemetry SET battery_level = 101 WHERE chip_id = 'C-7' AND id =
             (SELECT max(id) FROM telemetry.raw_telemetry WHERE chip_id = 'C-7' AND event_time < '2024-01-16');
         INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES ('C-9', '2024-01-15 09:00')",
    )
    .await;
    let output = verify(&[]);
    ends_with(&output, 4);
    let report = line(&output);
    assert_eq!((&report["differing"], &report["waiting"]), (&Value::from(2), &Value::from(1)), "{report}");
    let first = &report["first"][0];
    assert_eq!((&first["chip_id"], &first["source"]), (&Value::from("C-5"), &Value::Null));
    assert_eq!(first["mart"]["movements"], 18);
    assert_eq!(report["first"][1]["source"]["battery_last"], 101.0);
    assert_eq!(company.moves().await, MOVES);

    let output = verify(&["--repair"]);
    ends_with(&output, 0);
    assert_eq!(line(&output)["repaired"], true);
    assert_eq!(company.moves().await, MOVES - 18 + 1);
    assert_eq!(line(&verify(&[]))["differing"], 0);
    let staged = std::fs::read_dir(company.stage.path().join("stage")).unwrap();
    let left: Vec<_> = staged.map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "what ended well leaves no staged file: {left:?}");

    // Centuries without rows cost nothing.
    for range in
        [["--from", "1971-01-01", "--to", "2000-01-01"], ["--from", "2060-01-01", "--to", "2100-01-01"]]
    {
        let output = company.etl(&[&["verify"], &range[..]].concat());
        ends_with(&output, 0);
        assert_eq!(line(&output)["cells"], 0);
    }

    // The owner of these hours is not settled before the next run has seen the change.
    sql(&company.crm, "DELETE FROM crm.prostheses WHERE chip_id = 'C-3'").await;
    let output = verify(&[]);
    ends_with(&output, 4);
    assert!(line(&output)["error"]["hint"].as_str().unwrap().contains("etl run"));
}

#[tokio::test]
async fn two_processes_at_once_end_right() {
    let company = Company::new().await;
    let run = [&["etl", "run"], &RANGE[..]].concat();
    let first = company.command(&run).spawn().unwrap();
    sql(&company.telemetry, "DELETE FROM telemetry.raw_telemetry WHERE chip_id = 'C-7'").await;
    let second = company.command(&run).spawn().unwrap();
    for child in [first, second] {
        ends_with(&child.wait_with_output().unwrap(), 0);
    }
    assert_eq!(company.moves().await, MOVES - 600);
}

/// Returns the lines of a command's output, after checking that each is short enough and that none has
/// control characters.
#[track_caller]
fn bounded_lines(output: &Output, most: usize) -> Vec<String> {
    ends_with(output, 0);
    let text = std::str::from_utf8(&output.stdout).unwrap();
    assert!(text.chars().all(|character| character == '\n' || !character.is_control()), "{text:?}");
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for line in &lines {
        assert!(line.chars().count() <= most, "{} characters: {line:.300}", line.chars().count());
    }
    lines
}

#[tokio::test]
async fn a_ledger_full_of_absurd_rows_is_shown_all_the_same() {
    let company = Company::new().await;
    let insert = async |run: &str, step: &str, state: &str, more: &str| {
        let sql = format!(
            "INSERT INTO etl_runs SELECT * REPLACE ({more}, {run} AS run, '{step}' AS step, '{state}' AS state)
             FROM (SELECT * FROM etl_runs WHERE run = 'plain')"
        );
        company.warehouse_sql(sql).await;
    };
    let plain = "INSERT INTO etl_runs (run, step, state, attempt, at)
         VALUES ('plain', 'extract_crm_data', 'started', 1, '2024-01-15 08:00:00')";
    company.warehouse_sql(plain.to_owned()).await;
    let load = "load_to_clickhouse";
    insert(
        "'long'",
        load,
        "failed",
        "concat('value 1', repeat('0', 130000), ' is out of range') AS error, error AS hint",
    )
    .await;
    insert(
        "'long'",
        load,
        "done",
        "repeat('s', 130000) AS snapshot, repeat('b', 130000) AS baseline, snapshot AS kind",
    )
    .await;
    insert(
        "'terminal'",
        load,
        "failed",
        "'a\\0b\\x1b[2J\\nc\\r\\xc2\\x9b31m' AS error, error AS hint, error AS kind, unhex('ff1b00') AS form",
    )
    .await;
    let most = "18446744073709551615";
    let counts =
        ["version", "rows_read", "cells", "bytes", "orphans", "anomalies", "tombstones", "duration_ms"];
    let counts = counts.map(|count| format!("{most} AS {count}")).join(", ");
    insert(
        "'ends'",
        "transform_and_join",
        "started",
        "toDateTime64('1900-01-01 00:00:00', 6, 'UTC') AS at, 65535 AS attempt",
    )
    .await;
    let last = "toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC')";
    insert("'ends'", load, "done", &format!("'tick' AS kind, {last} AS at, {last} AS horizon, {counts}, toDateTime(0) AS range_from, toDateTime(4294967295) AS range_to"))
        .await;
    insert("'mixed'", load, "baked", "65535 AS attempt").await;
    insert("'mixed'", "bake\\x1b", "done", "2 AS attempt").await;
    insert("'mixed'", load, "failed", "1 AS attempt").await;
    for id in ["'../etc'", "''", "unhex('ff')", "concat('\\x1b[2J', repeat('i', 130000))"] {
        insert(id, load, "done", "1 AS attempt").await;
    }

    let table = bounded_lines(&company.etl(&["runs"]), 1_500);
    assert_eq!(table.len(), 1 + 9, "a line for each run: {table:#?}");
    assert_eq!(table.iter().filter(|line| line.contains("not understood")).count(), 5, "{table:#?}");
    let json = bounded_lines(&company.etl(&["runs", "--json"]), 250_000);
    let json: Vec<Value> = json.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mixed = json.iter().find(|run| run["run"] == "mixed").unwrap();
    assert_eq!(
        (mixed["entries"].as_array().unwrap().len(), mixed["unread"].as_array().unwrap().len()),
        (1, 2)
    );
    assert_eq!(mixed["unread"][1]["why"], "an unknown state");
    for run in ["plain", "long", "terminal", "ends", "mixed"] {
        bounded_lines(&company.etl(&["show", run]), 1_500);
        bounded_lines(&company.etl(&["show", run, "--json"]), 250_000);
    }
    let status =
        |more: &[&str]| company.command(&[&["warehouse", "status"], more].concat()).output().unwrap();
    assert!(bounded_lines(&status(&[]), 200)[2].contains("2299-12-31"));

    // Instants beyond the range of the calendar.
    for (run, micros) in [("before", i64::MIN), ("after", i64::MAX)] {
        let at = format!("reinterpret(toInt64({micros}), 'DateTime64(6, \\'UTC\\')')");
        insert(&format!("'{run}-at'"), load, "done", &format!("{at} AS at")).await;
        insert(&format!("'{run}'"), load, "done", &format!("{at} AS horizon, 'tick' AS kind")).await;
        let shown = bounded_lines(&company.etl(&["show", run]), 1_500);
        assert!(shown.last().unwrap().contains("its horizon is out of range"), "{shown:?}");
    }
    assert_eq!(bounded_lines(&company.etl(&["runs"]), 1_500).len(), 1 + 13);
    bounded_lines(&company.etl(&["runs", "--json"]), 250_000);
    for more in [&[][..], &["--json"]] {
        let refused = status(more);
        ends_with(&refused, 4);
        assert!(String::from_utf8_lossy(&refused.stderr).contains("horizon in etl_runs"));
    }
}

//! A value that cannot be read affects only its cell: the others load, and the cell is counted, named and
//! retried.

use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::{PipelineContext, RunKind, RunReport, RunRequest, RunSpec, run};
use bionicpro_testing::TestDatabase;
use bionicpro_warehouse::ledger::{self, Step};
use bionicpro_warehouse::{Warehouse, ledger::Entry};
use chrono::{TimeDelta, Utc};

use crate::world::World;

const TABLE: &str = "CREATE SCHEMA telemetry; CREATE TABLE telemetry.raw_telemetry (
        chip_id text, event_time timestamp, response_time_ms double precision, battery_level real, error_code text,
        inserted_by xid8 NOT NULL DEFAULT pg_current_xact_id());
    CREATE INDEX ON telemetry.raw_telemetry (chip_id, event_time);
    CREATE INDEX ON telemetry.raw_telemetry (event_time);
    CREATE INDEX ON telemetry.raw_telemetry (inserted_by);";

/// A CRM in which one name and one serial number are not valid text.
const SPOILT_CRM: &str = "SET client_encoding = 'SQL_ASCII'; CREATE SCHEMA crm;
    CREATE TABLE crm.customers (id uuid, name text, email text, ldap_username text);
    CREATE TABLE crm.prosthesis_models (id uuid, name text);
    CREATE TABLE crm.prostheses (id uuid, customer_id uuid, model_id uuid, chip_id text, serial_number text);
    INSERT INTO crm.customers VALUES
        ('00000000-0000-0000-0000-00000000000a', 'Anna', 'anna@example.com', 'anna'),
        ('00000000-0000-0000-0000-00000000000b', E'Iv\\xffn', 'ivan@example.com', 'ivan');
    INSERT INTO crm.prosthesis_models VALUES ('00000000-0000-0000-0000-0000000000f1', 'Grip');
    INSERT INTO crm.prostheses VALUES
        ('00000000-0000-0000-0000-0000000000c1', '00000000-0000-0000-0000-00000000000a',
         '00000000-0000-0000-0000-0000000000f1', 'CHIP-1', E'\\xfe'),
        ('00000000-0000-0000-0000-0000000000c2', '00000000-0000-0000-0000-00000000000b',
         '00000000-0000-0000-0000-0000000000f1', 'CHIP-2', 'S-2');";

/// Creates a database of another encoding, for the telemetry or the CRM of a world.
async fn database(world: &World, encoding: &str) -> TestDatabase {
    let name = format!("{}_{}_{}", world.telemetry.name, world.crm.name, encoding.to_lowercase());
    let sql = format!(
        "CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER libc ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
    );
    world.telemetry_sql(&sql).await;
    let mut url = world.telemetry.url.expose_secret().clone();
    url.set_path(&name);
    TestDatabase { url: bionicpro_model::SecretUrl::parse(url.as_str()).unwrap(), name }
}

async fn world_with(encoding: &str) -> (World, PipelineContext) {
    let mut world = World::new().await;
    world.telemetry = database(&world, encoding).await;
    world.telemetry_sql(TABLE).await;
    let context = world.context();
    (world, context)
}

async fn ask(context: &PipelineContext, ask: RunRequest) -> RunReport {
    run(context, RunSpec { run: None, ask }, &Quiet)
        .await
        .unwrap_or_else(|error| panic!("{}", error.report()))
}

fn at(hours: i64) -> String {
    (Utc::now() - TimeDelta::hours(hours)).format("%Y-%m-%d %H:00:00").to_string()
}

fn told(user: &str, chip: &str, at: &str, movements: u32) -> String {
    format!("{user} {chip} {} {movements}", &at[..13])
}

/// Returns the ledger entry with the notes of a step of a run.
async fn entry(world: &World, report: &RunReport, step: Step) -> Entry {
    let warehouse = Warehouse::new(&world.warehouse_config()).unwrap();
    let entries = ledger::run(&warehouse, &report.run).await.unwrap();
    entries.into_iter().rfind(|entry| entry.step == step && entry.notes.is_some()).unwrap()
}

#[tokio::test]
async fn a_chip_with_bytes_that_are_no_text_is_named_and_the_others_of_its_hour_load() {
    let (world, context) = world_with("SQL_ASCII").await;
    let (first, second) = (at(5), at(30));
    let bad = |at: &str| format!("(E'\\xff\\xfe-1', '{at}')");
    world
        .telemetry_sql(&format!(
            "SET client_encoding = 'SQL_ASCII'; INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES
             ('CHIP-1', '{first}'), ('CHIP-2', '{first}'), ('CHIP-1', '{second}'), {}, {}, {}",
            bad(&first),
            bad(&first),
            bad(&second)
        ))
        .await;
    let expected =
        [told("a", "CHIP-1", &second, 1), told("a", "CHIP-1", &first, 1), told("b", "CHIP-2", &first, 1)];
    let sorted = |rows: &[String]| {
        let mut rows = rows.to_vec();
        rows.sort();
        rows
    };
    for _ in 0..2 {
        let report = ask(&context, RunRequest::Full).await;
        assert_eq!(report.counts["unreadable_cells"], 2);
        assert_eq!(world.told().await, sorted(&expected));
        let entry = entry(&world, &report, Step::ExtractTelemetryData).await;
        assert_eq!(entry.unreadable, Some(2));
        let notes = entry.notes.unwrap();
        assert!(notes.contains(r#"chip "\xff\xfe-1" at "#) && notes.contains("2 rows"), "{notes}");
    }
    // An incremental run with a new one, next to readable rows.
    world
        .telemetry_sql(&format!(
            "SET client_encoding = 'SQL_ASCII'; INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES
             ('CHIP-2', '{second}'), {}",
            bad(&at(7))
        ))
        .await;
    let report = ask(&context, RunRequest::Incremental).await;
    assert_eq!((report.counts["unreadable_cells"], report.counts["cells"]), (1, 1));
    // Once the value is repaired, the next full run loads it.
    world
        .telemetry_sql(&format!(
            "UPDATE telemetry.raw_telemetry SET chip_id = 'CHIP-2' WHERE chip_id NOT LIKE 'CHIP%' AND event_time = '{first}'"
        ))
        .await;
    let report = ask(&context, RunRequest::Full).await;
    assert_eq!(report.counts["unreadable_cells"], 2);
    assert!(world.told().await.contains(&told("b", "CHIP-2", &first, 3)), "{:?}", world.told().await);
}

/// Makes the server treat a database as one of this encoding from the next connection on, whatever it
/// contains, as after a disk error or a manual change of the catalogue.
async fn is_said_to_be(database: &TestDatabase, encoding: &str) {
    let sql = format!(
        "UPDATE pg_database SET encoding = pg_char_to_encoding('{encoding}') WHERE datname = current_database()"
    );
    database.client().await.batch_execute(&sql).await.unwrap();
}

#[tokio::test]
async fn bytes_that_are_no_text_in_a_database_that_is_said_to_be_of_utf_8_are_named() {
    let (mut world, _) = world_with("SQL_ASCII").await;
    let crm = database(&world, "SQL_ASCII").await;
    crm.client().await.batch_execute(SPOILT_CRM).await.unwrap();
    world.crm = crm;
    let context = world.context();
    let (first, second) = (at(5), at(30));
    let insert = |rows: &str| {
        format!(
            "SET client_encoding = 'SQL_ASCII'; INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES {rows}"
        )
    };
    world
        .telemetry_sql(&insert(&format!(
            "('CHIP-1', '{first}'), ('CHIP-2', '{first}'), (E'\\xff\\xfe-1', '{first}'), (E'\\xff\\xfe-1', '{second}')"
        )))
        .await;
    for database in [&world.crm, &world.telemetry] {
        is_said_to_be(database, "UTF8").await;
    }
    let report = ask(&context, RunRequest::Full).await;
    assert_eq!(report.counts["unreadable_cells"], 2);
    assert_eq!(world.told().await, [told("a", "CHIP-1", &first, 1), told("b", "CHIP-2", &first, 1)]);
    let notes = entry(&world, &report, Step::ExtractTelemetryData).await.notes.unwrap();
    assert!(notes.contains(r#"chip "\xff\xfe-1" at "#) && notes.contains("1 rows"), "{notes}");
    assert_eq!(entry(&world, &report, Step::ExtractCrmData).await.unreadable, Some(2));
    // An incremental run with a new one, next to readable rows.
    is_said_to_be(&world.telemetry, "SQL_ASCII").await;
    world.telemetry_sql(&insert(&format!("('CHIP-2', '{second}'), (E'\\xff', '{second}')"))).await;
    is_said_to_be(&world.telemetry, "UTF8").await;
    let report = ask(&context, RunRequest::Incremental).await;
    assert_eq!((report.counts["unreadable_cells"], report.counts["cells"]), (1, 1));
}

#[tokio::test]
async fn a_letter_that_the_other_database_lacks_stops_nobody() {
    let (world, context) = world_with("LATIN1").await;
    // Two chips of one prosthesis and a change of owner within an hour: the chips' names are sent to the
    // telemetry database.
    world.crm_sql("UPDATE crm.prostheses SET chip_id = 'Ж-1' WHERE chip_id = 'CHIP-2'").await;
    let first = at(5);
    world
        .telemetry_sql(&format!(
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES ('CHIP-1', '{first}'), ('Zürich', '{first}')"
        ))
        .await;
    ask(&context, RunRequest::Full).await;
    let half = (Utc::now() - TimeDelta::hours(5)).format("%Y-%m-%d %H:30:00").to_string();
    world
        .crm_sql(&format!(
            "UPDATE crm.prostheses SET customer_id = '00000000-0000-0000-0000-00000000000a', updated_at = '{half}' WHERE chip_id = 'Ж-1';
             UPDATE crm.prostheses SET chip_id = 'Zürich', updated_at = '{half}' WHERE chip_id = 'CHIP-1'"
        ))
        .await;
    for kind in [RunRequest::Incremental, RunRequest::Full] {
        let report = ask(&context, kind).await;
        assert_eq!(report.counts.get("unreadable_cells"), Some(&0), "{report:?}");
    }
    world
        .telemetry_sql(&format!(
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES ('Zürich', '{first}')"
        ))
        .await;
    ask(&context, RunRequest::Incremental).await;
    let told = world.told().await;
    assert_eq!(told.len(), 1, "{told:?}");
}

#[tokio::test]
async fn a_byte_that_has_no_letter_is_named_and_other_letters_are_read() {
    let (world, context) = world_with("WIN1252").await;
    let first = at(5);
    world
        .telemetry_sql(&format!(
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES ('CHIP-1', '{first}'), ('Zürich', '{first}');
             INSERT INTO telemetry.raw_telemetry (chip_id, event_time) SELECT convert_from('\\x81'::bytea, 'SQL_ASCII'), '{first}'"
        ))
        .await;
    world.crm_sql("UPDATE crm.prostheses SET chip_id = 'Zürich' WHERE chip_id = 'CHIP-2'").await;
    let report = ask(&context, RunRequest::Full).await;
    assert_eq!(report.counts["unreadable_cells"], 1);
    assert_eq!(world.told().await, [told("a", "CHIP-1", &first, 1), told("b", "Zürich", &first, 1)]);
    let notes = entry(&world, &report, Step::ExtractTelemetryData).await.notes.unwrap();
    assert!(notes.contains(r#"chip "\x81""#), "{notes}");
}

#[tokio::test]
async fn a_sum_that_overflows_and_a_cast_that_fails_are_cells_that_cannot_be_read() {
    let (world, context) = world_with("UTF8").await;
    let (first, second) = (at(5), at(40));
    world
        .telemetry_sql(&format!(
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time, response_time_ms) VALUES
             ('CHIP-1', '{first}', 1e308), ('CHIP-1', '{first}', 1e308), ('CHIP-1', '{second}', 1e308), ('CHIP-2', '{first}', 5)"
        ))
        .await;
    let report = ask(&context, RunRequest::Full).await;
    assert_eq!(report.counts["unreadable_cells"], 1);
    assert_eq!(world.told().await, {
        let mut rows = vec![told("a", "CHIP-1", &second, 1), told("b", "CHIP-2", &first, 1)];
        rows.sort();
        rows
    });
    // An incremental run queries by chip.
    world
        .telemetry_sql(&format!(
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time, response_time_ms) VALUES ('CHIP-1', '{first}', 1), ('CHIP-2', '{first}', 1)"
        ))
        .await;
    let report = ask(&context, RunRequest::Incremental).await;
    assert_eq!((report.counts["unreadable_cells"], report.counts["cells"]), (1, 1));
    assert!(world.told().await.contains(&told("b", "CHIP-2", &first, 2)));
    // The same through a view with a cast.
    world
        .telemetry_sql(
            "ALTER TABLE telemetry.raw_telemetry RENAME TO stored;
             ALTER TABLE telemetry.stored ALTER response_time_ms TYPE text;
             CREATE VIEW telemetry.raw_telemetry AS SELECT chip_id, event_time, response_time_ms::numeric(30) AS response_time_ms,
                 battery_level, error_code FROM telemetry.stored;
             UPDATE telemetry.stored SET response_time_ms = '5' WHERE response_time_ms <> 'Infinity';
             UPDATE telemetry.stored SET response_time_ms = 'never' WHERE chip_id = 'CHIP-2'"
        )
        .await;
    let report = ask(&context, RunRequest::Full).await;
    assert_eq!(report.counts["unreadable_cells"], 1, "{report:?}");
    assert!(world.told().await.contains(&told("a", "CHIP-1", &first, 3)), "{:?}", world.told().await);
}

/// So many chips of an hour have new rows that the incremental run reads the whole hour, including a cell
/// that it does not need and that cannot be read. The search finds nothing among the requested cells, and the
/// second read is limited to the cells that were searched.
#[tokio::test]
async fn a_cell_that_nobody_wants_stops_no_tick_that_reads_its_hour_whole() {
    let (world, context) = world_with("UTF8").await;
    let first = at(5);
    world
        .telemetry_sql(&format!(
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time, response_time_ms)
             VALUES ('BAD', '{first}', 1e308), ('BAD', '{first}', 1e308), ('CHIP-2', '{first}', 1)"
        ))
        .await;
    assert_eq!(ask(&context, RunRequest::Full).await.counts["unreadable_cells"], 1);
    world
        .telemetry_sql(&format!(
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time, response_time_ms)
             SELECT 'CHIP-' || chip, '{first}', 5 FROM generate_series(1, 100) AS chip"
        ))
        .await;
    let report = ask(&context, RunRequest::Incremental).await;
    assert_eq!(report.kind, Some(RunKind::Incremental));
    let counts = ["unreadable_cells", "cells", "rows"].map(|name| report.steps[1].counts[name]);
    assert_eq!(counts, [0, 100, 101]);
    assert_eq!(world.told().await, [told("a", "CHIP-1", &first, 1), told("b", "CHIP-2", &first, 2)]);
}

#[tokio::test]
async fn a_number_of_any_length_makes_a_short_message() {
    let (world, context) = world_with("UTF8").await;
    let first = at(5);
    world
        .telemetry_sql(&format!(
            "ALTER TABLE telemetry.raw_telemetry ALTER response_time_ms TYPE numeric;
             INSERT INTO telemetry.raw_telemetry (chip_id, event_time, response_time_ms) VALUES
             ('CHIP-1', '{first}', repeat('9', 100000)::numeric), ('CHIP-2', '{first}', 5)"
        ))
        .await;
    let report = ask(&context, RunRequest::Full).await;
    assert_eq!(report.counts["unreadable_cells"], 1);
    assert_eq!(world.told().await, [told("b", "CHIP-2", &first, 1)]);
    let notes = entry(&world, &report, Step::ExtractTelemetryData).await.notes.unwrap();
    assert!(notes.len() < 400, "{} bytes", notes.len());
}

#[tokio::test]
async fn a_value_of_the_crm_that_cannot_be_read_counts_as_not_known() {
    let mut world = World::new().await;
    let crm = database(&world, "SQL_ASCII").await;
    let client = crm.client().await;
    client.batch_execute(SPOILT_CRM).await.unwrap();
    world.crm = crm;
    let first = at(5);
    world.moves(&format!("('CHIP-1', '{first}', 1, 1, NULL), ('CHIP-2', '{first}', 1, 1, NULL)")).await;
    let report = ask(&world.context(), RunRequest::Full).await;
    assert_eq!(world.told().await, [told("a", "CHIP-1", &first, 1), told("b", "CHIP-2", &first, 1)]);
    let entry = entry(&world, &report, Step::ExtractCrmData).await;
    let notes = entry.notes.unwrap();
    assert_eq!(entry.unreadable, Some(2), "{notes}");
    assert!(notes.contains("customers.name of 00000000-0000-0000-0000-00000000000b"), "{notes}");
    assert!(notes.contains("prostheses.serial_number of 00000000-0000-0000-0000-0000000000c1"), "{notes}");
    let names =
        world.ask("SELECT ldap_username, customer_name FROM users FINAL ORDER BY ldap_username").await;
    assert_eq!(
        (names[1]["ldap_username"].as_str(), names[1]["customer_name"].as_str()),
        (Some("ivan"), Some(""))
    );
    // A chip that can no longer be read stays with its last owner.
    let spoil = "SET client_encoding = 'SQL_ASCII'; UPDATE crm.prostheses SET chip_id = E'\\xff' WHERE chip_id = 'CHIP-1'";
    client.batch_execute(spoil).await.unwrap();
    let second = at(4);
    world.moves(&format!("('CHIP-1', '{second}', 1, 1, NULL)")).await;
    ask(&world.context(), RunRequest::Full).await;
    let expected =
        [told("a", "CHIP-1", &first, 1), told("a", "CHIP-1", &second, 1), told("b", "CHIP-2", &first, 1)];
    assert_eq!(world.told().await, expected);
}

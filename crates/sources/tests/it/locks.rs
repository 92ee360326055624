//! Locks: acquired before the snapshot, held while it is read, and never in a deadlock with a session that
//! waits for them.

use std::time::{Duration, Instant};

use bionicpro_model::{Condition, Kind};
use bionicpro_sources::{CellRequest, ChangesConfig, Crm, CrmConfig, Database, OpenCrm, Telemetry};
use tokio_postgres::error::SqlState;

use crate::table::{Table, as_user, range, read, read_error, told};

async fn two_days() -> Table {
    let mut table = Table::new(ChangesConfig::Auto).await;
    table.config.connections = 4;
    table
        .sql(
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time)
             SELECT 'CHIP-1', timestamp '2024-01-15' + g * interval '10 minutes' FROM generate_series(0, 287) AS g",
        )
        .await;
    table
}

fn days() -> CellRequest {
    CellRequest::range(range("2024-01-15", "2024-01-17"))
}

/// Waits until a session of the database waits for a lock.
async fn somebody_waits(table: &Table) {
    let client = table.database.client().await;
    let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')";
    while !client.query_one(waits, &[]).await.unwrap().get::<_, bool>(0) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_table_that_somebody_waits_to_change_is_read_on_with_fewer_connections() {
    let table = two_days().await;
    let telemetry = table.open().await;
    let changing = table.database.client().await;
    let change =
        changing.batch_execute("ALTER TABLE telemetry.raw_telemetry ALTER battery_level TYPE numeric");
    let reading = async {
        somebody_waits(&table).await;
        let began = Instant::now();
        let cells = read(&telemetry, &days()).await;
        assert_eq!(cells.values().sum::<i64>(), 288);
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        telemetry.end().await.unwrap();
    };
    let (changed, ()) = tokio::join!(change, reading);
    changed.unwrap();
    // After the release, the change has gone through, and the next run reads its result.
    assert_eq!(read(&table.open().await, &days()).await.values().sum::<i64>(), 288);
}

#[tokio::test]
async fn a_tree_of_tables_that_changes_under_a_reader_makes_it_begin_again() {
    for change in [
        "ALTER TABLE telemetry.raw_telemetry ATTACH PARTITION telemetry.former FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')",
        "ALTER SCHEMA telemetry RENAME TO elsewhere; CREATE SCHEMA telemetry;
         CREATE TABLE telemetry.raw_telemetry (LIKE elsewhere.raw_telemetry)",
    ] {
        let table = Table::new(ChangesConfig::RowXmin).await;
        table
            .sql(
                "ALTER TABLE telemetry.raw_telemetry RENAME TO plain;
                 CREATE TABLE telemetry.raw_telemetry (LIKE telemetry.plain INCLUDING DEFAULTS) PARTITION BY RANGE (event_time);
                 CREATE TABLE telemetry.january PARTITION OF telemetry.raw_telemetry FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
                 CREATE TABLE telemetry.former (LIKE telemetry.plain INCLUDING DEFAULTS)",
            )
            .await;
        table.moves("('A', '2024-01-15 08:00:00')").await;
        let telemetry = table.open().await;
        let changing = table.database.client().await;
        changing.batch_execute(change).await.unwrap();
        let error = read_error(&telemetry, &days()).await.unwrap_or_else(|| panic!("{change}: read on"));
        assert!(
            error.is(Condition::SourceChanged) || error.kind() == Kind::Data,
            "{change}: {}",
            error.report()
        );
    }
}

/// A concurrent detach waits for earlier readers, which still read the detached part.
#[tokio::test]
async fn a_part_that_is_detached_concurrently_stays_for_a_snapshot_of_before() {
    let table = Table::new(ChangesConfig::RowXmin).await;
    table
        .sql(
            "ALTER TABLE telemetry.raw_telemetry RENAME TO plain;
             CREATE TABLE telemetry.raw_telemetry (LIKE telemetry.plain INCLUDING DEFAULTS) PARTITION BY RANGE (event_time);
             CREATE TABLE telemetry.january PARTITION OF telemetry.raw_telemetry FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')",
        )
        .await;
    table.moves("('A', '2024-01-15 08:00:00')").await;
    let telemetry = table.open().await;
    let detaching = table.database.client().await;
    let detach = "ALTER TABLE telemetry.raw_telemetry DETACH PARTITION telemetry.january CONCURRENTLY";
    let detached = tokio::spawn(async move { detaching.batch_execute(detach).await });
    somebody_waits(&table).await;
    assert_eq!(read(&telemetry, &days()).await.len(), 1);
    telemetry.end().await.unwrap();
    detached.await.unwrap().unwrap();
    assert!(read(&table.open().await, &days()).await.is_empty());
}

#[tokio::test]
async fn a_table_that_stays_locked_is_waited_for_and_the_clock_of_others_is_not_held_meanwhile() {
    let (table, other) = (two_days().await, two_days().await);
    let holder = table.database.client().await;
    holder.batch_execute("BEGIN; LOCK TABLE telemetry.raw_telemetry IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let opening = table.try_open(0);
    let meanwhile = async {
        somebody_waits(&table).await;
        other.open().await;
        // Longer than one attempt.
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        holder.batch_execute("COMMIT").await.unwrap();
    };
    let (opened, ()) = tokio::join!(opening, meanwhile);
    assert_eq!(read(&opened.unwrap(), &days()).await.values().sum::<i64>(), 288);
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let client = table.database.client().await;
    let mut left = i64::MAX;
    for _ in 0..100 {
        left = client.query_one(locks, &[]).await.unwrap().get(0);
        if left == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(left, 0, "no lock is left behind");
}

#[tokio::test]
async fn what_cannot_be_locked_as_such_is_locked_by_reading() {
    for (kind, change) in [
        (
            "materialized view",
            "ALTER TABLE telemetry.raw_telemetry RENAME TO stored;
             CREATE MATERIALIZED VIEW telemetry.raw_telemetry AS SELECT * FROM telemetry.stored",
        ),
        ("columns", ""),
    ] {
        let mut table = two_days().await;
        table.sql(change).await;
        let role = format!("columns_of_{}", table.database.name);
        table
            .sql(&format!(
                "CREATE ROLE {role} LOGIN PASSWORD 'p'; GRANT USAGE ON SCHEMA telemetry TO {role};
                 GRANT SELECT (chip_id, event_time, response_time_ms, battery_level, error_code) ON telemetry.raw_telemetry TO {role}"
            ))
            .await;
        table.config.url = Some(as_user(&table.database.url, &role, "p"));
        let telemetry = table.open().await;
        assert_eq!(read(&telemetry, &days()).await.values().sum::<i64>(), 288, "{kind}");
        let held = "SELECT count(DISTINCT pid) > 0 FROM pg_locks WHERE relation = 'telemetry.raw_telemetry'::regclass AND granted
                    AND mode = 'AccessShareLock' AND pid <> pg_backend_pid()";
        let is_held: bool = table.database.client().await.query_one(held, &[]).await.unwrap().get(0);
        assert!(is_held, "{kind}");
    }
}

/// An error releases the locks acquired after the savepoint: an older snapshot would see a table that is then
/// truncated as empty.
#[tokio::test]
async fn what_is_locked_by_reading_stays_locked_after_a_value_that_cannot_be_read() {
    let mut table = two_days().await;
    table.config.connections = 1;
    let role = format!("columns_of_{}", table.database.name);
    table
        .sql(&format!(
            "ALTER TABLE telemetry.raw_telemetry ALTER response_time_ms TYPE double precision;
             INSERT INTO telemetry.raw_telemetry (chip_id, event_time, response_time_ms)
             VALUES ('BAD', '2024-01-15 08:00', 1e308), ('BAD', '2024-01-15 08:01', 1e308);
             CREATE ROLE {role} LOGIN PASSWORD 'p'; GRANT USAGE ON SCHEMA telemetry TO {role};
             GRANT SELECT (chip_id, event_time, response_time_ms, battery_level, error_code) ON telemetry.raw_telemetry TO {role}"
        ))
        .await;
    let emptying = table.database.client().await;
    emptying.batch_execute("SET lock_timeout = '100ms'").await.unwrap();
    let stays = async || {
        let emptied = emptying.batch_execute("TRUNCATE telemetry.raw_telemetry").await;
        assert_eq!(emptied.unwrap_err().code(), Some(&SqlState::LOCK_NOT_AVAILABLE));
    };
    table.config.url = Some(as_user(&table.database.url, &role, "p"));
    let telemetry = table.open().await;
    let wanted = days();
    assert!(read_error(&telemetry, &wanted).await.unwrap().is(Condition::ValueUnreadable));
    stays().await;
    let left_out = telemetry.unreadable(&wanted).await.unwrap();
    assert_eq!(left_out.cells.len(), 1);
    stays().await;
    let readable = CellRequest { left_out: Some(left_out), ..wanted };
    assert_eq!(read(&telemetry, &readable).await.values().sum::<i64>(), 288);
    telemetry.end().await.unwrap();
    emptying.batch_execute("TRUNCATE telemetry.raw_telemetry").await.unwrap();
}

#[tokio::test]
async fn our_own_transactions_hold_no_horizon_back_and_others_of_the_same_name_do() {
    let table = two_days().await;
    let ours: Telemetry = table.open().await;
    let telemetry = table.open().await;
    assert!(telemetry.horizon() >= ours.snapshot().taken_at, "a reader of this program");
    drop((ours, telemetry));
    // A writer behind a pooler may have our account and our application's name.
    let writer = table.database.client().await;
    writer
        .batch_execute("SET application_name = 'bionicpro'; BEGIN; INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES ('LATE', '2024-01-15 08:00')")
        .await
        .unwrap();
    let before = chrono::Utc::now();
    let mut by_time = Table::at(table.database.clone(), ChangesConfig::CreationTime);
    by_time.config.connections = 1;
    let telemetry = by_time.open().await;
    assert!(telemetry.horizon() <= before);
    let baseline = telemetry.baseline(None).unwrap();
    drop(telemetry);
    writer.batch_execute("COMMIT").await.unwrap();
    assert!(told(&by_time.since(&baseline).await.unwrap()).iter().any(|cell| cell.starts_with("LATE")));
}

#[tokio::test]
async fn the_crm_is_read_as_it_is_when_its_lock_is_given() {
    let database = bionicpro_testing::postgres().crm().await;
    let client = database.client().await;
    client
        .batch_execute("INSERT INTO crm.customers (name, email) VALUES ('A', 'a'), ('B', 'b')")
        .await
        .unwrap();
    client
        .batch_execute("BEGIN; CREATE TEMP TABLE c AS TABLE crm.customers; TRUNCATE crm.customers CASCADE; INSERT INTO crm.customers SELECT * FROM c")
        .await
        .unwrap();
    let config = CrmConfig { url: Some(database.url.clone()), ..CrmConfig::default() };
    let source = Database::crm(&config).unwrap();
    let committing = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        client.batch_execute("COMMIT").await.unwrap();
    };
    let (crm, ()) = tokio::join!(Crm::read(&source, &config, 0), committing);
    assert_eq!(crm.unwrap().customers.len(), 2);
}

#[tokio::test]
async fn other_tables_of_the_crm_in_the_place_of_those_that_are_read_make_it_begin_again() {
    let database = bionicpro_testing::postgres().crm().await;
    let client = database.client().await;
    client.batch_execute("INSERT INTO crm.customers (name, email) VALUES ('A', 'a')").await.unwrap();
    let config = CrmConfig { url: Some(database.url.clone()), ..CrmConfig::default() };
    let crm = OpenCrm::open(&Database::crm(&config).unwrap(), &config, 0).await.unwrap();
    let [customers, prostheses, models] = ["customers", "prostheses", "prosthesis_models"]
        .map(|table| format!("CREATE TABLE crm.{table} (LIKE former.{table})"));
    client
        .batch_execute(&format!(
            "ALTER SCHEMA crm RENAME TO former; CREATE SCHEMA crm; {customers}; {prostheses}; {models};
             INSERT INTO crm.customers SELECT * FROM former.customers"
        ))
        .await
        .unwrap();
    for read in [crm.read().await, crm.read_some(&[], &[]).await] {
        let error = read.map(|crm| crm.customers.len()).unwrap_err();
        assert!(error.is(Condition::SourceChanged), "{}", error.report());
    }
}

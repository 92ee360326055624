//! A standby, its promotion and a restored backup, on servers that the tests start.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bionicpro_engines::postgres::{Postgres, PostgresOptions};
use bionicpro_sources::{ChangesConfig, Form};
use bionicpro_testing::TestDatabase;
use tempfile::TempDir;

use crate::table::{TABLE, Table, insert, told};

const DEADLINE: Duration = Duration::from_secs(30);

async fn start(folder: &Path, settings: &[(&str, String)]) -> Postgres {
    let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let options = PostgresOptions { durable: false, settings, ..PostgresOptions::new(folder) };
    Postgres::start(&bionicpro_testing::packages(), options)
        .await
        .unwrap_or_else(|error| panic!("{}", error.report()))
}

fn table_on(server: &Postgres, changes: ChangesConfig) -> Table {
    Table::at(TestDatabase { url: server.url("postgres"), name: "postgres".to_owned() }, changes)
}

/// Copies a data directory with its owners, without the PID file of the running server.
fn copy(from: &Path, to: &Path) {
    let source = format!("{}/.", from.display());
    // Files that the server removes meanwhile are not needed.
    Command::new("cp").args(["-a", &source]).arg(to).stderr(std::process::Stdio::null()).status().unwrap();
    let _ = std::fs::remove_file(to.join("cluster/postmaster.pid"));
}

/// Adds a file to a data directory, with the same owner.
fn add(folder: &Path, name: &str, content: &str) {
    let cluster = folder.join("cluster");
    std::fs::write(cluster.join(name), content).unwrap();
    let mut owner = Command::new("chown");
    assert!(owner.arg("--reference").arg(&cluster).arg(cluster.join(name)).status().unwrap().success());
}

/// Starts a standby that streams from the primary, on a copy that is made while the primary runs.
async fn standby_of(primary: &Postgres, from: &Path, to: &Path) -> Postgres {
    let session = table_on(primary, ChangesConfig::Auto).database.client().await;
    session.query_one("SELECT pg_backup_start('copy', true)", &[]).await.unwrap();
    copy(from, to);
    let label = session.query_one("SELECT labelfile FROM pg_backup_stop(false)", &[]).await.unwrap();
    add(to, "backup_label", label.get(0));
    add(to, "standby.signal", "");
    let url = primary.url("postgres");
    let url = url.expose_secret();
    let password = url.password().unwrap();
    let conninfo =
        format!("host=127.0.0.1 port={} user={} password={password}", primary.port(), url.username());
    start(to, &[("primary_conninfo", conninfo)]).await
}

/// Waits until the standby has replayed all that the primary has written.
async fn caught_up(primary: &Table, standby: &Table) {
    let client = primary.database.client().await;
    // Commits of a server that is not durable may still be in its memory: this one waits for those before it.
    client
        .batch_execute("SET synchronous_commit = on; SELECT pg_logical_emit_message(true, 'all', 'so far')")
        .await
        .unwrap();
    let position = "SELECT pg_current_wal_flush_lsn()::text";
    let written: String = client.query_one(position, &[]).await.unwrap().get(0);
    wait_for(standby, &format!("pg_last_wal_replay_lsn() >= '{written}'")).await;
}

async fn wait_for(table: &Table, condition: &str) {
    let client = table.database.client().await;
    let began = Instant::now();
    while !client.query_one(&format!("SELECT {condition}"), &[]).await.unwrap().get::<_, bool>(0) {
        assert!(began.elapsed() < DEADLINE, "{condition} takes too long");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_standby_finds_what_commits_late_and_a_promotion_loses_the_baseline() {
    let (here, there) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let primary = start(here.path(), &[]).await;
    let on_primary = table_on(&primary, ChangesConfig::Auto);
    on_primary.sql(TABLE).await;
    on_primary.moves("('OLD', '2024-01-15 08:00:00')").await;
    let standby = standby_of(&primary, here.path(), there.path()).await;
    let forms = [
        (ChangesConfig::TransactionColumn, Form::TransactionColumn),
        (ChangesConfig::RowXmin, Form::RowXmin),
    ];

    let mut late = on_primary.database.client().await;
    let late = late.transaction().await.unwrap();
    late.batch_execute(&insert("('LATE', '2024-01-15 09:00:00')")).await.unwrap();
    on_primary.moves("('EARLY', '2024-01-15 09:00:00')").await;
    caught_up(&on_primary, &table_on(&standby, ChangesConfig::Auto)).await;
    let mut baselines = Vec::new();
    for (config, form) in forms {
        let on_standby = table_on(&standby, config);
        let telemetry = on_standby.open().await;
        assert_eq!(telemetry.changes().form, form);
        baselines.push((on_standby, telemetry.baseline(None).unwrap()));
    }
    late.commit().await.unwrap();
    caught_up(&on_primary, &baselines[0].0).await;
    for (on_standby, baseline) in &baselines {
        let found = told(&on_standby.since(baseline).await.unwrap());
        assert!(found.contains(&"LATE 2024-01-15 09:00:00 1".to_owned()), "{found:?}");
        assert!(!found.iter().any(|cell| cell.starts_with("OLD")), "{found:?}");
    }
    let error = table_on(&standby, ChangesConfig::CreationTime).try_open(0).await.err().unwrap();
    assert!(error.to_string().contains("a standby does not show"), "{error}");
    // A baseline of the primary is valid on its standby, and vice versa.
    let baseline = on_primary.baseline().await;
    on_primary.moves("('NEXT', '2024-01-15 10:00:00')").await;
    caught_up(&on_primary, &baselines[0].0).await;
    assert_eq!(told(&baselines[0].0.since(&baseline).await.unwrap()), ["NEXT 2024-01-15 10:00:00 1"]);

    let promoted = &baselines[0].0;
    promoted.sql("SELECT pg_promote()").await;
    wait_for(promoted, "NOT pg_is_in_recovery()").await;
    let why = promoted.since(&baseline).await.unwrap_err();
    assert!(why.contains("fail-over"), "{why}");
    // The old primary has not changed, so its baseline is still valid.
    on_primary.since(&baseline).await.unwrap();
}

#[tokio::test]
async fn a_restored_backup_and_another_server_lose_the_baseline() {
    let (here, backup) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let server = start(here.path(), &[]).await;
    table_on(&server, ChangesConfig::Auto).sql(TABLE).await;
    server.stop().await.unwrap();
    copy(here.path(), backup.path());

    let server = start(here.path(), &[]).await;
    let table = table_on(&server, ChangesConfig::Auto);
    table.moves("('GONE', '2024-01-15 08:00:00')").await;
    let baseline = table.baseline().await;
    server.stop().await.unwrap();

    let restored = start(backup.path(), &[]).await;
    let why = table_on(&restored, ChangesConfig::Auto).since(&baseline).await.unwrap_err();
    assert!(why.contains("is behind"), "{why}");
    let why = Table::new(ChangesConfig::Auto).await.since(&baseline).await.unwrap_err();
    assert!(why.contains("another server"), "{why}");
}

//! The shared PostgreSQL gives every test its own database and leaves no files or processes.

use std::process::Command;
use std::time::{Duration, Instant};

use bionicpro_testing::postgres;

const HOLD: &str = "BIONICPRO_TEST_HOLD";

#[tokio::test]
async fn every_call_gives_a_fresh_database_with_its_tables() {
    let (first, second) = tokio::join!(postgres().telemetry(), postgres().telemetry());
    assert_ne!(first.name, second.name);
    let insert =
        "INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES ('CHIP-1', '2024-01-15 08:00')";
    first.client().await.execute(insert, &[]).await.unwrap();
    let count = "SELECT count(*) FROM telemetry.raw_telemetry";
    assert_eq!(first.client().await.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 1);
    assert_eq!(second.client().await.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 0);

    let crm = postgres().crm().await.client().await;
    assert!(crm.query("SELECT * FROM crm.prostheses", &[]).await.unwrap().is_empty());
    let empty = postgres().database().await.client().await;
    assert!(empty.query("SELECT * FROM crm.prostheses", &[]).await.is_err());
}

/// Runs in a test binary that the test below kills; not a test by itself.
#[tokio::test]
#[ignore = "started by another test"]
async fn holder() {
    if std::env::var_os(HOLD).is_some() {
        postgres().database().await;
        println!("\nready");
        std::future::pending::<()>().await;
    }
}

#[test]
fn a_killed_test_binary_leaves_no_folder_and_no_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut binary = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "holder", "--ignored", "--nocapture", "--quiet"])
        .env(HOLD, "yes")
        .env("TMPDIR", folder.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(binary.stdout.take().unwrap()));
    assert!(lines.map_while(Result::ok).any(|line| line == "ready"));
    let scratch = folder.path().join(format!("bionicpro-test-{}-postgres", binary.id()));
    assert!(scratch.join("cluster/postmaster.pid").exists());
    binary.kill().unwrap();
    binary.wait().unwrap();
    let start = Instant::now();
    while scratch.exists() {
        assert!(start.elapsed() < Duration::from_secs(10), "{} is still there", scratch.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test]
async fn a_warehouse_answers_and_each_call_names_another_database() {
    let (one, other) = tokio::join!(bionicpro_testing::warehouse(), bionicpro_testing::warehouse());
    assert_eq!(one.url, other.url);
    assert_ne!(one.database, other.database);
    let config = |test: bionicpro_testing::TestWarehouse| bionicpro_warehouse::Config {
        url: Some(test.url),
        database: test.database,
        ..bionicpro_warehouse::Config::default()
    };
    bionicpro_warehouse::Warehouse::new(&config(one)).unwrap().ping().await.unwrap();
}

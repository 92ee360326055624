//! Migrations: once, repeated, concurrent, half done, edited, from a newer program, over foreign tables.

use bionicpro_model::Kind;
use bionicpro_warehouse::migrate::program_version;
use bionicpro_warehouse::{Config, Warehouse};

use crate::support::Db;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_migration_has_nothing_to_do() {
    let db = Db::empty().await;
    let first = db.warehouse.migrate(false).await.unwrap();
    assert_eq!((first.from_version, first.to_version), (0, program_version()));
    assert_eq!(first.applied.first().map(String::as_str), Some("0001_mart"));
    // A single server does not need the Distributed tables.
    assert_eq!(first.applied.len(), usize::try_from(program_version()).unwrap() - 2);
    let second = db.warehouse.migrate(false).await.unwrap();
    assert_eq!((second.from_version, second.to_version), (program_version(), program_version()));
    assert!(second.applied.is_empty() && second.retention.is_none(), "{second:?}");
    db.warehouse.check_schema().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_it_would_do_and_changes_nothing() {
    let db = Db::empty().await;
    let dry = db.warehouse.migrate(true).await.unwrap();
    assert!(dry.dry_run && dry.applied.len() > 5, "{dry:?}");
    let status = db.warehouse.status().await.unwrap();
    assert_eq!((status.schema_version, status.tables.len(), status.data_as_of), (0, 0, None));
    let error = db.warehouse.check_schema().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Data);
    assert!(error.hint_text().unwrap().contains("warehouse migrate"));
    assert_eq!(db.warehouse.migrate(false).await.unwrap().applied, dry.applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_that_start_at_once_all_succeed() {
    let db = Db::empty().await;
    let calls = (0..4).map(|_| {
        let warehouse = db.warehouse.clone();
        tokio::spawn(async move { warehouse.migrate(false).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(db.warehouse.status().await.unwrap().schema_version, program_version());
    db.warehouse.check_schema().await.unwrap();
    assert_eq!(db.count("SELECT count() FROM schema_migrations FINAL").await, u64::from(program_version()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_applied_migration_is_finished() {
    let db = Db::migrated().await;
    // Killed after some statements, before and after they were recorded.
    db.execute("DROP VIEW ml_prostheses").await;
    db.execute("DROP TABLE users").await;
    db.execute("TRUNCATE TABLE schema_migrations").await;
    db.execute("INSERT INTO etl_runs (run) VALUES ('kept')").await;
    let report = db.warehouse.migrate(false).await.unwrap();
    assert_eq!(report.to_version, program_version());
    assert_eq!(db.count("SELECT count() FROM ml_prostheses").await, 0);
    assert_eq!(db.count("SELECT count() FROM etl_runs").await, 1);
    assert!(db.warehouse.migrate(false).await.unwrap().applied.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_comes_later_is_null_in_the_rows_from_before() {
    let db = Db::migrated().await;
    db.execute("ALTER TABLE user_prostheses DROP COLUMN manufactured_on, DROP COLUMN warranty_until").await;
    db.execute("TRUNCATE TABLE schema_migrations").await;
    db.execute("INSERT INTO user_prostheses (user_id, prosthesis_id, chip_id) VALUES (generateUUIDv4(), generateUUIDv4(), 'kept')")
        .await;
    db.warehouse.migrate(false).await.unwrap();
    let kept = "SELECT count() FROM user_prostheses FINAL WHERE chip_id = 'kept' AND manufactured_on IS NULL
        AND warranty_until IS NULL";
    assert_eq!(db.count(kept).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_program_is_refused() {
    let db = Db::migrated().await;
    db.execute("INSERT INTO schema_migrations (number, name, checksum, program) VALUES (9000, '9000_later', 'x', '9.1.0')")
        .await;
    let error = db.warehouse.migrate(false).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Data);
    assert!(error.to_string().contains("9000_later"), "{error}");
    assert!(error.hint_text().unwrap().contains("9.1.0"));
    assert_eq!(db.warehouse.status().await.unwrap().schema_version, 9000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_migration_is_noticed() {
    let db = Db::migrated().await;
    db.execute("INSERT INTO schema_migrations (number, name, checksum, program) VALUES (3, '0003_users', 'other', '0.0.9')")
        .await;
    let error = db.warehouse.migrate(true).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Data);
    assert!(error.to_string().contains("0003_users"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_cluster_is_refused() {
    let db = Db::migrated().await;
    let warehouse =
        Warehouse::new(&Config { cluster: Some("blue".to_owned()), ..db.config.clone() }).unwrap();
    assert_eq!(warehouse.migrate(true).await.unwrap_err().kind(), Kind::Config);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mart_with_another_type_or_without_a_column_is_named() {
    let db = Db::migrated().await;
    db.execute("ALTER TABLE user_prosthesis_stats MODIFY COLUMN movements_count UInt64").await;
    for error in
        [db.warehouse.check_schema().await.unwrap_err(), db.warehouse.migrate(false).await.unwrap_err()]
    {
        assert_eq!(error.kind(), Kind::Data);
        let text = error.to_string();
        assert!(
            text.contains("user_prosthesis_stats: column movements_count is UInt64, expected UInt32"),
            "{text}"
        );
    }
    db.execute("ALTER TABLE user_prosthesis_stats MODIFY COLUMN movements_count UInt32").await;
    db.execute("ALTER TABLE user_prosthesis_stats RENAME COLUMN battery_min TO battery_low").await;
    let text = db.warehouse.check_schema().await.unwrap_err().to_string();
    assert!(text.contains("column battery_min is missing, expected Nullable(Float32)"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_retention_follows_the_configuration() {
    let db = Db::migrated().await;
    let definition =
        "SELECT sum(countSubstrings(engine_full, 'TTL date + toIntervalDay(30)')) FROM system.tables
        WHERE database = currentDatabase() AND name IN ('user_prosthesis_stats', 'mart_history')";
    let keeping = |days| Warehouse::new(&Config { retention_days: days, ..db.config.clone() }).unwrap();
    assert_eq!(db.count(definition).await, 0);
    let report = keeping(30).migrate(false).await.unwrap();
    assert_eq!(report.retention.as_deref(), Some("MODIFY TTL date + toIntervalDay(30)"));
    assert_eq!(db.count(definition).await, 2);
    assert_eq!(keeping(30).migrate(false).await.unwrap().retention, None);
    assert_eq!(keeping(0).migrate(true).await.unwrap().retention.as_deref(), Some("REMOVE TTL"));
    assert_eq!(db.count(definition).await, 2);
    keeping(0).migrate(false).await.unwrap();
    assert_eq!(db.count(definition).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_statements_for_a_cluster_are_understood_by_the_engine() {
    let db = Db::empty().await;
    let cluster = Some("blue".to_owned());
    let warehouse = Warehouse::new(&Config { cluster, ..db.config.clone() }).unwrap();
    // Without a cluster to run on, the first statement parses and then fails because the cluster is missing.
    let report = warehouse.migrate(false).await.unwrap_err().report();
    assert!(report.contains("701"), "{report}");
    let client = db.client.clone().with_database("default");
    let statements =
        [warehouse.migration_statements().unwrap(), warehouse.load_statements().unwrap()].concat();
    assert!(statements.iter().any(|statement| statement.contains("SYSTEM SYNC REPLICA ON CLUSTER")));
    for statement in statements {
        let parsed = client.query_raw(&format!("EXPLAIN AST {statement}")).fetch_all::<String>().await;
        assert!(!parsed.unwrap_or_else(|error| panic!("{error}: {statement}")).is_empty());
        assert!(statement.contains(" ON CLUSTER `blue`"), "{statement}");
    }
}

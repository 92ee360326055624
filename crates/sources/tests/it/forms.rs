//! Each form on the same histories: rows that commit late are found, rows already seen are not reported as
//! new without need.

use bionicpro_model::Kind;
use bionicpro_sources::{Changes, ChangesConfig, Form, Since};

use crate::table::{FORMS, Table, as_user, told};

#[tokio::test]
async fn a_row_that_commits_after_a_later_one_is_found() {
    for (config, form) in FORMS {
        let table = Table::new(config).await;
        let mut late = table.database.client().await;
        let late = late.transaction().await.unwrap();
        late.batch_execute(&crate::table::insert("('LATE', '2024-01-15 08:00:00')")).await.unwrap();
        table.moves("('EARLY', '2024-01-15 09:00:00')").await;
        let baseline = table.baseline().await;
        assert_eq!(baseline.form, form);
        late.commit().await.unwrap();
        let found = told(&table.since(&baseline).await.unwrap());
        assert!(found.contains(&"LATE 2024-01-15 08:00:00 1".to_owned()), "{form}: {found:?}");
    }
}

#[tokio::test]
async fn rows_of_savepoints_and_of_every_kind_of_commit_are_found() {
    let inserts = "BEGIN; SAVEPOINT a; INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES ('S', '2024-01-15 08:00');
        SAVEPOINT b; INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES ('GONE', '2024-01-15 08:00');
        ROLLBACK TO b; RELEASE a";
    for (config, form) in FORMS {
        let table = Table::new(config).await;
        let client = table.database.client().await;
        client.batch_execute(inserts).await.unwrap();
        let baseline = table.baseline().await;
        client.batch_execute("COMMIT").await.unwrap();
        let aborted = table.database.client().await;
        aborted.batch_execute(&inserts.replace("'S'", "'ABORTED'")).await.unwrap();
        aborted.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!(told(&table.since(&baseline).await.unwrap()), ["S 2024-01-15 08:00:00 1"], "{form}");
    }
}

#[tokio::test]
async fn by_transaction_column_a_forgotten_transaction_holds_nothing_back() {
    let table = Table::new(ChangesConfig::Auto).await;
    let mut forgotten = table.database.client().await;
    let forgotten = forgotten.transaction().await.unwrap();
    forgotten.batch_execute(&crate::table::insert("('OLD', '2024-01-15 08:00:00')")).await.unwrap();
    let mut baseline = table.baseline().await;
    for hour in 10..13 {
        table.moves(&format!("('NEW', '2024-01-15 {hour}:00:00')")).await;
        assert_eq!(told(&table.since(&baseline).await.unwrap()), [format!("NEW 2024-01-15 {hour}:00:00 1")]);
        baseline = table.open().await.baseline(Some(&baseline)).unwrap();
        let telemetry = table.open().await;
        assert!(matches!(telemetry.since(&baseline).await.unwrap(), Since::Nothing), "seen rows are not new");
    }
    forgotten.commit().await.unwrap();
    assert_eq!(told(&table.since(&baseline).await.unwrap()), ["OLD 2024-01-15 08:00:00 1"]);
}

#[tokio::test]
async fn a_prepared_transaction_is_found_when_it_commits() {
    for (config, form) in FORMS {
        let table = Table::new(config).await;
        let before = table.baseline().await;
        let name = format!("{}_{form}", table.database.name);
        let prepare = format!(
            "BEGIN; {}; PREPARE TRANSACTION '{name}'",
            crate::table::insert("('PREPARED', '2024-01-15 08:00:00')")
        );
        table.sql(&prepare).await;
        table.moves("('OTHER', '2024-01-15 09:00:00')").await;
        let telemetry = table.open().await;
        let first = telemetry.baseline(None);
        let baseline = telemetry.baseline(Some(&before)).unwrap();
        drop(telemetry);
        if form == Form::CreationTime {
            // It began before it was prepared, at an unknown time.
            assert!(first.is_none());
            assert_eq!(baseline.horizon, before.horizon);
        } else {
            assert!(first.is_some());
        }
        table.sql(&format!("COMMIT PREPARED '{name}'")).await;
        let found = told(&table.since(&baseline).await.unwrap());
        assert!(found.contains(&"PREPARED 2024-01-15 08:00:00 1".to_owned()), "{form}: {found:?}");
    }
}

#[tokio::test]
async fn updates_are_found_by_row_xmin_only() {
    for (config, form) in FORMS {
        let table = Table::new(config).await;
        table.moves("('A', '2024-01-15 08:00:00')").await;
        table.sql("UPDATE telemetry.raw_telemetry SET created_at = created_at - interval '1 hour'").await;
        let baseline = table.baseline().await;
        table.sql("UPDATE telemetry.raw_telemetry SET battery_level = 50").await;
        let found = told(&table.since(&baseline).await.unwrap());
        let expected: &[&str] = if form == Form::RowXmin { &["A 2024-01-15 08:00:00 1"] } else { &[] };
        assert_eq!(found, expected, "{form}");
    }
}

/// The form that a table allows, and the statements offered for a better one.
async fn changes(table: &Table) -> Changes {
    table.open().await.changes().clone()
}

/// Runs the offered statements one by one.
async fn accept(table: &Table, ddl: &[String]) {
    for statement in ddl {
        table.sql(statement).await;
    }
}

#[tokio::test]
async fn the_best_form_that_the_source_allows_is_taken() {
    let table = Table::new(ChangesConfig::Auto).await;
    assert_eq!(changes(&table).await.form, Form::TransactionColumn);
    table.sql("DROP INDEX telemetry.inserted_by_idx").await;
    let second = changes(&table).await;
    assert_eq!((second.form, second.is_exact), (Form::CreationTime, false));
    assert!(second.reason.contains("no index begins with the xid8 column"), "{}", second.reason);
    // Offered, never run; running the statements gives the best form.
    assert!(second.ddl[0].starts_with("CREATE INDEX CONCURRENTLY"), "{:?}", second.ddl);
    accept(&table, &second.ddl).await;
    let best = changes(&table).await;
    assert_eq!(
        (best.form, best.is_exact, best.ddl.len()),
        (Form::TransactionColumn, true, 0),
        "{}",
        best.reason
    );
    table
        .sql("ALTER TABLE telemetry.raw_telemetry DISABLE TRIGGER ALL, ALTER created_at DROP DEFAULT;
              DROP TRIGGER zz_keep_inserted_by ON telemetry.raw_telemetry; DROP FUNCTION telemetry.keep_inserted_by;
              ALTER TABLE telemetry.raw_telemetry DROP COLUMN inserted_by")
        .await;
    let third = changes(&table).await;
    assert_eq!((third.form, third.is_exact), (Form::RowXmin, true));
    accept(&table, &third.ddl).await;
    let best = changes(&table).await;
    assert_eq!((best.form, best.is_exact), (Form::TransactionColumn, true));
}

#[tokio::test]
async fn a_column_that_only_its_default_keeps_is_no_exact_form_and_one_that_a_trigger_keeps_is() {
    let table = Table::new(ChangesConfig::Auto).await;
    let plain = changes(&table).await;
    assert_eq!((plain.form, plain.is_exact), (Form::TransactionColumn, false));
    assert!(plain.reason.contains("comparing the whole retention"), "{}", plain.reason);
    accept(&table, &plain.ddl).await;
    assert!(changes(&table).await.is_exact);
    // Whatever value a writer gives, and also for an update.
    let baseline = table.baseline().await;
    table
        .sql("INSERT INTO telemetry.raw_telemetry (chip_id, event_time, inserted_by) VALUES ('HAND', '2024-01-15 08:00', '3')")
        .await;
    assert_eq!(told(&table.since(&baseline).await.unwrap()), ["HAND 2024-01-15 08:00:00 1"]);
    let baseline = table.baseline().await;
    table.sql("UPDATE telemetry.raw_telemetry SET battery_level = 5, inserted_by = '3'").await;
    assert_eq!(told(&table.since(&baseline).await.unwrap()), ["HAND 2024-01-15 08:00:00 1"]);
    // A change that removes the guarantee is detected.
    for change in [
        "ALTER TABLE telemetry.raw_telemetry ENABLE TRIGGER zz_keep_inserted_by",
        "ALTER TABLE telemetry.raw_telemetry DISABLE TRIGGER zz_keep_inserted_by",
        "ALTER TABLE telemetry.raw_telemetry ENABLE ALWAYS TRIGGER zz_keep_inserted_by;
         CREATE FUNCTION telemetry.other() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.inserted_by := ''3''; RETURN NEW; END';
         CREATE TRIGGER zzz BEFORE INSERT ON telemetry.raw_telemetry FOR EACH ROW EXECUTE FUNCTION telemetry.other()",
        "DROP TRIGGER zzz ON telemetry.raw_telemetry;
         CREATE OR REPLACE FUNCTION telemetry.keep_inserted_by() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    ] {
        table.sql(change).await;
        assert!(!changes(&table).await.is_exact, "{change}");
    }
}

#[tokio::test]
async fn the_offered_statements_work_on_a_partitioned_table() {
    let table = Table::new(ChangesConfig::Auto).await;
    table
        .sql(
            "DROP TABLE telemetry.raw_telemetry;
             CREATE TABLE telemetry.raw_telemetry (chip_id text, event_time timestamp, response_time_ms int,
                 battery_level real, error_code text) PARTITION BY RANGE (event_time);
             CREATE TABLE telemetry.january PARTITION OF telemetry.raw_telemetry
                 FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
             CREATE TABLE telemetry.rest PARTITION OF telemetry.raw_telemetry DEFAULT",
        )
        .await;
    let before = changes(&table).await;
    assert_eq!(before.form, Form::RowXmin);
    accept(&table, &before.ddl).await;
    let after = changes(&table).await;
    assert_eq!((after.form, after.is_exact), (Form::TransactionColumn, true), "{}", after.reason);
    let baseline = table.baseline().await;
    // Directly into a partition too.
    table.sql("INSERT INTO telemetry.january (chip_id, event_time) VALUES ('A', '2024-01-15 08:00')").await;
    table.moves("('B', '2025-01-15 08:00:00')").await;
    assert_eq!(
        told(&table.since(&baseline).await.unwrap()),
        ["A 2024-01-15 08:00:00 1", "B 2025-01-15 08:00:00 1"]
    );
    // A partition that does not record the transaction would hide its rows.
    table
        .sql(
            "DROP TRIGGER zz_keep_inserted_by ON telemetry.raw_telemetry;
              ALTER TABLE telemetry.january ALTER inserted_by DROP DEFAULT",
        )
        .await;
    assert_eq!(changes(&table).await.form, Form::RowXmin);
}

#[tokio::test]
async fn a_view_gets_full_runs_and_says_so() {
    let table = Table::new(ChangesConfig::Auto).await;
    table
        .sql(
            "ALTER TABLE telemetry.raw_telemetry RENAME TO stored;
             CREATE VIEW telemetry.raw_telemetry AS SELECT * FROM telemetry.stored",
        )
        .await;
    let telemetry = table.open().await;
    let changes = telemetry.changes();
    assert_eq!((changes.form, changes.is_exact, changes.ddl.len()), (Form::None, false, 0));
    assert!(changes.reason.contains("every run is a full run"), "{}", changes.reason);
    assert!(telemetry.baseline(None).is_none());
}

#[tokio::test]
async fn a_form_that_is_configured_and_impossible_says_what_is_missing() {
    let table = Table::new(ChangesConfig::TransactionColumn).await;
    table.sql("ALTER TABLE telemetry.raw_telemetry DROP COLUMN inserted_by").await;
    let error = table.try_open(0).await.err().unwrap();
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.to_string().contains("no column of type xid8"), "{error}");
    assert!(error.hint_text().unwrap().contains("ADD COLUMN \"inserted_by\" xid8"), "{}", error.report());
}

#[tokio::test]
async fn the_time_form_needs_to_see_all_transactions() {
    let mut table = Table::new(ChangesConfig::CreationTime).await;
    let role = format!("watcher_of_{}", table.database.name);
    table
        .sql(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'p'; GRANT USAGE ON SCHEMA telemetry TO {role};
             GRANT SELECT ON telemetry.raw_telemetry TO {role}"
        ))
        .await;
    table.config.url = Some(as_user(&table.database.url, &role, "p"));
    let error = table.try_open(0).await.err().unwrap();
    assert!(error.to_string().contains("pg_read_all_stats"), "{error}");
    table.sql(&format!("GRANT pg_read_all_stats TO {role}")).await;
    assert_eq!(table.open().await.changes().form, Form::CreationTime);
    // A writer that hides its beginning makes the form impossible.
    let hiding = table.database.client().await;
    hiding.batch_execute("SET track_activities = off; SELECT 1").await.unwrap();
    let error = table.try_open(0).await.err().unwrap();
    assert!(error.to_string().contains("track_activities"), "{error}");
}

#[tokio::test]
async fn local_times_of_creation_are_looked_at_again_for_as_long_as_zones_differ() {
    let table = Table::new(ChangesConfig::CreationTime).await;
    table
        .sql("ALTER TABLE telemetry.raw_telemetry ALTER created_at TYPE timestamp, ALTER created_at SET DEFAULT now()")
        .await;
    let telemetry = table.open().await;
    assert!(telemetry.changes().reason.contains("12 hours"), "{}", telemetry.changes().reason);
    drop(telemetry);
    let baseline = table.baseline().await;
    table
        .sql(&format!(
            "SET TimeZone = 'Pacific/Honolulu'; {}",
            crate::table::insert("('A', '2024-01-15 08:00')")
        ))
        .await;
    assert_eq!(told(&table.since(&baseline).await.unwrap()), ["A 2024-01-15 08:00:00 1"]);
}

#[tokio::test]
async fn versions_never_go_back_and_the_holder_is_named_by_its_age_only_when_forgotten() {
    let table = Table::new(ChangesConfig::Auto).await;
    let mut open = table.database.client().await;
    let open = open.transaction().await.unwrap();
    open.batch_execute(&crate::table::insert("('A', '2024-01-15 08:00:00')")).await.unwrap();
    let telemetry = table.try_open(u64::MAX - 10).await.unwrap();
    assert_eq!(telemetry.snapshot().version(), u64::MAX - 9);
    assert!(telemetry.horizon() < telemetry.snapshot().taken_at);
    assert_eq!(telemetry.changes().held_back_by, None);
}

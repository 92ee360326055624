//! The conditions under which a baseline is lost, and those under which it is still valid.

use std::collections::BTreeMap;
use std::time::Duration;

use bionicpro_sources::{Baseline, ChangesConfig};
use serde_json::{Value, json};

use crate::table::{FORMS, Place, Table, as_user, told};

/// The baseline with one of its values replaced.
fn with(baseline: &Baseline, key: &str, value: Value) -> Baseline {
    let mut all = serde_json::to_value(baseline).unwrap();
    assert!(all.get(key).is_some(), "{key} in {all}");
    all[key] = value;
    serde_json::from_value(all).unwrap()
}

#[tokio::test]
async fn a_baseline_of_another_history_is_lost_and_says_why() {
    for (config, form) in FORMS {
        let table = Table::new(config).await;
        table.moves("('A', '2024-01-15 08:00:00')").await;
        let baseline = table.baseline().await;
        let text = serde_json::to_string(&baseline).unwrap();
        assert_eq!(serde_json::from_str::<Baseline>(&text).unwrap(), baseline);
        table.since(&baseline).await.unwrap_or_else(|why| panic!("{form}: {why}"));
        let other_form = if form.as_str() == "row_xmin" { "creation_time" } else { "row_xmin" };
        for (key, value, why) in [
            ("layout", json!(0), "another version of this program"),
            ("form", json!(other_form), "new rows were found by"),
            ("system", json!("1"), "another server"),
            ("database", json!(1), "another database"),
            ("timeline", json!(99), "fail-over"),
            ("table", json!(1), "recreated"),
            ("columns", json!("others"), "the columns"),
            ("policies", json!("another"), "policies"),
            ("started", json!(1), "was restarted"),
            ("wal", json!(u64::MAX >> 1), "is behind"),
            ("snapshot", json!("900000000000:900000000000:"), "is behind"),
            ("snapshot", json!("what"), "cannot be read"),
        ] {
            let lost = table.since(&with(&baseline, key, value)).await.unwrap_err();
            assert!(lost.contains(why), "{form} {key}: {lost}");
        }
        let ahead = with(&baseline, "taken_at", json!("2100-01-01T00:00:00Z"));
        let outcome = table.since(&ahead).await;
        assert_eq!(outcome.is_err(), config == ChangesConfig::CreationTime, "{form}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_table_that_was_made_anew_is_another_one() {
    let table = Table::new(ChangesConfig::Auto).await;
    let baseline = table.baseline().await;
    table
        .sql(
            "CREATE TABLE telemetry.anew (LIKE telemetry.raw_telemetry INCLUDING ALL);
             ALTER TABLE telemetry.anew ALTER id DROP NOT NULL, ALTER id DROP DEFAULT;
             DROP TABLE telemetry.raw_telemetry; ALTER TABLE telemetry.anew RENAME TO raw_telemetry",
        )
        .await;
    assert!(table.since(&baseline).await.unwrap_err().contains("recreated"));
}

/// A rewritten file may hold anything: it is compared, and not trusted.
#[tokio::test]
async fn a_table_that_was_emptied_or_written_anew_loses_the_baseline() {
    for (config, form) in FORMS {
        for change in [
            "TRUNCATE telemetry.raw_telemetry RESTART IDENTITY",
            "VACUUM (FULL) telemetry.raw_telemetry",
            "CLUSTER telemetry.raw_telemetry USING inserted_by_idx",
            "ALTER TABLE telemetry.raw_telemetry ALTER response_time_ms TYPE bigint",
            "ALTER TABLE telemetry.raw_telemetry SET UNLOGGED",
        ] {
            let table = Table::new(config).await;
            table.moves("('A', '2024-01-15 08:00:00'), ('A', '2024-01-15 09:00:00')").await;
            let baseline = table.baseline().await;
            table.sql(change).await;
            let why = table.since(&baseline).await.unwrap_err();
            assert!(why.contains("rewritten") || why.contains("the columns"), "{form} {change}: {why}");
        }
    }
}

#[tokio::test]
async fn a_table_that_was_frozen_tells_the_same() {
    for (config, form) in FORMS {
        let table = Table::new(config).await;
        table.moves("('OLD', '2024-01-15 08:00:00')").await;
        table.sql("VACUUM (FREEZE) telemetry.raw_telemetry").await;
        let baseline = table.baseline().await;
        table.moves("('NEW', '2024-01-15 08:00:00')").await;
        table.sql("VACUUM (FREEZE) telemetry.raw_telemetry").await;
        assert!(
            told(&table.since(&baseline).await.unwrap()).contains(&"NEW 2024-01-15 08:00:00 1".to_owned()),
            "{form}"
        );
    }
}

/// The telemetry partitioned by month; the rows of 2023 are in a table of their own that is not attached.
const BY_MONTH: &str = "
    ALTER TABLE telemetry.raw_telemetry RENAME TO plain;
    CREATE TABLE telemetry.raw_telemetry (LIKE telemetry.plain INCLUDING DEFAULTS) PARTITION BY RANGE (event_time);
    CREATE INDEX ON telemetry.raw_telemetry (inserted_by);
    CREATE INDEX ON telemetry.raw_telemetry (created_at);
    CREATE TABLE telemetry.january PARTITION OF telemetry.raw_telemetry FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
    CREATE TABLE telemetry.former (LIKE telemetry.plain INCLUDING DEFAULTS);
    INSERT INTO telemetry.former (chip_id, event_time, created_at)
        VALUES ('OLD', '2023-05-15 08:00', '2023-05-15'), ('OLD', '2023-05-15 09:30', '2023-05-15')";

const ATTACH: &str = "ALTER TABLE telemetry.raw_telemetry ATTACH PARTITION telemetry.former
    FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')";

/// The cells without the row that was there before.
fn told_of_part(cells: &BTreeMap<Place, i64>) -> Vec<String> {
    told(cells).into_iter().filter(|cell| !cell.starts_with("A ")).collect()
}

/// A current baseline, since which no row of the part is new: they are reported again for as long as a
/// transaction is open that may have written them, which may be another test's.
async fn told_once(table: &Table, former: &Baseline) -> Baseline {
    for _ in 0..1000 {
        let now = table.open().await.baseline(Some(former)).unwrap();
        if told_of_part(&table.since(&now).await.unwrap()).is_empty() {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the part is told every time");
}

#[tokio::test]
async fn a_full_partition_that_is_attached_is_read_whole() {
    for (config, form) in FORMS {
        let table = Table::new(config).await;
        table.sql(BY_MONTH).await;
        table.moves("('A', '2024-01-15 08:00:00')").await;
        let baseline = table.baseline().await;
        table.sql(ATTACH).await;
        let expected = ["OLD 2023-05-15 08:00:00 1", "OLD 2023-05-15 09:00:00 1"];
        assert_eq!(told_of_part(&table.since(&baseline).await.unwrap()), expected, "{form}");
        let attached = told_once(&table, &baseline).await;
        // Rows that were changed while it was detached count too.
        table
            .sql(&format!(
                "ALTER TABLE telemetry.raw_telemetry DETACH PARTITION telemetry.former;
                 UPDATE telemetry.former SET chip_id = 'OTHER', inserted_by = '3', created_at = '2023-01-01'; {ATTACH}"
            ))
            .await;
        let expected = expected.map(|cell| cell.replace("OLD", "OTHER"));
        assert_eq!(told_of_part(&table.since(&attached).await.unwrap()), expected, "{form}");
    }
}

/// The server applies a part's own policies only if the part is read directly: read through the table, it
/// shows all rows.
#[tokio::test]
async fn a_partition_with_policies_of_its_own_that_is_attached_is_read_by_way_of_the_table() {
    // Without confirmed policies the server would refuse to read the part, with some it would hide rows
    // silently.
    for policies in [vec![], vec!["own".to_owned()]] {
        let table = Table::new(ChangesConfig::TransactionColumn).await;
        let role = format!("reader_of_{}", table.database.name);
        table.sql(BY_MONTH).await;
        table
            .sql(&format!(
                "CREATE ROLE {role} LOGIN PASSWORD 'p'; GRANT USAGE ON SCHEMA telemetry TO {role};
                 GRANT SELECT ON ALL TABLES IN SCHEMA telemetry TO {role};
                 ALTER TABLE telemetry.former ENABLE ROW LEVEL SECURITY;
                 CREATE POLICY own ON telemetry.former USING (event_time >= '2023-05-15 09:00')"
            ))
            .await;
        let mut reader = Table::at(table.database.clone(), ChangesConfig::TransactionColumn);
        reader.config.url = Some(as_user(&table.database.url, &role, "p"));
        reader.config.policies = policies;
        let baseline = reader.baseline().await;
        table.sql(ATTACH).await;
        let found = reader.since(&baseline).await.unwrap();
        assert_eq!(told(&found), ["OLD 2023-05-15 08:00:00 1", "OLD 2023-05-15 09:00:00 1"]);
    }
}

#[tokio::test]
async fn a_partition_that_left_has_nothing_new_and_a_table_that_inherits_is_read_whole() {
    for (config, form) in FORMS {
        let table = Table::new(config).await;
        table.sql(BY_MONTH).await;
        table.sql(ATTACH).await;
        let baseline = table.baseline().await;
        table.sql("ALTER TABLE telemetry.raw_telemetry DETACH PARTITION telemetry.former").await;
        assert!(table.since(&baseline).await.unwrap().is_empty(), "{form}");
    }
    let table = Table::new(ChangesConfig::RowXmin).await;
    table.sql(&BY_MONTH.replace("ALTER TABLE telemetry.raw_telemetry RENAME TO plain", "CREATE TABLE telemetry.plain (LIKE telemetry.raw_telemetry INCLUDING DEFAULTS); ALTER TABLE telemetry.raw_telemetry RENAME TO gone")).await;
    table
        .sql("DROP TABLE telemetry.raw_telemetry; ALTER TABLE telemetry.plain RENAME TO raw_telemetry")
        .await;
    let baseline = table.baseline().await;
    table.sql("ALTER TABLE telemetry.former INHERIT telemetry.raw_telemetry").await;
    assert_eq!(
        told(&table.since(&baseline).await.unwrap()),
        ["OLD 2023-05-15 08:00:00 1", "OLD 2023-05-15 09:00:00 1"]
    );
}

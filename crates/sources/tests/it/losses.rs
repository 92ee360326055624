//! When a baseline is worth nothing any more, and when it still is.

use bionicpro_sources::{Baseline, ChangesConfig};
use serde_json::{Value, json};

use crate::table::{FORMS, Table, told};

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
            ("table", json!(1), "made anew"),
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
    assert!(table.since(&baseline).await.unwrap_err().contains("made anew"));
}

#[tokio::test]
async fn rows_after_a_truncation_are_found_though_their_ids_begin_again() {
    for (config, form) in FORMS {
        let table = Table::new(config).await;
        table.moves("('A', '2024-01-15 08:00:00'), ('A', '2024-01-15 09:00:00')").await;
        let baseline = table.baseline().await;
        table.sql("TRUNCATE telemetry.raw_telemetry RESTART IDENTITY").await;
        table.moves("('A', '2024-01-15 08:30:00')").await;
        assert_eq!(told(&table.since(&baseline).await.unwrap()), ["A 2024-01-15 08:00:00 1"], "{form}");
    }
}

#[tokio::test]
async fn a_table_that_was_rewritten_or_frozen_tells_the_same() {
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
        table.sql("VACUUM (FULL) telemetry.raw_telemetry").await;
        let found = told(&table.since(&baseline).await.unwrap());
        // A rewriting may make frozen rows look new: they are read again, which changes nothing.
        assert!(found.contains(&"NEW 2024-01-15 08:00:00 1".to_owned()), "{form}: {found:?}");
    }
}

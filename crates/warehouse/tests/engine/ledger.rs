//! The ledger and the freshness derived from it.

use bionicpro_model::hours::parse_instant;
use bionicpro_warehouse::ledger::{self, Entry, State, Step};
use bionicpro_warehouse::state;
use chrono::{DateTime, TimeDelta, Utc};

use crate::support::Db;

fn entry(run: &str, step: Step, state: State, minute: i64) -> Entry {
    let at = parse_instant("2026-01-15T08:00:00Z").unwrap() + TimeDelta::minutes(minute);
    Entry::new(run.parse().unwrap(), step, state, 1, at)
}

fn loaded(run: &str, minute: i64, horizon: &str, to: Option<&str>) -> Entry {
    Entry {
        horizon: Some(instant(horizon)),
        to: to.map(instant),
        ..entry(run, Step::LoadToClickhouse, State::Done, minute)
    }
}

fn instant(text: &str) -> DateTime<Utc> {
    parse_instant(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_comes_back_as_it_went_in() {
    let db = Db::migrated().await;
    let plain = entry("a", Step::ExtractCrmData, State::Started, 0);
    let full = Entry {
        attempt: u16::MAX,
        kind: Some("tick".to_owned()),
        form: Some("row_xmin".to_owned()),
        baseline: Some("{\"form\":\"row_xmin\"}".to_owned()),
        from: Some(instant("1970-01-01")),
        to: Some(instant("2106-02-07")),
        version: Some(u64::MAX),
        snapshot: Some("10:20:10,15".to_owned()),
        horizon: DateTime::from_timestamp_micros(1_767_225_600_123_456),
        rows: Some(u64::MAX),
        cells: Some(0),
        bytes: Some(1),
        orphans: Some(2),
        anomalies: Some(3),
        tombstones: Some(4),
        duration_ms: Some(5),
        error_kind: Some("data".to_owned()),
        hint: Some("mend it".to_owned()),
        error: Some("it's \\ 'odd'\n\t".to_owned()),
        ..entry("a", Step::LoadToClickhouse, State::Failed, 1)
    };
    ledger::append(&db.warehouse, &[plain.clone(), full.clone()]).await.unwrap();
    // A repeated append replaces the row.
    ledger::append(&db.warehouse, std::slice::from_ref(&plain)).await.unwrap();
    let run = ledger::run(&db.warehouse, &"a".parse().unwrap()).await.unwrap();
    assert_eq!(run, [plain, full]);
    assert!(ledger::run(&db.warehouse, &"b".parse().unwrap()).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_come_newest_first_with_their_entries_in_order() {
    let db = Db::migrated().await;
    let mut entries = Vec::new();
    for (index, run) in ["older", "middle", "newest"].into_iter().enumerate() {
        let minute = i64::try_from(index).unwrap() * 10;
        entries.push(entry(run, Step::ExtractCrmData, State::Done, minute + 1));
        entries.push(entry(run, Step::ExtractCrmData, State::Started, minute));
        entries.push(entry(run, Step::ExtractTelemetryData, State::Started, minute + 2));
    }
    // The oldest run ends last.
    entries.push(entry("older", Step::ExtractTelemetryData, State::Failed, 99));
    ledger::append(&db.warehouse, &entries).await.unwrap();
    let runs = ledger::runs(&db.warehouse, 2).await.unwrap();
    let names: Vec<&str> = runs.iter().map(|run| run[0].run.as_str()).collect();
    assert_eq!(names, ["newest", "middle"]);
    let states: Vec<State> = runs[0].iter().map(|entry| entry.state).collect();
    assert_eq!(states, [State::Started, State::Done, State::Started]);
    assert_eq!(ledger::runs(&db.warehouse, 10).await.unwrap()[2].len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn freshness_is_the_newest_horizon_that_was_loaded() {
    let db = Db::migrated().await;
    let fresh = async || {
        let (writer, reader) = (ledger::data_as_of(&db.warehouse).await, db.reports.freshness().await);
        assert_eq!(*writer.as_ref().unwrap(), reader.unwrap().data_as_of);
        writer.unwrap()
    };
    assert_eq!(fresh().await, None);
    let of = |entry: Entry| vec![entry];
    let failed = Entry { state: State::Failed, ..loaded("f", 0, "2026-02-01", None) };
    ledger::append(&db.warehouse, &of(failed)).await.unwrap();
    assert_eq!(fresh().await, None);
    let seven = "2026-01-15T07:55:30Z";
    ledger::append(&db.warehouse, &of(loaded("a", 1, seven, Some("2026-01-15T08:00:00Z")))).await.unwrap();
    assert_eq!(fresh().await, Some(instant(seven)));
    // A backfill of an old month, read later, does not make the mart look fresher.
    ledger::append(&db.warehouse, &of(loaded("b", 2, "2026-01-15T09:00:00Z", Some("2025-06-01"))))
        .await
        .unwrap();
    assert_eq!(fresh().await, Some(instant(seven)));
    ledger::append(&db.warehouse, &of(loaded("c", 3, "2026-01-15T09:10:00Z", None))).await.unwrap();
    assert_eq!(fresh().await, Some(instant("2026-01-15T09:10:00Z")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_that_found_nothing_new_keeps_the_mart_fresh() {
    let db = Db::migrated().await;
    let tick = |step, state, minute, horizon: &str| Entry {
        kind: Some("tick".to_owned()),
        horizon: Some(instant(horizon)),
        ..entry(&format!("t{minute}"), step, state, minute)
    };
    let fresh = async |entry: Entry| {
        ledger::append(&db.warehouse, &[entry]).await.unwrap();
        ledger::data_as_of(&db.warehouse).await.unwrap()
    };
    // For an incremental run, the range of hours does not limit freshness.
    let loaded = tick(Step::LoadToClickhouse, State::Done, 1, "2026-01-15T08:00:30Z");
    let loaded = Entry { from: Some(instant("2025-11-01")), to: Some(instant("2025-11-02")), ..loaded };
    assert_eq!(fresh(loaded).await, Some(instant("2026-01-15T08:00:30Z")));
    let skipped = tick(Step::ExtractTelemetryData, State::Skipped, 2, "2026-01-15T08:15:30Z");
    assert_eq!(fresh(skipped).await, Some(instant("2026-01-15T08:15:30Z")));
    let extracted = tick(Step::ExtractTelemetryData, State::Done, 3, "2026-01-15T08:30:30Z");
    assert_eq!(fresh(extracted).await, Some(instant("2026-01-15T08:15:30Z")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_baseline_is_that_of_the_newest_version_whatever_was_written_last() {
    let db = Db::migrated().await;
    assert_eq!(state::read(&db.warehouse).await.unwrap(), state::State::default());
    let left = |run: &str, step, state, version, baseline: Option<&str>| Entry {
        version: Some(version),
        baseline: baseline.map(str::to_owned),
        ..entry(run, step, state, i64::try_from(version).unwrap())
    };
    let (load, extract) = (Step::LoadToClickhouse, Step::ExtractTelemetryData);
    let entries = [
        left("e", extract, State::Skipped, 50, Some("skipped 50")),
        left("a", load, State::Done, 40, Some("loaded 40")),
        // A backfill has none; those of a failed load and of an extraction that is not loaded yet are
        // ignored.
        left("b", load, State::Done, 60, None),
        left("c", load, State::Failed, 70, Some("failed 70")),
        left("d", extract, State::Done, 80, Some("extracted 80")),
    ];
    ledger::append(&db.warehouse, &entries).await.unwrap();
    assert_eq!(state::read(&db.warehouse).await.unwrap().baseline.as_deref(), Some("skipped 50"));
    ledger::append(&db.warehouse, &[left("f", load, State::Done, 90, Some("loaded 90"))]).await.unwrap();
    assert_eq!(state::read(&db.warehouse).await.unwrap().baseline.as_deref(), Some("loaded 90"));
    assert_eq!(state::read(&db.warehouse).await.unwrap().newest_version, 90);
}

//! The mart as of an instant in the past: equal to its content at that time, whatever was loaded later and in
//! any order.

use std::collections::BTreeMap;
use std::fmt;

use bionicpro_model::HourRange;
use bionicpro_warehouse::Warehouse;
use bionicpro_warehouse::ledger::{self, Entry, State, Step};
use bionicpro_warehouse::load::{HistoryRange, LoadSpec, history_range};
use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use crate::support::rows::MartRow;
use crate::support::{Db, range, spec, tick};

/// A row as text, without its version: a comparison may rewrite an equal row at a newer version.
const COLUMNS: &str = "concat(toString(user_id), ' ', toString(hour), ' ', toString(prosthesis_id), ' ', chip_id, ' ',
    toString((movements_count, error_count, error_rate, avg_response_time, avg_battery_level, response_count, response_sum,
        response_squares, battery_count, battery_sum, battery_squares, battery_min, battery_last, anomaly_count)))";

fn day() -> HourRange {
    range("2026-01-15", "2026-01-16")
}

fn minute(minute: i64) -> DateTime<Utc> {
    day().from() + TimeDelta::minutes(minute)
}

fn version(at: DateTime<Utc>) -> u64 {
    u64::try_from(at.timestamp_micros()).unwrap()
}

/// Returns the hours of a view that were over by then.
async fn said(db: &Db, view: &str, by: DateTime<Utc>) -> Vec<String> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {view} WHERE hour + 3600 <= fromUnixTimestamp({}) ORDER BY 1",
        by.timestamp()
    );
    db.client.query_raw(&sql).fetch_all::<String>().await.unwrap()
}

async fn as_of(db: &Db, at: DateTime<Utc>) -> Vec<String> {
    said(db, &format!("ml_hourly_stats_as_of(as_of = '{}')", at.format("%F %T%.6f")), at).await
}

/// One load of a history: the state of the source at its version, complete or only the changes.
#[derive(Clone)]
struct Load {
    at: DateTime<Utc>,
    rows: Vec<MartRow>,
    is_full: bool,
}

impl fmt::Debug for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}:", self.at.format("%H:%M"), if self.is_full { "full" } else { "tick" })?;
        for row in &self.rows {
            let (user, hour) = (row.user_id.as_u128(), row.hour.format("%H"));
            let movements = if row.is_deleted { 0 } else { row.movements };
            write!(f, " {user}@{hour}={movements}")?;
        }
        Ok(())
    }
}

impl Load {
    async fn store(&self, db: &Db) {
        let version = version(self.at);
        let gone = self.rows.iter().filter(|row| row.is_deleted).count() as u64;
        let loaded: LoadSpec = match self.is_full {
            true => spec(day(), version, &self.rows),
            false => LoadSpec { tombstones: gone, ..tick(version, &self.rows) },
        };
        db.insert_rows(&self.rows, &loaded).await;
        done(&db.warehouse, self.at, if self.is_full { "full" } else { "tick" }).await;
    }
}

async fn done(warehouse: &Warehouse, at: DateTime<Utc>, kind: &str) {
    let run = format!("test-{}", version(at)).parse().unwrap();
    let entry = Entry {
        kind: Some(kind.to_owned()),
        version: Some(version(at)),
        horizon: Some(at),
        ..Entry::new(run, Step::LoadToClickhouse, State::Done, 1, at)
    };
    ledger::append(warehouse, &[entry]).await.unwrap();
}

/// Generates loads of a changing source: hours grow while current and afterwards, vanish, and move between
/// people.
fn loads(random: &mut StdRng) -> Vec<Load> {
    let mut source: BTreeMap<(u128, i64), u32> = BTreeMap::new();
    let mut now = 0;
    let mut loads = Vec::new();
    for _ in 0..10 {
        now += random.random_range(7..70);
        let (running, is_full) = (now / 60, random.random_ratio(1, 3));
        let mut changed = Vec::new();
        for _ in 0..random.random_range(1..5) {
            let key = (random.random_range(1..4), random.random_range((running - 3).max(0)..=running));
            if random.random_ratio(1, 5) && source.contains_key(&key) {
                // The hour moves to another person, and the former one's row gets a tombstone. Or it
                // vanishes, which only a full load detects.
                let movements = source.remove(&key).unwrap_or_default();
                match is_full && random.random() {
                    true => {}
                    false => {
                        let moved = (key.0 % 3 + 1, key.1);
                        *source.entry(moved).or_default() += movements;
                        changed.extend([key, moved]);
                    }
                }
            } else {
                *source.entry(key).or_default() += random.random_range(1..9);
                changed.push(key);
            }
        }
        changed.sort_unstable();
        changed.dedup();
        let row = |(user, hour): (u128, i64)| {
            let movements = source.get(&(user, hour)).copied();
            let row = MartRow::new(user, 9, &minute(hour * 60).to_rfc3339());
            MartRow { movements: movements.unwrap_or(1), is_deleted: movements.is_none(), ..row }
        };
        let keys = if is_full { source.keys().copied().collect() } else { changed };
        let rows = keys.into_iter().map(row).collect();
        loads.push(Load { at: minute(now), rows, is_full });
    }
    loads
}

/// In the order of their versions, each load is compared with the mart right after it; in any other order,
/// with the results of the first.
#[tokio::test(flavor = "multi_thread")]
async fn every_instant_of_the_past_is_told_as_it_was() {
    let seed = rand::random::<u64>();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..3 {
        let mut loads = loads(&mut random);
        let (ordered, db) = (loads.clone(), Db::migrated().await);
        let mut then = Vec::new();
        for load in &ordered {
            load.store(&db).await;
            then.push((load.at, said(&db, "ml_hourly_stats", load.at).await));
            if random.random() {
                db.execute("OPTIMIZE TABLE mart_history FINAL").await;
            }
        }
        assert!(then.last().unwrap().1.len() > 3, "{then:?}");
        for (at, said) in &then {
            assert_eq!(as_of(&db, *at).await, *said, "as of {at}, seed {seed}\n{ordered:#?}");
            // Between two loads, only the state of the earlier one is known.
            let later = *at + TimeDelta::minutes(6);
            let shown = said_by(&db, later, *at).await;
            assert_eq!(shown, *said, "six minutes after {at}, seed {seed}");
        }

        loads.shuffle(&mut random);
        let late = Db::migrated().await;
        for load in &loads {
            load.store(&late).await;
        }
        for (at, said) in &then {
            assert_eq!(as_of(&late, *at).await, *said, "out of order, as of {at}, seed {seed}\n{loads:#?}");
        }
    }
}

/// Returns the view as of an instant, limited to the hours that were over at another.
async fn said_by(db: &Db, at: DateTime<Utc>, by: DateTime<Utc>) -> Vec<String> {
    said(db, &format!("ml_hourly_stats_as_of(as_of = '{}')", at.format("%F %T%.6f")), by).await
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_of_one_hour_leave_one_row_and_each_later_change_another() {
    let db = Db::migrated().await;
    let of = |at: i64, movements: u32| Load {
        at: minute(at),
        rows: vec![MartRow { movements, ..MartRow::new(1, 2, "2026-01-15T08:00:00Z") }],
        is_full: false,
    };
    for step in 1..=30 {
        of(480 + step, u32::try_from(step).unwrap()).store(&db).await;
    }
    for late in [(545, 50), (600, 60)] {
        of(late.0, late.1).store(&db).await;
    }
    db.execute("OPTIMIZE TABLE mart_history FINAL").await;
    let kept = "SELECT movements_count FROM mart_history ORDER BY version";
    assert_eq!(db.client.query_raw(kept).fetch_all::<u32>().await.unwrap(), [30, 50, 60]);
    // A full load that finds the same values adds nothing.
    let same = Load { is_full: true, ..of(700, 60) };
    same.store(&db).await;
    assert_eq!(db.count("SELECT count() FROM mart_history").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_renamed_keeps_its_name_of_then() {
    let db = Db::migrated().await;
    let of = |at: i64, model: &str| Load {
        at: minute(at),
        rows: vec![MartRow {
            prosthesis_model: model.to_owned(),
            movements: u32::try_from(at).unwrap(),
            ..MartRow::new(1, 2, "2026-01-15T08:00:00Z")
        }],
        is_full: false,
    };
    of(541, "Hand 3").store(&db).await;
    of(600, "Hand 3 (old)").store(&db).await;
    let model = "SELECT prosthesis_model FROM ml_hourly_stats_as_of(as_of = '2026-01-15 10:00:00')";
    assert_eq!(db.client.query_raw(model).fetch_all::<String>().await.unwrap(), ["Hand 3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mart_of_before_begins_its_history_with_what_it_says() {
    let db = Db::migrated().await;
    assert_eq!(history_range(&db.warehouse).await.unwrap(), None);
    let rows: Vec<_> =
        ["2025-12-31T23:00:00Z", "2026-01-15T08:00:00Z"].map(|hour| MartRow::new(1, 2, hour)).into();
    let full = spec(range("2025-12-31", "2026-01-16"), version(minute(600)), &rows);
    db.insert_rows(&rows, &full).await;
    done(&db.warehouse, minute(600), "full").await;
    let said = as_of(&db, minute(600)).await;
    assert_eq!(said.len(), 2);
    let covered = HistoryRange { from: minute(600), to: minute(600) };
    assert_eq!(history_range(&db.warehouse).await.unwrap(), Some(covered));

    // As left by a program version without a history.
    for forget in ["TRUNCATE TABLE mart_history", "DELETE FROM marks WHERE name = 'history'"] {
        db.execute(forget).await;
    }
    assert_eq!(history_range(&db.warehouse).await.unwrap(), None);
    for _ in 0..2 {
        db.warehouse.migrate(false).await.unwrap();
        assert_eq!(history_range(&db.warehouse).await.unwrap(), Some(covered));
        assert_eq!(as_of(&db, minute(600)).await, said);
        assert_eq!(db.count("SELECT count() FROM mart_history").await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_holds_no_name_and_lets_a_person_go() {
    let db = Db::migrated().await;
    let load = Load {
        at: minute(600),
        rows: [1, 7].map(|user| MartRow::new(user, 2, "2026-01-15T08:00:00Z")).into(),
        is_full: true,
    };
    load.store(&db).await;
    let text = "SELECT concat(*) FROM (SELECT toString(tuple(*)) FROM mart_history)";
    for line in db.client.query_raw(text).fetch_all::<String>().await.unwrap() {
        assert!(!["Имя", "secret", "user."].iter().any(|name| line.contains(name)), "{line}");
    }
    db.execute("DELETE FROM mart_history WHERE user_id = '00000000-0000-0000-0000-000000000007'").await;
    assert_eq!(as_of(&db, minute(600)).await.len(), 1);
}

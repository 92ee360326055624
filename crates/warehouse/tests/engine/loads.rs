//! Loads repeated, late, at once, in either order; rows that vanish; sums per day.

use bionicpro_model::{DayTotals, HourRange};
use bionicpro_warehouse::load::{self, LoadedDay};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::support::rows::MartRow;
use crate::support::{Db, range, spec};

const LIVE: &str = "SELECT count() FROM user_prosthesis_stats FINAL";

/// The hours of one person's only prosthesis that are live.
async fn live_hours(db: &Db) -> Vec<String> {
    let sql = "SELECT formatDateTime(hour, '%dT%H') FROM user_prosthesis_stats FINAL ORDER BY hour, user_id";
    db.client.query_raw(sql).fetch_all::<String>().await.unwrap()
}

fn day() -> HourRange {
    range("2026-01-15", "2026-01-16")
}

fn at(hours: &[&str]) -> Vec<MartRow> {
    hours.iter().map(|hour| MartRow::new(1, 2, &format!("2026-01-{hour}:00:00Z"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_load_changes_no_answer() {
    let db = Db::migrated().await;
    let rows = at(&["15T08", "15T09"]);
    for _ in 0..3 {
        assert_eq!(db.load(&rows, day(), 5).await, 0);
        assert_eq!(live_hours(&db).await, ["15T08", "15T09"]);
    }
    db.execute("OPTIMIZE TABLE user_prosthesis_stats FINAL").await;
    db.load(&rows, day(), 5).await;
    assert_eq!(live_hours(&db).await, ["15T08", "15T09"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_vanished_is_hidden_only_within_the_range() {
    let db = Db::migrated().await;
    db.load(&at(&["14T23", "15T00", "15T12", "15T23", "16T00"]), range("2026-01-14", "2026-01-17"), 1).await;
    assert_eq!(db.load(&at(&["15T12"]), day(), 2).await, 2);
    assert_eq!(live_hours(&db).await, ["14T23", "15T12", "16T00"]);
    db.execute("OPTIMIZE TABLE user_prosthesis_stats FINAL").await;
    assert_eq!(live_hours(&db).await, ["14T23", "15T12", "16T00"]);
    // What vanished may come back.
    assert_eq!(db.load(&at(&["15T00", "15T12"]), day(), 3).await, 0);
    assert_eq!(live_hours(&db).await, ["14T23", "15T00", "15T12", "16T00"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tombstone_holds_no_personal_data() {
    let db = Db::migrated().await;
    db.load(&at(&["15T08"]), day(), 1).await;
    assert_eq!(db.load(&[], day(), 2).await, 1);
    assert_eq!(db.count(LIVE).await, 0);
    let tombstones = "SELECT count() FROM user_prosthesis_stats WHERE is_deleted = 1
        AND customer_name = '' AND customer_email = '' AND ldap_username = ''";
    assert_eq!(db.count(tombstones).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_that_change_hands_are_hidden_under_the_former_owner() {
    let db = Db::migrated().await;
    db.load(&at(&["15T08", "15T09"]), day(), 1).await;
    let moved = MartRow::new(7, 2, "2026-01-15T09:00:00Z");
    assert_eq!(db.load(&[at(&["15T08"]).remove(0), moved], day(), 2).await, 1);
    let owners = "SELECT toString(user_id) FROM user_prosthesis_stats FINAL ORDER BY hour";
    let owners = db.client.query_raw(owners).fetch_all::<String>().await.unwrap();
    assert_eq!(owners, [Uuid::from_u128(1).to_string(), Uuid::from_u128(7).to_string()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_load_shows_nothing_that_a_newer_one_knows_to_be_gone() {
    let db = Db::migrated().await;
    db.load(&at(&["15T10"]), day(), 20).await;
    // Older, and later: 08 had vanished by version 20, 10 is older here; 16T00 is outside of what 20 covered.
    assert_eq!(db.load(&at(&["15T08", "15T10", "16T00"]), range("2026-01-15", "2026-01-17"), 10).await, 1);
    assert_eq!(live_hours(&db).await, ["15T10", "16T00"]);
    assert_eq!(db.count("SELECT toUInt64(max(version)) FROM user_prosthesis_stats FINAL").await, 20);
}

/// Two loads of the same day, A older than B: A has 08 and 09, B has 09 and 10, 07 was there before both.
/// Whatever the order of their four steps, B's rows remain.
#[tokio::test(flavor = "multi_thread")]
async fn two_loads_at_once_leave_the_newer_state_in_every_interleaving() {
    let (old, new) = (spec(day(), 10), spec(day(), 20));
    let orders: [[&str; 4]; 6] = [
        ["insert A", "hide A", "insert B", "hide B"],
        ["insert A", "insert B", "hide A", "hide B"],
        ["insert A", "insert B", "hide B", "hide A"],
        ["insert B", "hide B", "insert A", "hide A"],
        ["insert B", "insert A", "hide B", "hide A"],
        ["insert B", "insert A", "hide A", "hide B"],
    ];
    for order in orders {
        let db = Db::migrated().await;
        db.load(&at(&["15T07"]), day(), 1).await;
        for step in order {
            match step {
                "insert A" => db.insert(&at(&["15T08", "15T09"]), &old).await,
                "insert B" => db.insert(&at(&["15T09", "15T10"]), &new).await,
                "hide A" => drop(load::tombstone_vanished(&db.warehouse, &old).await.unwrap()),
                _ => drop(load::tombstone_vanished(&db.warehouse, &new).await.unwrap()),
            }
        }
        assert_eq!(live_hours(&db).await, ["15T09", "15T10"], "{order:?}");
        assert_eq!(
            db.count("SELECT countIf(version = 20) FROM user_prosthesis_stats FINAL").await,
            2,
            "{order:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn loads_that_really_run_at_once_leave_the_newest_state() {
    let db = Db::migrated().await;
    let loads = (1..=6_u32).map(|number| {
        let rows: Vec<MartRow> = (0..24_i64)
            .filter(|hour| hour % i64::from(number) == 0)
            .map(|hour| {
                let mut row = MartRow::new(1, 2, "2026-01-15");
                row.hour += TimeDelta::hours(hour);
                MartRow { movements: number, ..row }
            })
            .collect();
        let (db, version) = (db.clone(), u64::from(number));
        tokio::spawn(async move { db.load(&rows, day(), version).await })
    });
    for load in loads.collect::<Vec<_>>() {
        load.await.unwrap();
    }
    assert_eq!(live_hours(&db).await, ["15T00", "15T06", "15T12", "15T18"]);
    assert_eq!(db.count("SELECT sum(movements_count) FROM user_prosthesis_stats FINAL").await, 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_load_leaves_the_previous_numbers_of_what_it_did_not_reach() {
    let db = Db::migrated().await;
    db.load(&at(&["15T08", "15T09"]), day(), 1).await;
    // Killed after the insert: nothing is hidden yet, and the repetition finishes.
    db.insert(&at(&["15T09"]), &spec(day(), 2)).await;
    assert_eq!(live_hours(&db).await, ["15T08", "15T09"]);
    assert_eq!(db.load(&at(&["15T09"]), day(), 2).await, 1);
    assert_eq!(live_hours(&db).await, ["15T09"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_days_add_up_to_the_rows() {
    let db = Db::migrated().await;
    let rows: Vec<MartRow> = (0..50_u32)
        .map(|index| {
            let mut row = MartRow::new(u128::from(index), 2, "2026-01-15T20:00:00Z");
            row.hour += TimeDelta::hours(i64::from(index % 8));
            MartRow { response_sum: 0.1 * f64::from(index), movements: u32::MAX, ..row }
        })
        .collect();
    let whole = range("2026-01-15", "2026-01-17");
    db.load(&rows, whole, 3).await;
    let totals = load::day_totals(&db.warehouse, &whole).await.unwrap();
    let expected = |date: &str| {
        let rows: Vec<_> = rows.iter().filter(|row| row.hour.date_naive().to_string() == date).collect();
        let sum =
            |value: fn(&MartRow) -> u64| rows.iter().fold(0_u64, |sum, row| sum.wrapping_add(value(row)));
        let totals = DayTotals {
            date: date.parse().unwrap(),
            cells: rows.len() as u64,
            movements: sum(|row| row.movements.into()),
            errors: sum(|row| row.errors.into()),
            anomalies: sum(|row| row.anomalies.into()),
            response_count: sum(|row| row.response_count.into()),
            battery_count: sum(|row| row.battery_count.into()),
            response_sum_bits: sum(|row| row.response_sum.to_bits()),
            battery_sum_bits: sum(|row| row.battery_sum.to_bits()),
            battery_min_bits: sum(|row| row.battery_min.map_or(0, |level| u64::from(level.to_bits()))),
            battery_last_bits: sum(|row| row.battery_last.map_or(0, |level| u64::from(level.to_bits()))),
        };
        LoadedDay { totals, newest_version: 3 }
    };
    assert_eq!(totals, [expected("2026-01-15"), expected("2026-01-16")]);

    // Half a day is half of it, and a day that a newer load emptied says so.
    let evening = range("2026-01-15T20:00:00Z", "2026-01-15T21:00:00Z");
    assert_eq!(load::day_totals(&db.warehouse, &evening).await.unwrap()[0].totals.cells, 7);
    db.load(&[], range("2026-01-16", "2026-01-17"), 4).await;
    let emptied = load::day_totals(&db.warehouse, &whole).await.unwrap()[1];
    assert_eq!((emptied.totals.cells, emptied.totals.movements, emptied.newest_version), (0, 0, 4));
}

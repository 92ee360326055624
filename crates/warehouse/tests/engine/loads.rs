//! Repeated, late, interrupted and reordered loads; vanished rows; totals per day.

use std::future::ready;
use std::ops::Range;

use bionicpro_model::{Condition, DayTotals, Error, HourRange, Kind};
use bionicpro_warehouse::load::{self, Fingerprint, LoadSpec, LoadedDay, Tombstones, VanishLimit};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::support::rows::MartRow;
use crate::support::{Db, file, pieces, range, spec, tick};

const LIVE: &str = "SELECT count() FROM user_prosthesis_stats FINAL";

/// Returns the live hours of one person's only prosthesis.
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
    // Vanished rows may come back.
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
    // Older, but loaded later: 08 had vanished by version 20, 10 is older here; 16T00 is outside the range of
    // 20.
    assert_eq!(db.load(&at(&["15T08", "15T10", "16T00"]), range("2026-01-15", "2026-01-17"), 10).await, 1);
    assert_eq!(live_hours(&db).await, ["15T10", "16T00"]);
    assert_eq!(db.count("SELECT toUInt64(max(version)) FROM user_prosthesis_stats FINAL").await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn loads_leave_the_newest_state_in_whatever_order_they_come() {
    for order in [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]] {
        let db = Db::migrated().await;
        for number in order {
            let rows: Vec<MartRow> = (0..24_i64)
                .filter(|hour| hour % i64::from(number) == 0)
                .map(|hour| {
                    let mut row = MartRow::new(1, 2, "2026-01-15");
                    row.hour += TimeDelta::hours(hour);
                    MartRow { movements: number, ..row }
                })
                .collect();
            db.load(&rows, day(), u64::from(number)).await;
        }
        assert_eq!(
            live_hours(&db).await.join(" "),
            "15T00 15T03 15T06 15T09 15T12 15T15 15T18 15T21",
            "{order:?}"
        );
        assert_eq!(
            db.count("SELECT sum(movements_count) FROM user_prosthesis_stats FINAL").await,
            24,
            "{order:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_load_of_either_kind_hides_what_a_newer_one_has_removed() {
    let db = Db::migrated().await;
    db.load(&at(&["15T10"]), day(), 20).await;
    for late in [spec(day(), 10, &at(&["15T08"])), tick(11, &at(&["15T09"]))] {
        let hour = if late.range.is_some() { "15T08" } else { "15T09" };
        db.insert(&at(&[hour]), &late).await;
        assert_eq!(live_hours(&db).await, ["15T10"]);
    }
}

/// The rows that it keeps hidden were never visible, so none of them vanishes, however many they are.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_load_of_which_most_stays_hidden_is_not_refused_and_hides_nothing_of_newer_ones() {
    let db = Db::migrated().await;
    let of = |day: u32, users: Range<u128>| -> Vec<MartRow> {
        users.map(|user| MartRow::new(user, 2, &format!("2026-01-{day}T08:00:00Z"))).collect()
    };
    let hides = Tombstones { limit: VanishLimit { share: 0.5, confirmed: 0 }, ..Tombstones::default() };
    db.load(&of(15, 0..5), day(), 1).await;
    db.load(&of(15, 0..10), day(), 20).await;
    let newer = "SELECT countIf(version = 20) FROM user_prosthesis_stats FINAL";
    let late = of(15, 0..100);
    for _ in 0..2 {
        db.store(&late, &spec(day(), 10, &late), &hides).await;
        assert_eq!((db.count(newer).await, db.count(LIVE).await), (10, 10));
        db.execute("OPTIMIZE TABLE user_prosthesis_stats FINAL").await;
    }
    // Rows that do vanish on another day are refused as usual.
    db.load(&of(16, 0..60), range("2026-01-16", "2026-01-17"), 2).await;
    let both = range("2026-01-15", "2026-01-17");
    let error = db.try_store(&late, &spec(both, 11, &late), &hides).await.unwrap_err();
    assert!(error.is(Condition::TooMuchVanished));
    assert!(error.to_string().contains("(2026-01-16: 60 of 60)"), "{error}");
    // The newer load, repeated, and a still newer one show all of their rows.
    db.load(&of(15, 0..10), day(), 20).await;
    assert_eq!(db.count(newer).await, 10);
    db.store(&late, &spec(day(), 21, &late), &hides).await;
    assert_eq!(db.count(LIVE).await, 160);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_may_not_show_leaves_the_previous_numbers_and_its_repetition_finishes() {
    let db = Db::migrated().await;
    db.load(&at(&["15T08", "15T09"]), day(), 1).await;
    let next = at(&["15T09", "15T10"]);
    for spec in [spec(day(), 2, &next), LoadSpec { rows: 1_000_000_000, ..tick(2, &next) }] {
        let lost = ready(Err(Error::new(Kind::Unreachable, "the lock was lost")));
        let file = pieces(file(&next, 2));
        let (standing, hides) = (db.standing().await, Tombstones::default());
        let error = load::store(&db.warehouse, file, &spec, &standing, &hides, lost).await.unwrap_err();
        assert_eq!(error.message(), "the lock was lost");
        assert_eq!(live_hours(&db).await, ["15T08", "15T09"]);
    }
    assert_eq!(db.load(&next, day(), 2).await, 1);
    assert_eq!(live_hours(&db).await, ["15T09", "15T10"]);
    assert_eq!(db.count("SELECT count() FROM load_rows").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_was_killed_before_its_note_is_made_good_by_its_repetition() {
    let db = Db::migrated().await;
    db.load(&at(&["15T08", "15T09"]), day(), 1).await;
    db.load(&at(&["15T09"]), day(), 2).await;
    db.execute("DELETE FROM loaded_ranges WHERE version = 2").await;
    db.execute(
        "INSERT INTO load_rows SELECT * REPLACE (hour + 3600 AS hour) FROM user_prosthesis_stats FINAL",
    )
    .await;
    assert_eq!(db.load(&at(&["15T09"]), day(), 2).await, 0);
    assert_eq!(live_hours(&db).await, ["15T09"]);
    assert_eq!(db.count("SELECT count() FROM loaded_ranges WHERE version = 2").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_is_one_part_however_wide_its_rows_are() {
    let db = Db::migrated().await;
    // 150 MB in memory, and less in the file: equal values do not make a block smaller.
    let name = "n".repeat(10_000);
    let rows: Vec<MartRow> = (0..15_000)
        .map(|user| MartRow { customer_name: name.clone(), ..MartRow::new(user, 1, "2026-01-15") })
        .collect();
    db.insert_rows(&rows, &tick(1, &rows)).await;
    assert_eq!(db.count("SELECT uniqExact(_part) FROM user_prosthesis_stats").await, 1);
    assert_eq!(db.count(LIVE).await, 15_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_days_add_up_to_the_rows() {
    let db = Db::migrated().await;
    let rows: Vec<MartRow> = (0..50_u32)
        .map(|index| {
            let mut row = MartRow::new(u128::from(index), 2, "2026-01-15T20:00:00Z");
            row.hour += TimeDelta::hours(i64::from(index % 8));
            let response_squares = (index % 3 > 0).then_some(0.01 * f64::from(index));
            let battery_squares = row.battery_squares.filter(|_| index % 2 > 0);
            let response_sum = 0.1 * f64::from(index);
            MartRow { response_sum, response_squares, battery_squares, movements: u32::MAX, ..row }
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
            response_squares_bits: sum(|row| row.response_squares.map_or(0, f64::to_bits)),
            battery_squares_bits: sum(|row| row.battery_squares.map_or(0, f64::to_bits)),
            battery_min_bits: sum(|row| row.battery_min.map_or(0, |level| u64::from(level.to_bits()))),
            battery_last_bits: sum(|row| row.battery_last.map_or(0, |level| u64::from(level.to_bits()))),
        };
        LoadedDay { totals, newest_version: 3 }
    };
    assert_eq!(totals, [expected("2026-01-15"), expected("2026-01-16")]);

    // The fingerprints are the same here and in the engine.
    let spec = spec(whole, 3, &rows);
    for (date, fingerprint) in load::loaded_fingerprints(&db.warehouse, &spec).await.unwrap() {
        let mut of_cells = Fingerprint::default();
        let cells = load::loaded_cells(&db.warehouse, &spec, date).await.unwrap();
        cells.iter().for_each(|cell| of_cells.add(cell));
        assert_eq!((fingerprint, cells.is_empty()), (of_cells, false), "{date}");
    }

    // Part of a day has part of its totals, and a day that a newer load emptied is listed as such.
    let evening = range("2026-01-15T20:00:00Z", "2026-01-15T21:00:00Z");
    assert_eq!(load::day_totals(&db.warehouse, &evening).await.unwrap()[0].totals.cells, 7);
    db.load(&[], range("2026-01-16", "2026-01-17"), 4).await;
    let emptied = load::day_totals(&db.warehouse, &whole).await.unwrap()[1];
    assert_eq!((emptied.totals.cells, emptied.totals.movements, emptied.newest_version), (0, 0, 4));
}

//! Loads of single cells: hidden keys, the totals read afterwards, and the rows scanned for them.

use bionicpro_model::DayTotals;
use bionicpro_warehouse::load::{self, Former, Tombstones};
use chrono::{NaiveDate, TimeDelta};
use uuid::Uuid;

use crate::support::rows::MartRow;
use crate::support::{Db, range, spec, tick};

/// Returns the live rows as `user prosthesis hour`, by key.
async fn told(db: &Db) -> Vec<String> {
    let sql = "SELECT concat(right(toString(user_id), 1), ' ', right(toString(prosthesis_id), 1), ' ', formatDateTime(hour, '%dT%H'))
        FROM user_prosthesis_stats FINAL ORDER BY user_id, prosthesis_id, hour";
    db.client.query_raw(sql).fetch_all::<String>().await.unwrap()
}

fn row(user: u128, prosthesis: u128, hour: &str) -> MartRow {
    MartRow::new(user, prosthesis, &format!("2026-01-{hour}:00:00Z"))
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_replaces_its_cells_and_leaves_the_rest() {
    let db = Db::migrated().await;
    let first = [row(1, 2, "15T08"), row(1, 2, "15T09"), row(1, 2, "16T10")];
    db.insert(&first, &tick(1, &first)).await;
    let again = [MartRow { movements: 77, ..row(1, 2, "15T09") }];
    assert_eq!(db.insert(&again, &tick(2, &again)).await, 0);
    assert_eq!(told(&db).await, ["1 2 15T08", "1 2 15T09", "1 2 16T10"]);
    assert_eq!(db.count("SELECT sum(movements_count) FROM user_prosthesis_stats FINAL").await, 97);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tombstone_in_the_file_hides_its_row() {
    let db = Db::migrated().await;
    let first = [row(1, 2, "15T08"), row(1, 2, "15T09")];
    db.insert(&first, &tick(1, &first)).await;
    let moved = [row(7, 2, "15T09"), MartRow { is_deleted: true, ..row(1, 2, "15T09") }];
    db.insert(&moved, &tick(2, &moved)).await;
    assert_eq!(told(&db).await, ["1 2 15T08", "7 2 15T09"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_that_comes_after_a_newer_full_run_brings_nothing_back() {
    let db = Db::migrated().await;
    db.load(&[row(1, 2, "15T08")], range("2026-01-15", "2026-01-16"), 20).await;
    let late = [row(1, 2, "15T08"), row(1, 2, "15T09"), row(1, 2, "16T09")];
    assert_eq!(db.insert(&late, &tick(10, &late)).await, 1);
    assert_eq!(told(&db).await, ["1 2 15T08", "1 2 16T09"]);
    // Rows that an earlier attempt wrote before the newer load are hidden too.
    db.execute(
        "INSERT INTO user_prosthesis_stats SELECT * REPLACE (hour + 7200 AS hour, 5 AS version)
         FROM (SELECT * FROM user_prosthesis_stats FINAL WHERE version = 20)",
    )
    .await;
    assert_eq!(told(&db).await, ["1 2 15T08", "1 2 15T10", "1 2 16T09"]);
    db.insert(&late, &tick(10, &late)).await;
    assert_eq!(told(&db).await, ["1 2 15T08", "1 2 16T09"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn former_keys_are_hidden_in_their_hours_and_what_the_load_brought_stays() {
    let db = Db::migrated().await;
    let first: Vec<MartRow> = (8..12)
        .flat_map(|hour| [row(1, 2, &format!("15T{hour:02}")), row(1, 3, &format!("15T{hour:02}"))])
        .collect();
    db.insert(&first, &tick(1, &first)).await;
    let brought = [row(1, 2, "15T10")];
    let spec = tick(2, &brought);
    let hours = |from: &str, to: &str| {
        range(&format!("2026-01-15T{from}:00:00Z"), &format!("2026-01-15T{to}:00:00Z"))
    };
    let former = |prosthesis, range| Former {
        user_id: Uuid::from_u128(1),
        prosthesis_id: Uuid::from_u128(prosthesis),
        range,
    };
    // Overlapping ranges hide a row once.
    let keys = vec![former(2, hours("09", "12")), former(2, hours("08", "10")), former(3, hours("11", "12"))];
    let hides = Tombstones { former: keys, ..Tombstones::default() };
    assert_eq!(db.store(&brought, &spec, &hides).await, 4);
    let left = ["1 2 15T10", "1 3 15T08", "1 3 15T09", "1 3 15T10"];
    assert_eq!(told(&db).await, left);
    assert_eq!(db.store(&brought, &spec, &hides).await, 0);
    // A late older load does not bring them back.
    db.insert(&first, &tick(1, &first)).await;
    assert_eq!(told(&db).await, left);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_former_keys_and_people_are_hidden_in_batches() {
    let db = Db::migrated().await;
    let rows: Vec<MartRow> = (0..1_000).map(|user| row(user, user, "15T08")).collect();
    db.insert(&rows, &tick(1, &rows)).await;
    let former: Vec<Former> = (0..900)
        .map(|user| Former {
            user_id: Uuid::from_u128(user),
            prosthesis_id: Uuid::from_u128(user),
            range: range("1970-01-01", "2106-02-07"),
        })
        .collect();
    // A person who is named twice is hidden once.
    let gone: Vec<Uuid> = (0..999).map(Uuid::from_u128).collect();
    assert_eq!(
        db.store(&[], &tick(2, &[]), &Tombstones { former, gone, ..Tombstones::default() }).await,
        999
    );
    assert_eq!(db.count("SELECT count() FROM user_prosthesis_stats FINAL").await, 1);
}

/// Computes the totals of rows in a plain loop.
fn totals(day: &str, rows: &[MartRow]) -> DayTotals {
    let of_day = rows.iter().filter(|row| row.hour.date_naive() == date(day));
    of_day.fold(DayTotals { date: date(day), ..DayTotals::default() }, |sum, row| DayTotals {
        date: sum.date,
        cells: sum.cells + 1,
        movements: sum.movements + u64::from(row.movements),
        errors: sum.errors + u64::from(row.errors),
        anomalies: sum.anomalies + u64::from(row.anomalies),
        response_count: sum.response_count + u64::from(row.response_count),
        battery_count: sum.battery_count + u64::from(row.battery_count),
        response_sum_bits: sum.response_sum_bits.wrapping_add(row.response_sum.to_bits()),
        battery_sum_bits: sum.battery_sum_bits.wrapping_add(row.battery_sum.to_bits()),
        response_squares_bits: sum
            .response_squares_bits
            .wrapping_add(row.response_squares.map_or(0, f64::to_bits)),
        battery_squares_bits: sum
            .battery_squares_bits
            .wrapping_add(row.battery_squares.map_or(0, f64::to_bits)),
        battery_min_bits: sum.battery_min_bits
            + row.battery_min.map_or(0, |level| u64::from(level.to_bits())),
        battery_last_bits: sum.battery_last_bits
            + row.battery_last.map_or(0, |level| u64::from(level.to_bits())),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_counts_its_own_live_rows_once_however_often_it_is_repeated() {
    let db = Db::migrated().await;
    let below: Vec<MartRow> = (0..40).map(|user| row(user, 1, "15T08")).collect();
    db.insert(&below, &tick(1, &below)).await;
    let mut rows: Vec<MartRow> = (0..20).map(|user| row(user, 1, "15T08")).collect();
    rows.extend((0..5).map(|user| MartRow { response_sum: 0.1, ..row(user, 1, "31T23") }));
    let tombstone = MartRow { is_deleted: true, ..row(30, 1, "15T08") };
    let spec = tick(2, &rows);
    let expected = [totals("2026-01-15", &rows), totals("2026-01-31", &rows)];
    for _ in 0..2 {
        let all = [rows.clone(), vec![tombstone.clone()]].concat();
        db.insert(&all, &tick(2, &all)).await;
        assert_eq!(load::loaded_totals(&db.warehouse, &spec).await.unwrap(), expected);
    }
    // A newer load rewrites some of them: they no longer belong to this load.
    db.insert(&rows[..4], &tick(3, &rows[..4])).await;
    let left = totals("2026-01-15", &rows[4..]);
    assert_eq!(load::loaded_totals(&db.warehouse, &spec).await.unwrap(), [left, expected[1]]);
    let cells = load::loaded_cells(&db.warehouse, &spec, date("2026-01-15")).await.unwrap();
    assert_eq!((cells.len(), cells[0].user_id, cells[0].movements), (16, Uuid::from_u128(4), 10));
    assert_eq!(load::loaded_totals(&db.warehouse, &tick(2, &[])).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_of_a_range_answers_for_rows_that_it_did_not_write() {
    let db = Db::migrated().await;
    let hours = range("2026-01-15", "2026-01-16");
    let old = [row(1, 1, "15T08"), row(2, 1, "15T09")];
    db.insert(&old, &tick(1, &old)).await;
    let new = [row(1, 1, "15T08")];
    let spec = spec(hours, 2, &new);
    db.insert(&new, &tick(2, &new)).await;
    // The second row is not hidden yet, and no load has staged it.
    assert_eq!(load::loaded_totals(&db.warehouse, &spec).await.unwrap(), [totals("2026-01-15", &old)]);
    let cells = load::loaded_cells(&db.warehouse, &spec, date("2026-01-15")).await.unwrap();
    assert_eq!(cells[1].user_id, Uuid::from_u128(2));
    assert_eq!(db.insert(&new, &spec).await, 1);
    assert_eq!(load::loaded_totals(&db.warehouse, &spec).await.unwrap(), [totals("2026-01-15", &new)]);
}

/// The statement of an incremental run that reads the mart when there is nothing to hide.
const ASKED: &str = include_str!("../../src/load/totals/of_tick.sql");

#[derive(clickhouse::Row, serde::Deserialize)]
struct Estimate {
    rows: u64,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tick_reads_of_the_mart_is_what_it_wrote() {
    let db = Db::migrated().await;
    let below: Vec<MartRow> = (0..70_000_u32)
        .map(|index| {
            let mut row = row(u128::from(index % 100), 1, "01T00");
            row.hour += TimeDelta::hours(i64::from(index / 100));
            row
        })
        .collect();
    db.insert(&below, &tick(1, &below)).await;
    db.execute("OPTIMIZE TABLE user_prosthesis_stats FINAL").await;
    let cells: Vec<MartRow> = (0..100).map(|user| row(user, 1, "15T08")).collect();
    let spec = tick(2, &cells);
    db.insert(&cells, &spec).await;
    let estimate = format!("SELECT toUInt64(sum(rows)) AS rows FROM (EXPLAIN ESTIMATE {ASKED})");
    let query = db.client.query_raw(&estimate).param("version", 2).param("days", &spec.days);
    assert_eq!(query.fetch_one::<Estimate>().await.unwrap().rows, 100);
    assert_eq!(load::loaded_totals(&db.warehouse, &spec).await.unwrap()[0].cells, 100);
}

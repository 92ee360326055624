//! Every value in a staged file is returned unchanged by the reports.

use std::future::ready;

use crate::support::rows::{MartRow, parquet, parquet_in_groups, parquet_without_squares};
use crate::support::{Db, pieces, range, read, spec, tick};
use bionicpro_model::Kind;
use bionicpro_model::hours::{self, END_OF_HOURS, FIRST_HOUR};
use bionicpro_reports::{Hours, Row, months};
use bionicpro_warehouse::load::{self, Tombstones};
use chrono::{Days, NaiveDate, TimeDelta};
use chrono_tz::Tz;
use uuid::Uuid;

async fn day(db: &Db, user: Uuid, date: &str) -> Hours {
    let date: NaiveDate = date.parse().unwrap();
    let hours = read(&db.reports, &user.to_string(), &months(Tz::UTC, (date, date + Days::new(1)))).await;
    assert_eq!(hours.person().user_id, Some(user));
    hours
}

fn rows<'a>(hours: &'a Hours, date: &str) -> Vec<Row<'a>> {
    let start = hours::parse_instant(date).unwrap();
    hours.rows(None, (start, start + TimeDelta::days(1))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_comes_back_as_it_went_in() {
    let db = Db::migrated().await;
    let row = MartRow::new(1, 2, "2026-01-15T08:00:00Z");
    db.load(std::slice::from_ref(&row), range("2026-01-15", "2026-01-16"), 7).await;
    let hours = day(&db, row.user_id, "2026-01-15").await;
    let rows = rows(&hours, "2026-01-15");
    assert_eq!(rows.len(), 1);
    let got = &rows[0];
    assert_eq!((got.hour, got.prosthesis_id), (row.hour, row.prosthesis_id));
    assert_eq!((got.chip_id, got.prosthesis_model), ("chip-2", "Hand 3"));
    assert_eq!((got.movements, got.errors, got.anomalies), (10, 1, 2));
    assert_eq!((got.response_count, got.response_sum), (9, 400.5));
    assert_eq!((got.battery_count, got.battery_sum), (8, 640.25));
    assert_eq!((got.battery_min, got.battery_last), (Some(79.5), Some(80.0)));
    let squares =
        "SELECT count() FROM ml_hourly_stats WHERE response_squares = 18000.25 AND battery_squares = 51250.5";
    assert_eq!(db.count(squares).await, 1);
}

/// A file staged by the previous program version loads as it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_from_before_the_squares_loads_with_unknown_ones() {
    let db = Db::migrated().await;
    let rows = [MartRow::new(1, 2, "2026-01-15T08:00:00Z"), MartRow::new(2, 3, "2026-01-15T09:00:00Z")];
    let (spec, standing) = (spec(range("2026-01-15", "2026-01-16"), 7, &rows), db.standing().await);
    let (file, hides) = (pieces(parquet_without_squares(&rows)), Tombstones::default());
    load::store(&db.warehouse, file, &spec, &standing, &hides, ready(Ok(()))).await.unwrap();
    let unknown =
        "SELECT count() FROM ml_hourly_stats WHERE response_squares IS NULL AND battery_squares IS NULL
        AND response_sum = 400.5 AND battery_min = 79.5";
    assert_eq!(db.count(unknown).await, 2);
    let days = load::loaded_totals(&db.warehouse, &spec).await.unwrap();
    assert_eq!((days[0].cells, days[0].response_squares_bits, days[0].battery_squares_bits), (2, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_holds_its_extremes() {
    let db = Db::migrated().await;
    let plain = MartRow::new(u128::MAX, u128::MAX - 1, "2026-01-15T08:00:00Z");
    let least = MartRow {
        hour: FIRST_HOUR,
        ldap_username: String::new(),
        chip_id: "чип '\\\"\t\n\0 \u{202e}txt 🦾".to_owned(),
        customer_name: "x".repeat(100_000),
        movements: 1,
        errors: 0,
        response_count: 0,
        response_sum: -0.0,
        battery_count: 0,
        battery_sum: 0.0,
        battery_min: None,
        battery_last: None,
        anomalies: 0,
        ..plain.clone()
    };
    let greatest = MartRow {
        hour: END_OF_HOURS - TimeDelta::hours(1),
        movements: u32::MAX,
        errors: u32::MAX,
        response_count: u32::MAX,
        response_sum: f64::MAX,
        battery_count: u32::MAX,
        battery_sum: f64::MIN_POSITIVE,
        battery_min: Some(f32::MIN),
        battery_last: Some(f32::MAX),
        anomalies: u32::MAX,
        ..plain.clone()
    };
    let everything = range("1970-01-01", "2106-02-07");
    db.load(&[least.clone(), greatest.clone()], everything, u64::MAX).await;

    let hours = day(&db, plain.user_id, "1970-01-01").await;
    let got = &rows(&hours, "1970-01-01")[0];
    assert_eq!((got.hour, got.chip_id), (least.hour, least.chip_id.as_str()));
    assert_eq!((got.battery_min, got.battery_last), (None, None));
    assert_eq!(got.response_sum.to_bits(), (-0.0_f64).to_bits());
    let hours = day(&db, plain.user_id, "2106-02-06").await;
    let got = &rows(&hours, "2106-02-06")[0];
    assert_eq!((got.hour, got.movements, got.anomalies), (greatest.hour, u32::MAX, u32::MAX));
    assert_eq!((got.response_sum, got.battery_sum), (f64::MAX, f64::MIN_POSITIVE));
    assert_eq!((got.battery_min, got.battery_last), (Some(f32::MIN), Some(f32::MAX)));

    let raw = "SELECT count() FROM user_prosthesis_stats WHERE date = toDate(hour, 'UTC') AND version = 18446744073709551615
        AND ((movements_count = 1 AND avg_response_time IS NULL AND avg_battery_level IS NULL
                AND length(customer_name) = 100000 AND ldap_username = '')
            OR (movements_count = 4294967295 AND avg_battery_level = 0 AND error_rate = 1))
        AND created_at = '2023-11-14 22:13:20' AND customer_email = 'secret@example.org' AND is_deleted = 0";
    assert_eq!(db.count(raw).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_is_one_part_per_month_however_many_row_groups_it_has() {
    let db = Db::migrated().await;
    let rows: Vec<MartRow> = (0..20_000_u32)
        .map(|index| {
            let mut row = MartRow::new(u128::from(index % 50), 1, "2026-01-20");
            row.hour += TimeDelta::hours(i64::from(index / 50));
            row
        })
        .collect();
    let spec = spec(range("2026-01-01", "2026-03-01"), 1, &rows);
    let file = pieces(parquet_in_groups(&rows, 1_000));
    let standing = db.standing().await;
    let hides = Tombstones::default();
    load::store(&db.warehouse, file, &spec, &standing, &hides, ready(Ok(()))).await.unwrap();
    let parts = "SELECT count() FROM system.parts WHERE database = currentDatabase() AND table = 'user_prosthesis_stats' AND min_block_number = max_block_number";
    assert_eq!(db.count(parts).await, 2);
    assert_eq!(db.count("SELECT count() FROM user_prosthesis_stats FINAL").await, 20_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_does_not_fit_is_refused_and_loads_nothing() {
    let db = Db::migrated().await;
    let rows = [MartRow::new(1, 2, "2026-01-15T08:00:00Z")];
    let good = parquet(&rows);
    let mut truncated = good.clone();
    truncated.truncate(good.len() / 2);
    let standing = db.standing().await;
    for bad in [truncated, b"not parquet at all, but long enough to be read".to_vec(), Vec::new()] {
        for spec in [tick(1, &rows), spec(range("2026-01-15", "2026-01-16"), 1, &rows)] {
            let (file, hides) = (pieces(bad.clone()), Tombstones::default());
            let stored = load::store(&db.warehouse, file, &spec, &standing, &hides, ready(Ok(())));
            let error = stored.await.unwrap_err();
            assert_eq!(error.kind(), Kind::Data, "{}", error.report());
        }
    }
    assert_eq!(db.count("SELECT count() FROM user_prosthesis_stats").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_off_loads_nothing_and_says_why() {
    let db = Db::migrated().await;
    let rows = [MartRow::new(1, 2, "2026-01-15T08:00:00Z")];
    let file = parquet(&rows);
    let broken = || Err(bionicpro_model::Error::new(Kind::Storage, "the disk went away"));
    let stream = futures_util::stream::iter([Ok(bytes::Bytes::from(file[..100].to_vec())), broken()]);
    let (spec, hides) = (tick(1, &rows), Tombstones::default());
    let standing = db.standing().await;
    let stored = load::store(&db.warehouse, stream, &spec, &standing, &hides, ready(Ok(())));
    let error = stored.await.unwrap_err();
    assert_eq!(error.message(), "the disk went away");
    assert_eq!(db.count("SELECT count() FROM user_prosthesis_stats").await, 0);
}

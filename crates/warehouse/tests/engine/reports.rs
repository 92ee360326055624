//! The report queries compared with a plain recomputation, for random people, days and time zones.

use std::collections::{BTreeMap, BTreeSet};

use bionicpro_model::hours::{END_OF_HOURS, FIRST_HOUR};
use bionicpro_model::{Kind, Secret, Username};
use bionicpro_reports::{Month, Person, Summary, Sums, day_start, days, months, summary};
use bionicpro_warehouse::{Config, MartReader, Warehouse};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

use crate::support::rows::MartRow;
use crate::support::{Db, range, read};

const ZONES: [Tz; 4] = [Tz::UTC, Tz::Europe__Moscow, Tz::America__New_York, Tz::Pacific__Auckland];

/// Returns rows of three people with up to three prostheses each, over both clock changes in New York in
/// 2026.
fn fleet(seed: u64) -> Vec<MartRow> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut rows = Vec::new();
    for user in 1..=3_u128 {
        for prosthesis in 0..user {
            for start in ["2026-03-05", "2026-10-29"] {
                for hour in 0..(24 * 8) {
                    if random.random_bool(0.6) {
                        continue;
                    }
                    let mut row = MartRow::new(user, user * 10 + prosthesis, start);
                    row.hour += TimeDelta::hours(hour);
                    row.prosthesis_model = format!("Hand {prosthesis}");
                    row.movements = random.random_range(1..1000);
                    row.errors = random.random_range(0..row.movements);
                    row.response_count = random.random_range(0..=row.movements);
                    row.response_sum =
                        f64::from(row.response_count) * random.random_range(10..80_u32) as f64 / 8.0;
                    row.battery_count = random.random_range(0..=row.movements);
                    row.battery_sum =
                        f64::from(row.battery_count) * f64::from(random.random_range(0..800_u32)) / 8.0;
                    row.battery_min = (row.battery_count > 0).then(|| random.random_range(0..100_u8).into());
                    row.battery_last = row.battery_min.map(|least| least + 1.0);
                    rows.push(row);
                }
            }
        }
    }
    rows
}

fn local_day(row: &MartRow, tz: Tz) -> NaiveDate {
    row.hour.with_timezone(&tz).date_naive()
}

/// Days with data, hours of use, counts (including samples), sums of samples, the lowest battery level, the
/// model.
type Totals = (u64, u64, [u64; 5], [f64; 2], Option<f32>, String);

fn totals<'a>(rows: impl Iterator<Item = &'a MartRow>, tz: Tz) -> Totals {
    let (mut counts, mut sums, mut least) = ([0; 5], [0.0; 2], None);
    let (mut days, mut hours) = (BTreeSet::new(), BTreeSet::new());
    let mut models: BTreeMap<&str, u64> = BTreeMap::new();
    for row in rows {
        *models.entry(&row.prosthesis_model).or_default() += u64::from(row.movements);
        days.insert(local_day(row, tz));
        hours.insert(row.hour);
        let more = [row.movements, row.errors, row.anomalies, row.response_count, row.battery_count];
        counts.iter_mut().zip(more).for_each(|(count, more)| *count += u64::from(more));
        sums = [sums[0] + row.response_sum, sums[1] + row.battery_sum];
        least = [least, row.battery_min].into_iter().flatten().reduce(f32::min);
    }
    let most = models.values().max().copied();
    let model = models.iter().find(|(_, movements)| Some(**movements) == most);
    let model = model.map_or_else(String::new, |(model, _)| (*model).to_owned());
    (days.len() as u64, hours.len() as u64, counts, sums, least, model)
}

fn totals_of(found: Summary) -> Totals {
    let Sums { movements, errors, anomalies, response, battery, battery_min, usage_hours, .. } = found.sums;
    let counts = [movements, errors, anomalies, response.0, battery.0];
    (found.days, usage_hours, counts, [response.1, battery.1], battery_min, found.prosthesis_model)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_equals_a_plain_recomputation() {
    let seed = rand::random::<u64>();
    println!("seed {seed}");
    let db = Db::migrated().await;
    let rows = fleet(seed);
    // An older version of every row is stored too, with other numbers.
    let older: Vec<MartRow> = rows.iter().cloned().map(|row| MartRow { movements: 1, ..row }).collect();
    let whole = range("2026-03-01", "2026-11-10");
    db.load(&older, whole, 1).await;
    db.load(&rows, whole, 2).await;
    for user in 1..=3_u128 {
        let id = Uuid::from_u128(user);
        for tz in ZONES {
            for prosthesis in [None, Some(Uuid::from_u128(user * 10))] {
                let own: Vec<&MartRow> = rows
                    .iter()
                    .filter(|row| {
                        row.user_id == id && prosthesis.is_none_or(|wanted| row.prosthesis_id == wanted)
                    })
                    .collect();
                check_days(&db, id, prosthesis, tz, &own).await;
                check_each_day(&db, id, prosthesis, tz, &own).await;
                check_summaries(&db, id, prosthesis, tz, &own).await;
            }
        }
    }
}

async fn check_days(db: &Db, id: Uuid, prosthesis: Option<Uuid>, tz: Tz, own: &[&MartRow]) {
    let all: BTreeSet<NaiveDate> = own.iter().map(|row| local_day(row, tz)).collect();
    let newest: Vec<NaiveDate> = all.iter().rev().copied().collect();
    let presence = db.reports.person(&Username::new(id.to_string()), &[]).await.unwrap().0.presence;
    let mut before = None;
    let mut listed = Vec::new();
    loop {
        let page = days(&presence, prosthesis, tz, before, 5);
        assert_eq!(page.total, all.len() as u64);
        if page.dates.is_empty() {
            break;
        }
        before = page.dates.last().copied();
        listed.extend(page.dates);
    }
    assert_eq!(listed, newest, "{tz}");
}

async fn check_each_day(db: &Db, id: Uuid, prosthesis: Option<Uuid>, tz: Tz, own: &[&MartRow]) {
    for first in ["2026-03-07", "2026-10-31"] {
        let first: NaiveDate = first.parse().unwrap();
        for date in first.iter_days().take(3) {
            let range = (date, date + Days::new(1));
            let hours = read(&db.reports, &id.to_string(), &months(tz, range)).await;
            let got: Vec<_> =
                hours.rows(prosthesis, (day_start(tz, range.0), day_start(tz, range.1))).collect();
            let mut expected: Vec<_> = own.iter().filter(|row| local_day(row, tz) == date).collect();
            expected.sort_by_key(|row| (row.hour, row.prosthesis_id.as_u128()));
            assert_eq!(got.len(), expected.len(), "{tz} {date}");
            for (got, row) in got.iter().zip(expected) {
                assert_eq!((got.hour, got.prosthesis_id), (row.hour, row.prosthesis_id));
                assert_eq!((got.movements, got.errors), (row.movements, row.errors));
                assert_eq!((got.response_count, got.response_sum), (row.response_count, row.response_sum));
                assert_eq!((got.battery_count, got.battery_sum), (row.battery_count, row.battery_sum));
                assert_eq!((got.battery_min, got.battery_last), (row.battery_min, row.battery_last));
            }
        }
    }
}

async fn check_summaries(db: &Db, id: Uuid, prosthesis: Option<Uuid>, tz: Tz, own: &[&MartRow]) {
    let date = |text: &str| text.parse::<NaiveDate>().unwrap();
    for (from, to) in [
        ("2026-01-01", "2026-12-31"),
        ("2026-03-08", "2026-03-09"),
        ("2026-11-01", "2026-12-31"),
        ("2026-01-01", "2026-03-09"),
        ("2026-03-09", "2026-03-09"),
    ] {
        let range = (date(from), date(to));
        let hours = read(&db.reports, &id.to_string(), &months(tz, range)).await;
        let got = totals_of(summary(&hours, prosthesis, tz, range));
        let within = own.iter().copied().filter(|row| (range.0..range.1).contains(&local_day(row, tz)));
        assert_eq!(got, totals(within, tz), "{tz} {from:?} {to:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daily_view_equals_the_hourly_rows() {
    let db = Db::migrated().await;
    let rows = fleet(7);
    db.load(&rows, range("2026-03-01", "2026-11-10"), 2).await;
    db.load(&rows[..rows.len() / 2], range("2026-03-01", "2026-11-10"), 3).await;
    let rows = &rows[..rows.len() / 2];
    type Day = (u64, u64, u64, f64, f64, u64);
    for view in ["daily_stats", "ml_daily_stats"] {
        let sql = format!(
            "SELECT sum(movements_count), sum(active_hours), sum(error_count),
                ifNull(sum(avg_response_time * response_count), 0), ifNull(sum(avg_battery_level * battery_count), 0), count()
             FROM {view}"
        );
        let got = db.client.query_raw(&sql).fetch_one::<Day>().await.unwrap();
        let days: BTreeSet<_> =
            rows.iter().map(|row| (row.user_id, row.prosthesis_id, local_day(row, Tz::UTC))).collect();
        let sum = |value: fn(&MartRow) -> f64| rows.iter().map(value).sum::<f64>();
        assert_eq!(got.0, rows.iter().map(|row| u64::from(row.movements)).sum::<u64>());
        assert_eq!((got.1, got.5), (rows.len() as u64, days.len() as u64));
        assert_eq!(got.2, rows.iter().map(|row| u64::from(row.errors)).sum::<u64>());
        assert!((got.3 - sum(|row| row.response_sum)).abs() < 1e-6, "{got:?}");
        assert!((got.4 - sum(|row| row.battery_sum)).abs() < 1e-6, "{got:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_views_for_ml_hold_nobodys_name() {
    let db = Db::migrated().await;
    let row = MartRow::new(1, 2, "2026-01-15T08:00:00Z");
    db.load(std::slice::from_ref(&row), range("2026-01-15", "2026-01-16"), 1).await;
    let views = "SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'ml\\_%' ORDER BY name";
    let views = db.client.query_raw(views).fetch_all::<String>().await.unwrap();
    let all = ["ml_daily_stats", "ml_hourly_stats", "ml_hourly_stats_as_of", "ml_ownership", "ml_prostheses"];
    assert_eq!(views, all);
    db.execute(
        "INSERT INTO etl_runs (run, step, state, attempt, at, kind, version, horizon)
         VALUES ('one', 'load_to_clickhouse', 'done', 1, now(), 'full', 1, '2026-01-16 00:00:00')",
    )
    .await;
    for view in views {
        let as_of = if view.ends_with("as_of") { "(as_of = '2026-01-17 00:00:00')" } else { "" };
        let mut text = db
            .client
            .query_raw(&format!("SELECT * FROM {view}{as_of} FORMAT JSONEachRow"))
            .fetch_bytes("JSONEachRow")
            .unwrap();
        let text = String::from_utf8(text.collect().await.unwrap().to_vec()).unwrap();
        assert_eq!(text.is_empty(), ["ml_ownership", "ml_prostheses"].contains(&view.as_str()), "{text}");
        for personal in ["user.1", "О'Нил", "example.org", "ldap", "customer", "email"] {
            assert!(!text.contains(personal), "{view}: {personal}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_name_is_only_a_name() {
    let db = Db::migrated().await;
    let (hostile, id) = ("'; DROP TABLE users; -- \\ {x:String} ? \n\t\0 🦾", Uuid::from_u128(5));
    let user = bionicpro_warehouse::load::UserRow {
        user_id: id,
        ldap_username: hostile.to_owned(),
        customer_name: String::new(),
        customer_email: String::new(),
    };
    let prosthesis = bionicpro_warehouse::load::UserProsthesisRow {
        user_id: id,
        prosthesis_id: id,
        chip_id: "chip-5".to_owned(),
        prosthesis_model: "Hand 3".to_owned(),
        serial_number: String::new(),
        manufactured_on: None,
        warranty_until: None,
    };
    let dimensions = bionicpro_warehouse::load::Dimensions {
        users: vec![user],
        prostheses: vec![prosthesis],
        ..Default::default()
    };
    bionicpro_warehouse::load::upsert_dimensions(&db.warehouse, &dimensions, 1).await.unwrap();
    let (person, _) = db.reports.person(&Username::new(hostile), &[]).await.unwrap();
    assert_eq!((person.user_id, person.prostheses[0].prosthesis_id), (Some(id), id));
    for other in ["' OR 1=1 --", "%", "\\'", "user", "\\N", "NULL", "\n", "\u{202e}", ""] {
        assert_eq!(
            db.reports.person(&Username::new(other), &[]).await.unwrap().0,
            Person::default(),
            "{other:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_a_matter_of_configuration() {
    let db = Db::migrated().await;
    let url = db.config.url.clone().unwrap().with_password(&Secret::new("wrong")).unwrap();
    let config = Config { url: Some(url), ..db.config.clone() };
    let reports = MartReader::new(&config).unwrap();
    for error in [
        reports.ping().await.unwrap_err(),
        reports.freshness().await.unwrap_err(),
        Warehouse::new(&config).unwrap().status().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), Kind::Config, "{}", error.report());
        assert!(!error.report().contains("wrong"), "{}", error.report());
    }
    // The reader account is used if there is one.
    let both = Config { reader_url: db.config.url.clone(), ..config };
    assert!(MartReader::new(&both).unwrap().ping().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_before_the_first_migration_says_what_to_run() {
    let db = Db::empty().await;
    let error = db.reports.person(&Username::new("ivan"), &[]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Data, "{}", error.report());
    assert!(error.hint_text().unwrap().contains("warehouse migrate"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_setting_of_a_report_forbids_writing() {
    let db = Db::migrated().await;
    for write in
        ["INSERT INTO users (ldap_username) VALUES ('x')", "DROP TABLE users", "TRUNCATE TABLE users"]
    {
        let error = db.client.query_raw(write).with_setting("readonly", "2").execute().await.unwrap_err();
        assert!(error.to_string().contains("164"), "{error}");
    }
    assert_eq!(db.count("SELECT count() FROM users").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_statements_of_the_accounts_are_understood_by_the_engine() {
    let db = Db::empty().await;
    let client = db.client.clone().with_database("default");
    for cluster in [None, Some("blue".to_owned())] {
        let config = bionicpro_warehouse::Config { cluster, ..bionicpro_warehouse::Config::default() };
        let statements = bionicpro_warehouse::access::statements(&config).unwrap();
        assert!(statements.len() > 20, "{statements:?}");
        for statement in statements {
            assert_eq!(statement.contains(" ON CLUSTER "), config.cluster.is_some(), "{statement}");
            let parsed = client.query_raw(&format!("EXPLAIN AST {statement}")).fetch_all::<String>().await;
            parsed.unwrap_or_else(|error| panic!("{error}: {statement}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_known_has_no_rows() {
    let db = Db::migrated().await;
    let row = MartRow::new(1, 2, "2026-01-15T08:00:00Z");
    db.load(std::slice::from_ref(&row), range("2026-01-15", "2026-01-16"), 1).await;
    let hours = read(&db.reports, "somebody.else", &[Month::of(row.hour)]).await;
    assert_eq!(*hours.person(), Person::default());
    assert_eq!(hours.rows(Some(row.prosthesis_id), (FIRST_HOUR, END_OF_HOURS)).count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn months_without_data_are_answered_and_not_read() {
    let db = Db::migrated().await;
    let row = MartRow::new(1, 2, "2026-01-15T08:00:00Z");
    db.load(std::slice::from_ref(&row), range("2026-01-15", "2026-01-16"), 1).await;
    let other = MartRow::new(2, 3, "2026-02-15T08:00:00Z");
    db.load(std::slice::from_ref(&other), range("2026-02-15", "2026-02-16"), 2).await;
    let month = |text: &str| Month::of(text.parse().unwrap());
    let at = |number: &str| month(&format!("{number}-15T00:00:00Z"));
    let login = row.user_id.to_string();
    for (asked, rows) in [("2026-01", 1), ("2026-02", 0), ("1970-01", 0), ("2106-02", 0)] {
        let (person, months) = db.reports.person(&Username::new(&*login), &[at(asked)]).await.unwrap();
        assert_eq!(person.presence.first_hour(None), Some(row.hour), "{asked}");
        let [found] = &months[..] else { panic!("{asked}: {months:?}") };
        assert_eq!(found.month(), at(asked));
        assert_eq!(found.rows(FIRST_HOUR, END_OF_HOURS).count(), rows, "{asked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_memory_should_not_hold_is_an_error() {
    let db = Db::migrated().await;
    let row = MartRow::new(1, 2, "2026-01-01");
    db.load(std::slice::from_ref(&row), range("2026-01-01", "2026-01-02"), 1).await;
    let login = row.user_id.to_string();
    for (megabytes, is_read) in [(10, true), (70, false)] {
        db.execute(&format!(
            "INSERT INTO user_prosthesis_stats (user_id, prosthesis_id, chip_id, date, hour, movements_count, version)
             SELECT '{login}', '{login}', repeat('x', 1000000), '2026-01-02', toDateTime('2026-01-02', 'UTC') + number * 3600, 1, 1
             FROM numbers({megabytes})"
        ))
        .await;
        let read = db.reports.person(&Username::new(&*login), &[Month::of(row.hour)]).await;
        let refusal = read.err().map(|error| error.report());
        assert_eq!(refusal.is_none(), is_read, "{megabytes}: {refusal:?}");
        assert!(refusal.is_none_or(|refusal| refusal.contains("exceed the memory limit")), "{megabytes}");
    }
}

#[test]
fn consecutive_days_of_every_zone_touch() {
    let start: NaiveDate = "2025-12-30".parse().unwrap();
    for tz in chrono_tz::TZ_VARIANTS {
        let starts: Vec<DateTime<Utc>> =
            start.iter_days().take(400).map(|date| day_start(tz, date)).collect();
        for pair in starts.windows(2) {
            let hours = (pair[1] - pair[0]).num_minutes();
            assert!((22 * 60..=26 * 60).contains(&hours), "{tz} {pair:?}");
        }
    }
}

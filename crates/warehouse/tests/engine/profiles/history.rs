//! Every operation of the crate on a warehouse, run once, and the results afterwards.

use std::fmt::{Debug, Write};
use std::future::ready;

use bionicpro_model::{HourRange, Result, Username};
use bionicpro_warehouse::ledger::{self, Entry, State, Step};
use bionicpro_warehouse::load::{self, Former, LoadSpec, Tombstones};
use bionicpro_warehouse::pending::{self, Pending};
use bionicpro_warehouse::{Config, MartReader, Warehouse, ml, state};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use crate::dimensions::people;
use crate::support::rows::MartRow;
use crate::support::{file, pieces, range, spec, tick};

const TZ: Tz = Tz::America__New_York;

/// The results, one per line, without values that differ from run to run: database names, sizes, times.
#[derive(Default)]
struct Answers(String);

impl Answers {
    fn note(&mut self, what: &str, answer: impl Debug) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{what}: {answer:?}");
    }
}

fn at(text: &str) -> DateTime<Utc> {
    bionicpro_model::hours::parse_instant(text).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Returns rows of three people, one of whom has two prostheses, over three days with a clock change.
fn rows() -> Vec<MartRow> {
    let mut rows = Vec::new();
    for (user, prosthesis) in [(1, 101), (1, 201), (2, 102), (3, 103)] {
        for hour in 0..40_u32 {
            let mut row = MartRow::new(user, prosthesis, "2026-03-07");
            row.hour += TimeDelta::hours(i64::from(hour + hour * u32::try_from(user).unwrap() % 5));
            row.movements = hour * 7 % 50;
            row.battery_min = (hour % 3 > 0).then_some(12.5);
            row.battery_last = row.battery_min;
            row.battery_count = u32::from(row.battery_min.is_some());
            row.prosthesis_model = format!("Hand {}", prosthesis % 3);
            rows.push(row);
        }
    }
    rows.sort_by_key(|row| (row.user_id, row.prosthesis_id, row.hour));
    rows.dedup_by_key(|row| (row.user_id, row.prosthesis_id, row.hour));
    rows
}

/// Runs every operation; the configured database does not exist yet.
pub(super) async fn answers(config: &Config) -> Result<String> {
    let (warehouse, reports) = (Warehouse::new(config)?, MartReader::new(config)?);
    let mut told = Answers::default();
    let migrated = warehouse.migrate(false).await?;
    told.note("migrated", (migrated.from_version, migrated.to_version, migrated.applied.len()));
    told.note("again", warehouse.migrate(false).await.map(|again| (again.applied, again.retention))?);
    loads(&warehouse, &mut told).await?;
    runs(&warehouse, &mut told).await?;
    about(&warehouse, &mut told).await?;
    for login in ["ivan", "olga", "nobody"] {
        read(&reports, login, &mut told).await?;
    }
    told.note("freshness", reports.freshness().await?);
    told.note("runs of the API", reports.runs(10).await?);
    told.note("newest load", reports.newest_load().await?);
    told.note("a run of the API", reports.ledger_of(&"b".parse()?).await?);
    Ok(told.0.replace(&warehouse.database().to_owned(), "DATABASE"))
}

async fn store(warehouse: &Warehouse, rows: &[MartRow], spec: &LoadSpec, hides: &Tombstones) -> Result<u64> {
    let standing = state::standing(warehouse).await?;
    let file = pieces(file(rows, spec.version));
    Ok(load::store(warehouse, file, spec, &standing, hides, ready(Ok(()))).await?.tombstones)
}

async fn loads(warehouse: &Warehouse, told: &mut Answers) -> Result<()> {
    let named = [(1, "ivan"), (2, "olga"), (3, "petr")];
    told.note("people", load::upsert_dimensions(warehouse, &people(&named), 10).await?);
    told.note("same people", load::upsert_dimensions(warehouse, &people(&named), 11).await?);
    let (all, whole) = (rows(), range("2026-03-07", "2026-03-10"));
    told.note("whole", store(warehouse, &all, &spec(whole, 20, &all), &Tombstones::default()).await?);
    // An incremental load replaces some cells and contains a tombstone.
    let mut some: Vec<MartRow> = all.iter().step_by(9).cloned().collect();
    some.iter_mut().for_each(|row| row.movements += 1_000);
    some[0].is_deleted = true;
    let small = tick(30, &some);
    told.note("tick", store(warehouse, &some, &small, &Tombstones::default()).await?);
    told.note("totals of the tick", load::loaded_totals(warehouse, &small).await?);
    // A newer one rewrites a cell, so the totals are read with the slower statement.
    let newer = tick(31, &some[..1]);
    told.note("newer tick", store(warehouse, &some[..1], &newer, &Tombstones::default()).await?);
    told.note("totals beside a newer one", load::loaded_totals(warehouse, &small).await?);
    told.note("cells", load::loaded_cells(warehouse, &small, day("2026-03-07")).await?);
    // Late loads, and one with explicit tombstones.
    let late = spec(range("2026-03-07", "2026-03-09"), 15, &all[..20]);
    told.note("late", store(warehouse, &all[..20], &late, &Tombstones::default()).await?);
    // One of these rows was never there.
    let mut again = all[20..30].to_vec();
    again.push(MartRow { hour: at("2026-03-09T10:00:00Z"), ..again[0].clone() });
    told.note("late tick", store(warehouse, &again, &tick(16, &again), &Tombstones::default()).await?);
    let former = Former {
        user_id: Uuid::from_u128(1),
        prosthesis_id: Uuid::from_u128(201),
        range: range("2026-03-07T05:00:00Z", "2026-03-07T09:00:00Z"),
    };
    let hides = Tombstones { former: vec![former], gone: vec![Uuid::from_u128(3)], ..Tombstones::default() };
    told.note("hidden", store(warehouse, &all[..1], &tick(40, &all[..1]), &hides).await?);
    let shorter = spec(range("2026-03-08", "2026-03-09"), 50, &all[40..41]);
    told.note("vanished", store(warehouse, &all[40..41], &shorter, &Tombstones::default()).await?);
    told.note("totals of a range", load::loaded_totals(warehouse, &shorter).await?);
    told.note("days", load::day_totals(warehouse, &whole).await?);
    let mut renamed = people(&[(1, "ivan"), (2, "olga"), (4, "anna")]);
    renamed.users[1].customer_name = "Another".to_owned();
    renamed.owners[0].prosthesis_model = "Hand 4".to_owned();
    let changed = load::upsert_dimensions(warehouse, &renamed, 60).await?;
    told.note("changed", &changed);
    told.note("restated", load::restate(warehouse, &changed).await?);
    told.note("confirmed", load::confirm_dimensions(warehouse, 61).await?);
    Ok(())
}

async fn runs(warehouse: &Warehouse, told: &mut Answers) -> Result<()> {
    let piece = |hour: i64| -> Option<HourRange> {
        HourRange::new(at("2026-03-07"), at("2026-03-07") + TimeDelta::hours(hour)).ok()
    };
    let entry = |run: &str, step: Step, state: State, minute: i64| {
        Result::Ok(Entry {
            baseline: Some(format!("baseline {minute}")),
            version: Some(1_000 + minute.cast_unsigned()),
            horizon: Some(at("2026-03-09T08:00:00Z") + TimeDelta::minutes(minute)),
            from: piece(1).map(|range| range.from()),
            to: piece(1).map(|range| range.to()),
            ..Entry::new(
                run.parse()?,
                step,
                state,
                1,
                at("2026-03-09T08:00:00Z") + TimeDelta::minutes(minute),
            )
        })
    };
    let entries = [
        entry("a", Step::ExtractTelemetryData, State::Started, 0)?,
        entry("a", Step::ExtractTelemetryData, State::Skipped, 1)?,
        entry("b", Step::LoadToClickhouse, State::Started, 2)?,
        entry("b", Step::LoadToClickhouse, State::Done, 3)?,
        Entry {
            version: None,
            baseline: None,
            ..entry("b.20260307", Step::LoadToClickhouse, State::Done, 4)?
        },
        entry("c", Step::LoadToClickhouse, State::Failed, 5)?,
    ];
    ledger::append(warehouse, &entries).await?;
    told.note("runs", ledger::runs(warehouse, 10).await?);
    told.note("a run", ledger::run(warehouse, &"b".parse()?).await?);
    told.note("taken", ledger::is_taken(warehouse, 1_003, &"a".parse()?).await?);
    told.note("pieces", ledger::loaded_pieces(warehouse, &"b".parse()?).await?);
    told.note("data as of", ledger::data_as_of(warehouse).await?);
    let moved = Pending {
        chip_id: "chip-1".to_owned(),
        from: at("2026-03-07"),
        to: at("2026-03-08"),
        owner: Some((Uuid::from_u128(1), Uuid::from_u128(2))),
    };
    let moves =
        [moved.clone(), Pending { owner: None, from: at("2026-03-08"), to: at("2026-03-09"), ..moved }];
    pending::write(warehouse, 70, &moves).await?;
    told.note("pending", pending::read(warehouse, 61).await?);
    told.note("state", state::read(warehouse).await?);
    Ok(())
}

async fn about(warehouse: &Warehouse, told: &mut Answers) -> Result<()> {
    told.note("dimensions", load::dimensions(warehouse).await?);
    told.note("owners", load::owners_of(warehouse, &["chip-1", "it's"]).await?);
    warehouse.check_schema().await?;
    let status = warehouse.status().await?;
    let tables: Vec<_> = status.tables.iter().map(|table| &table.name).collect();
    told.note("status", (status.engine_version, status.schema_version, status.data_as_of, tables));
    let (mut file, mut bytes) = (ml::hours_of(warehouse, day("2026-03-07"), None)?, Vec::new());
    while let Some(piece) = file.next().await? {
        bytes.extend_from_slice(&piece);
    }
    told.note("export", (bytes.len(), aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes)));
    let (mut file, mut bytes) =
        (ml::hours_of(warehouse, day("2026-03-07"), Some(at("2026-03-10")))?, Vec::new());
    while let Some(piece) = file.next().await? {
        bytes.extend_from_slice(&piece);
    }
    told.note("as of", (bytes.len(), aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes)));
    told.note("history", load::history_range(warehouse).await?);
    Ok(())
}

async fn read(reports: &MartReader, login: &str, told: &mut Answers) -> Result<()> {
    told.note("a person", reports.person(&Username::new(login), &[]).await?);
    let months = bionicpro_reports::months(TZ, (day("2026-03-06"), day("2026-03-10")));
    told.note("hours", reports.person(&Username::new(login), &months).await?);
    told.note("owned", reports.owned(&Username::new(login)).await?);
    Ok(())
}

//! The numbers of the reports computed by statements of the engine, as before the crate `reports` existed.
//! For random hours, time zones and ranges, both ways give the same results.

use bionicpro_reports::{
    Hours, Summary, Sums, by_day, by_day_months, day_start, days, months, neighbours, summary, typical,
};
use bionicpro_testing::property::holds;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use clickhouse::query::Query;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::support::{Db, read};

/// Time zones with whole-hour offsets, and a day near which the clocks or the zone change.
///
/// Not Antarctica/Casey, where two hours of a day precede the last hour of the previous day: the engine's
/// table of days assigns them to the wrong day.
const PLACES: [(Tz, &str); 15] = [
    (Tz::UTC, "2024-02-27"),
    (Tz::Europe__Moscow, "2010-10-31"),
    (Tz::Europe__Moscow, "2011-03-27"),
    (Tz::Europe__Moscow, "2014-10-26"),
    (Tz::Europe__Berlin, "2026-03-29"),
    (Tz::America__New_York, "2026-03-08"),
    (Tz::America__New_York, "2026-11-01"),
    (Tz::Pacific__Auckland, "2026-04-05"),
    // Clocks that skip midnight or repeat it.
    (Tz::America__Sao_Paulo, "2018-11-04"),
    (Tz::America__Sao_Paulo, "2018-02-18"),
    (Tz::America__Havana, "2024-11-03"),
    // A skipped day; steps of two hours.
    (Tz::Pacific__Apia, "2011-12-30"),
    (Tz::Antarctica__Troll, "2026-10-25"),
    // An offset of half an hour until then.
    (Tz::Asia__Pyongyang, "2018-05-30"),
    (Tz::UTC, "1970-01-01"),
];

/// The number of days with hours before and after that day.
const DAYS: i64 = 20;

#[derive(Debug, Clone)]
struct Case {
    tz: Tz,
    day: NaiveDate,
    ids: [Uuid; 2],
    cells: Vec<Cell>,
    /// 0 or 1: both prostheses; 2: the first one; 3: one of another person.
    asked: u8,
    range: (NaiveDate, NaiveDate),
    data_as_of: Option<DateTime<Utc>>,
    limit: u16,
}

#[derive(Debug, Clone)]
struct Cell {
    prosthesis: usize,
    hour: i64,
    model: u8,
    movements: u32,
    response: (u32, u32),
    battery: Option<(u32, u8, u8)>,
}

fn cell() -> impl Strategy<Value = Cell> {
    let battery = proptest::option::of((1..100_u32, 0..100_u8, 0..100_u8));
    // Few movements, so that ties between models and between days occur.
    (0..2_usize, 0..DAYS * 2 * 24, 0..3_u8, 1..6_u32, (0..50_u32, 0..900_u32), battery).prop_map(
        |(prosthesis, hour, model, movements, response, battery)| Cell {
            prosthesis,
            hour,
            model,
            movements,
            response,
            battery,
        },
    )
}

fn case() -> impl Strategy<Value = Case> {
    let places = proptest::sample::select(PLACES.to_vec());
    let range = (-DAYS..DAYS, 0..DAYS * 2);
    let as_of = proptest::option::of(-DAYS * 24..DAYS * 24 + 48);
    let cells =
        prop_oneof![proptest::collection::vec(cell(), 0..4), proptest::collection::vec(cell(), 0..400)];
    let ids = (any::<u128>(), any::<u128>());
    (places, cells, ids, 0..4_u8, range, as_of, 1..8_u16).prop_map(
        |((tz, day), cells, ids, asked, (from, length), as_of, limit)| {
            let day: NaiveDate = day.parse().unwrap();
            let at = |days: i64| (day + TimeDelta::days(days)).max(NaiveDate::default());
            Case {
                tz,
                day,
                ids: [ids.0, ids.1].map(Uuid::from_u128),
                cells,
                asked,
                range: (at(from), at(from + length)),
                data_as_of: as_of.map(|hours| day_start(tz, day) + TimeDelta::hours(hours)),
                limit,
            }
        },
    )
}

impl Case {
    fn asked(&self) -> Option<Uuid> {
        match self.asked {
            0 | 1 => None,
            2 => Some(self.ids[0]),
            _ => Some(Uuid::nil()),
        }
    }

    fn hour(&self, cell: &Cell) -> DateTime<Utc> {
        bionicpro_model::hours::midnight(self.day) + TimeDelta::hours(cell.hour - DAYS * 24)
    }

    /// Stores the hours for a new person, and returns the login name.
    async fn store(&self, db: &Db) -> String {
        let user = Uuid::new_v4();
        let mut rows = Vec::new();
        for cell in self.cells.iter().filter(|cell| self.hour(cell) >= DateTime::UNIX_EPOCH) {
            let (hour, prosthesis) = (self.hour(cell), self.ids[cell.prosthesis]);
            let (count, eighths) = cell.response;
            let (batteries, least, last) = match cell.battery {
                Some((count, least, last)) => (count, least.to_string(), last.to_string()),
                None => (0, "NULL".to_owned(), "NULL".to_owned()),
            };
            // Multiples of an eighth add up exactly in any order.
            rows.push(format!(
                "('{user}', '{prosthesis}', 'chip-{}', 'Hand {}', '{}', {}, {}, {}, {}, {count}, {}, {batteries}, {}, {least}, {last}, {})",
                cell.model,
                cell.model,
                hour.date_naive(),
                hour.timestamp(),
                cell.movements,
                cell.movements / 3,
                cell.movements % 2,
                f64::from(count * eighths) / 8.0,
                f64::from(batteries) * 7.125,
                cell.hour + 1,
            ));
        }
        if !rows.is_empty() {
            db.execute(&format!(
                "INSERT INTO user_prosthesis_stats (user_id, prosthesis_id, chip_id, prosthesis_model, date, hour,
                    movements_count, error_count, anomaly_count, response_count, response_sum, battery_count, battery_sum,
                    battery_min, battery_last, version) VALUES {}",
                rows.join(", ")
            ))
            .await;
        }
        let name = user.to_string();
        db.execute(&format!(
            "INSERT INTO users (user_id, ldap_username, version) VALUES ('{user}', '{name}', 1)"
        ))
        .await;
        name
    }
}

#[test]
fn the_reports_are_what_the_engine_computes() {
    static DB: OnceCell<Db> = OnceCell::const_new();
    holds(&case(), 60, "tests/engine/second_opinion.regressions", async |case| {
        let db = DB.get_or_init(Db::migrated).await;
        let opinion = Opinion { db, login: case.store(db).await, case: &case };
        opinion.of_rows().await?;
        opinion.of_days().await?;
        opinion.of_sums().await?;
        opinion.of_a_typical_day().await
    });
}

struct Opinion<'a> {
    db: &'a Db,
    login: String,
    case: &'a Case,
}

type Numbers = (u64, u64, u64, u64, u64, f64, u64, f64, Option<f32>);

fn numbers(sums: &Sums) -> Numbers {
    let ((responses, response), (batteries, battery)) = (sums.response, sums.battery);
    let counts = (sums.usage_hours, sums.movements, sums.errors, sums.anomalies);
    (counts.0, counts.1, counts.2, counts.3, responses, response, batteries, battery, sums.battery_min)
}

impl Opinion<'_> {
    /// Returns the rows of a query, whose columns are a tuple.
    async fn answer<T: DeserializeOwned + 'static>(&self, query: Query) -> Vec<T> {
        query.fetch_one::<Vec<T>>().await.unwrap()
    }

    fn query(&self, sql: &str) -> Query {
        let sql = format!("SELECT groupArray(tuple(*)) FROM ({sql})")
            .replace("{in_range}", include_str!("second_opinion/in_range.sql"))
            .replace("{chosen}", include_str!("second_opinion/chosen.sql"))
            .replace("{caller}", include_str!("second_opinion/caller.sql"));
        let query = self.db.client.query_raw(&sql).param("login", &self.login);
        query.param("prosthesis_id", self.case.asked()).param("tz", self.case.tz.name())
    }

    fn ranged(&self, sql: &str, from: NaiveDate, to: NaiveDate) -> Query {
        let at = |day| day_start(self.case.tz, day).format("%Y-%m-%d %H:%M:%S").to_string();
        self.query(sql).param("from", at(from)).param("to", at(to))
    }

    async fn hours(&self) -> Hours {
        let (tz, (from, to)) = (self.case.tz, self.case.range);
        read(&self.db.reports, &self.login, &months(tz, (from, to))).await
    }

    /// Returns the day of `data_as_of`, from which on data are incomplete, as a parameter of the statements.
    fn unknown_from(&self) -> NaiveDate {
        let moment = self.case.data_as_of.map(|at| at.max(DateTime::UNIX_EPOCH));
        moment.map_or(NaiveDate::default(), |at| at.with_timezone(&self.case.tz).date_naive())
    }

    async fn of_rows(&self) -> Result<(), TestCaseError> {
        let (tz, (from, to)) = (self.case.tz, self.case.range);
        type Row = (
            (u32, String, String, String),
            (u32, u32, u32, u32, f64, u32, f64, Option<f32>, Option<f32>, u64),
        );
        let sql = format!(
            "SELECT (hour, toString(prosthesis_id), chip_id, prosthesis_model), tuple(* EXCEPT (hour, prosthesis_id, chip_id, prosthesis_model))
             FROM ({})",
            include_str!("second_opinion/hours.sql")
        );
        let wanted: Vec<Row> = self.answer(self.ranged(&sql, from, to)).await;
        let hours = self.hours().await;
        let rows = hours.rows(self.case.asked(), (day_start(tz, from), day_start(tz, to)));
        let got = rows.map(|row| {
            let hour = u32::try_from(row.hour.timestamp()).unwrap();
            let names = (row.chip_id.to_owned(), row.prosthesis_model.to_owned());
            let (count, samples) =
                ((row.movements, row.errors, row.anomalies), (row.response_count, row.response_sum));
            let levels = (row.battery_count, row.battery_sum, row.battery_min, row.battery_last);
            (
                (hour, row.prosthesis_id.to_string(), names.0, names.1),
                (
                    count.0,
                    count.1,
                    count.2,
                    samples.0,
                    samples.1,
                    levels.0,
                    levels.1,
                    levels.2,
                    levels.3,
                    row.version,
                ),
            )
        });
        prop_assert_eq!(got.collect::<Vec<Row>>(), wanted);
        Ok(())
    }

    async fn of_days(&self) -> Result<(), TestCaseError> {
        let (tz, asked, (date, before)) = (self.case.tz, self.case.asked(), self.case.range);
        let presence = read(&self.db.reports, &self.login, &[]).await.person().presence.clone();
        let day = |day: u16| NaiveDate::default() + Days::new(day.into());

        let sql = include_str!("second_opinion/days.sql");
        let query = self.query(sql).param("before", before).param("limit", self.case.limit);
        let (dates, total) = self.answer::<(Vec<u16>, u64)>(query).await.remove(0);
        let got = days(&presence, asked, tz, Some(before), self.case.limit);
        prop_assert_eq!(got.total, total);
        prop_assert_eq!(got.dates, dates.into_iter().map(day).collect::<Vec<_>>());

        let at = |day| day_start(tz, day).format("%Y-%m-%d %H:%M:%S").to_string();
        let query = self.query(include_str!("second_opinion/neighbours.sql"));
        let query = query.param("day_from", at(date)).param("day_to", at(date + Days::new(1)));
        let (first, previous, next) =
            self.answer::<(Option<u32>, Option<u16>, Option<u16>)>(query).await.remove(0);
        let got = neighbours(&presence, asked, tz, date);
        prop_assert_eq!(got.first_hour.map(|hour| hour.timestamp()), first.map(i64::from));
        prop_assert_eq!((got.previous_day, got.next_day), (previous.map(day), next.map(day)));
        Ok(())
    }

    async fn of_sums(&self) -> Result<(), TestCaseError> {
        let (tz, asked, (from, to)) = (self.case.tz, self.case.asked(), self.case.range);
        type Row = (u64, u64, u64, u64, u64, u64, f64, u64, f64);
        let sql = include_str!("second_opinion/summary.sql");
        let sql = format!(
            "SELECT tuple(* EXCEPT (battery_min, prosthesis_model)), battery_min, prosthesis_model FROM ({sql})"
        );
        let query = self.ranged(&sql, from, to);
        let (row, battery_min, model) = self.answer::<(Row, Option<f32>, String)>(query).await.remove(0);
        let Summary { days, sums, prosthesis_model } = summary(&self.hours().await, asked, tz, (from, to));
        let wanted = (row.1, row.2, row.3, row.4, row.5, row.6, row.7, row.8, battery_min);
        prop_assert_eq!((days, numbers(&sums), prosthesis_model), (row.0, wanted, model));

        if from == to {
            return Ok(());
        }
        type Day = (u16, u64, u64, u64, u64, u64, f64, u64, f64, Option<f32>, Option<f32>, Option<f64>);
        let before = from.checked_sub_days(Days::new(6)).unwrap();
        let query = self.ranged(include_str!("second_opinion/by_day.sql"), before, to);
        let query = query.param("first_day", from).param("complete_before", self.unknown_from());
        let (first, wanted) = self.answer::<(Option<u32>, Vec<Day>)>(query).await.remove(0);
        let hours = read(&self.db.reports, &self.login, &by_day_months(tz, (from, to))).await;
        let got = by_day(&hours, asked, tz, (from, to), self.case.data_as_of);
        prop_assert_eq!(got.first_hour.map(|hour| hour.timestamp()), first.map(i64::from));
        let got = got.days.iter().map(|day| {
            let number = u16::try_from((day.date - NaiveDate::default()).num_days()).unwrap();
            (number, numbers(&day.sums), day.sums.battery_last(), day.median)
        });
        let wanted = wanted.into_iter().map(|day| {
            (day.0, (day.1, day.2, day.3, day.4, day.5, day.6, day.7, day.8, day.9), day.10, day.11)
        });
        prop_assert_eq!(got.collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
        Ok(())
    }

    async fn of_a_typical_day(&self) -> Result<(), TestCaseError> {
        let (tz, asked, (from, to)) = (self.case.tz, self.case.asked(), self.case.range);
        type Row = (u8, u64, u64, Vec<f64>, u64, f64, u64, f64);
        let sql = include_str!("second_opinion/typical.sql");
        let query = self.ranged(sql, from, to.min(self.unknown_from()));
        let wanted: Vec<Row> = self.answer(query).await;
        let got = typical(&self.hours().await, asked, tz, (from, to), self.case.data_as_of);
        let got = got.into_iter().map(|hour| {
            let ((responses, response), (batteries, battery)) = (hour.response, hour.battery);
            let days = (hour.days, hour.days_with_movements);
            (
                hour.local_hour,
                days.0,
                days.1,
                hour.quantiles.to_vec(),
                responses,
                response,
                batteries,
                battery,
            )
        });
        prop_assert_eq!(got.collect::<Vec<_>>(), wanted);
        Ok(())
    }
}

//! The same movements have the same count in every way that the API offers: by hour, by day, over a range,
//! over the parts of a range, in a file; in any zone, and on days of 23 and 25 hours too. The oracle counts
//! independently.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use crate::support::{App, Cell, Client, Person, at};

const FROM: &str = "2024-03-01";
const TO: &str = "2024-11-20";

/// Zones that change their clocks at night, at midnight, in other months, or never.
const ZONES: [Tz; 8] = [
    Tz::UTC,
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::America__Santiago,
    Tz::Africa__Cairo,
    Tz::Asia__Vladivostok,
    Tz::Pacific__Auckland,
    Tz::Pacific__Kiritimati,
];

/// Days on which one of the zones changes its clocks.
const CHANGES: [&str; 10] = [
    "2024-03-10",
    "2024-03-31",
    "2024-04-07",
    "2024-04-26",
    "2024-09-08",
    "2024-09-29",
    "2024-10-27",
    "2024-10-31",
    "2024-11-01",
    "2024-11-03",
];

/// Numbers that must agree in all answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sums {
    movements: u64,
    errors: u64,
    anomalies: u64,
    hours: u64,
    days: u64,
}

impl std::ops::AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.movements += other.movements;
        self.errors += other.errors;
        self.anomalies += other.anomalies;
        self.hours += other.hours;
        self.days += other.days;
    }
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// Returns sparse hours of the whole range, and most hours around the changes of clocks.
fn cells(person: &Person, random: &mut StdRng) -> Vec<Cell> {
    let mut hours: BTreeSet<DateTime<Utc>> = BTreeSet::new();
    for _ in 0..300 {
        hours.insert(at("2024-03-01T12:00:00Z") + TimeDelta::hours(random.random_range(0..24 * 262)));
    }
    for change in CHANGES {
        let noon = at(&format!("{change}T12:00:00Z"));
        hours.extend((-26..26).filter(|_| random.random_bool(0.7)).map(|hour| noon + TimeDelta::hours(hour)));
    }
    let mut cells = Vec::new();
    for hour in hours {
        for number in 1..=person.prostheses.len() {
            if number > 1 && random.random_bool(0.6) {
                continue;
            }
            let movements = random.random_range(1..500);
            let samples = random.random_range(0..=movements);
            let level = f64::from(random.random_range(0..1000_u32)) / 10.0;
            cells.push(Cell {
                movements,
                errors: random.random_range(0..=movements / 10),
                anomalies: random.random_range(0..3),
                response: (f64::from(samples) * f64::from(random.random_range(20..90)), samples),
                battery: (f64::from(samples) * level, samples),
                #[expect(clippy::cast_possible_truncation, reason = "a level has one decimal")]
                battery_min: (samples > 0).then_some(level as f32),
                battery_last: None,
                ..person.cell(number, hour)
            });
        }
    }
    cells
}

/// The sums of each day of the zone.
fn by_day(cells: &[Cell], zone: Tz) -> BTreeMap<NaiveDate, Sums> {
    let mut hours: BTreeMap<NaiveDate, BTreeSet<DateTime<Utc>>> = BTreeMap::new();
    let mut days: BTreeMap<NaiveDate, Sums> = BTreeMap::new();
    for cell in cells {
        let day = cell.hour.with_timezone(&zone).date_naive();
        hours.entry(day).or_default().insert(cell.hour);
        *days.entry(day).or_default() += Sums {
            movements: cell.movements.into(),
            errors: cell.errors.into(),
            anomalies: cell.anomalies.into(),
            ..Sums::default()
        };
    }
    for (day, sums) in &mut days {
        (sums.hours, sums.days) = (hours[day].len() as u64, 1);
    }
    days
}

fn total<'a>(days: impl IntoIterator<Item = &'a Sums>) -> Sums {
    let mut total = Sums::default();
    days.into_iter().for_each(|day| total += *day);
    total
}

fn summed_up(summary: &Value, days: &Value) -> Sums {
    Sums {
        movements: count(&summary["total_movements"]),
        errors: count(&summary["total_errors"]),
        anomalies: count(&summary["total_anomalies"]),
        hours: count(&summary["total_usage_hours"]),
        days: count(days),
    }
}

async fn summary(client: &Client, zone: Tz, from: NaiveDate, to: NaiveDate) -> Sums {
    let body = client.get(&format!("/api/reports/summary?from={from}&to={to}&tz={zone}")).await.json();
    summed_up(&body["summary"], &body["total_days"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_of_counting_gives_the_same_in_every_zone() {
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let app = App::start().await;
    let (ivan, other) = (Person::new("ivan.petrov", 2), Person::new("olga", 1));
    let own = cells(&ivan, &mut random);
    let others = cells(&other, &mut random);
    app.seed(&[&ivan, &other], &[own.clone(), others].concat()).await;
    app.loaded_up_to(at("2024-11-20T12:00:00Z")).await;
    let client = app.wearer("ivan.petrov");
    for zone in ZONES {
        let expected = by_day(&own, zone);
        let whole = total(expected.range(date(FROM)..date(TO)).map(|(_, sums)| sums));
        assert_eq!(summary(&client, zone, date(FROM), date(TO)).await, whole, "{zone}");
        check_days(&client, zone, &expected).await;
        check_file(&client, zone, whole).await;
        check_parts(&client, zone, whole, &mut random).await;
        check_hours(&client, zone, &expected, &mut random).await;
    }
}

async fn check_days(client: &Client, zone: Tz, expected: &BTreeMap<NaiveDate, Sums>) {
    let body = client.get(&format!("/api/reports/days?from={FROM}&to={TO}&tz={zone}")).await.json();
    for day in body["days"].as_array().unwrap() {
        let told = Sums {
            movements: count(&day["total_movements"]),
            errors: count(&day["total_errors"]),
            anomalies: count(&day["total_anomalies"]),
            hours: count(&day["uptime_hours"]),
            days: u64::from(count(&day["total_movements"]) > 0),
        };
        let date = date(day["date"].as_str().unwrap());
        assert_eq!(told, expected.get(&date).copied().unwrap_or_default(), "{zone} {date}");
    }
}

/// Checks each number of the file without using our own parser, since no text of these people needs quotes.
async fn check_file(client: &Client, zone: Tz, whole: Sums) {
    let file = client.get(&format!("/api/reports/export?from={FROM}&to={TO}&tz={zone}")).await;
    assert_eq!(file.checked_status(), 200);
    let (mut told, mut hours, mut days) = (Sums::default(), BTreeSet::new(), BTreeSet::new());
    for line in file.body.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |place: usize| cells[place].parse::<u64>().unwrap();
        told += Sums { movements: number(8), errors: number(9), anomalies: number(10), ..Sums::default() };
        let instant = at(cells[3]);
        let local = instant.with_timezone(&zone);
        let expected = local.format("%Y-%m-%d,%H:%M,UTC%:z").to_string();
        assert_eq!(cells[..3].join(","), expected, "{zone}");
        hours.insert(instant);
        days.insert(cells[0].to_owned());
    }
    (told.hours, told.days) = (hours.len() as u64, days.len() as u64);
    assert_eq!(told, whole, "{zone}");
}

/// Checks that a range split at random days loses and repeats nothing, and that a comparison of two parts
/// agrees with two summaries.
async fn check_parts(client: &Client, zone: Tz, whole: Sums, random: &mut StdRng) {
    let mut cuts: Vec<NaiveDate> =
        (0..4).map(|_| date(FROM) + TimeDelta::days(random.random_range(0..264))).collect();
    cuts.extend([date(FROM), date(TO), date(CHANGES.choose(random).unwrap())]);
    cuts.sort();
    let mut parts = Sums::default();
    for ends in cuts.windows(2) {
        parts += summary(client, zone, ends[0], ends[1]).await;
    }
    assert_eq!(parts, whole, "{zone}");

    let [a, b] = [(cuts[0], cuts[3]), (cuts[3], cuts[6])];
    let path =
        format!("/api/reports/compare?a_from={}&a_to={}&b_from={}&b_to={}&tz={zone}", a.0, a.1, b.0, b.1);
    let body = client.get(&path).await;
    if body.checked_status() == 200 {
        for (side, (from, to)) in [("a", a), ("b", b)] {
            let told = summed_up(&body.json()[side]["summary"], &body.json()[side]["days_with_data"]);
            assert_eq!(told, summary(client, zone, from, to).await, "{zone} {side}");
        }
    }
}

/// Checks that the hours add up to the day, for the days on which clocks change and for some others.
async fn check_hours(client: &Client, zone: Tz, expected: &BTreeMap<NaiveDate, Sums>, random: &mut StdRng) {
    let all: Vec<NaiveDate> = expected.keys().copied().collect();
    let some = (0..6).map(|_| *all.choose(random).unwrap());
    for day in CHANGES.map(date).into_iter().chain(some) {
        let answered = client.get(&format!("/api/reports/{day}?tz={zone}")).await;
        let Some(sums) = expected.get(&day) else {
            assert_eq!(answered.checked_status(), 404, "{zone} {day}");
            continue;
        };
        let body = answered.json();
        let of = |name: &str| {
            body["hourly_data"].as_array().unwrap().iter().map(|hour| count(&hour[name])).sum::<u64>()
        };
        let told = Sums {
            movements: of("movements_count"),
            errors: of("error_count"),
            anomalies: of("anomaly_count"),
            hours: body["hourly_data"].as_array().unwrap().len() as u64,
            days: 1,
        };
        assert_eq!(told, *sums, "{zone} {day}");
        assert_eq!(count(&body["summary"]["total_movements"]), sums.movements, "{zone} {day}");
        let hours = body["hours"].as_array().unwrap();
        let span = at(body["ends_at"].as_str().unwrap()) - at(body["starts_at"].as_str().unwrap());
        assert_eq!(i64::try_from(hours.len()).unwrap(), span.num_hours(), "{zone} {day}");
        let used = hours.iter().filter(|hour| hour["state"] == "complete").count();
        assert_eq!(used as u64, sums.hours, "{zone} {day}");
        let next = expected.range(day.succ_opt().unwrap()..).next().map(|(day, _)| day.to_string());
        let previous = expected.range(..day).next_back().map(|(day, _)| day.to_string());
        assert_eq!(body["next_date_with_data"].as_str().map(str::to_owned), next, "{zone} {day}");
        assert_eq!(body["previous_date_with_data"].as_str().map(str::to_owned), previous, "{zone} {day}");
        check_usual(&body["usual"], day, expected);
    }
}

/// Checks the quantiles of the movements in the 28 days before, by sorting them.
fn check_usual(usual: &Value, day: NaiveDate, expected: &BTreeMap<NaiveDate, Sums>) {
    let mut movements: Vec<u64> =
        expected.range(day - TimeDelta::days(28)..day).map(|(_, sums)| sums.movements).collect();
    movements.sort_unstable();
    assert_eq!(usual["days_with_data"], movements.len());
    if movements.len() < 5 {
        assert!(usual["movements"].is_null());
        return;
    }
    for (name, tenths) in [("low", 1), ("median", 5), ("high", 9)] {
        let place = tenths * (movements.len() - 1);
        let (below, above) = (movements[place / 10] as f64, movements[place.div_ceil(10)] as f64);
        let exact = below + (above - below) * (place % 10) as f64 / 10.0;
        let told = usual["movements"][name].as_f64().unwrap();
        assert!((told - exact).abs() <= 0.050_001, "{day} {name}: {told} is not {exact}");
    }
}

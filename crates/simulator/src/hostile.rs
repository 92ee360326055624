//! Small fleets that break assumptions, for tests: unexpected values as they occur in real databases.
//!
//! All finite readings are multiples of a quarter, so that their sums are exact in any order and tests can
//! compare them for equality.

use bionicpro_model::{Result, SecretUrl};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::SinkExt;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::connection::{self, database_error};
use crate::copy::Rows;
use crate::dice::Dice;

/// The options of a hostile fleet.
#[derive(Debug, Clone)]
pub struct HostileOptions {
    /// The same seed gives the same rows.
    pub seed: u64,
    /// Customers, some without a prosthesis and some with several.
    pub customers: u32,
    /// Rows of telemetry.
    pub movements: u32,
    /// The beginning of the range of event times. Most are within it; a few are in the years 1 and 9999, and
    /// at `infinity`.
    pub from: DateTime<Utc>,
    /// The end of the range of event times, which is not included.
    pub to: DateTime<Utc>,
    /// Changes the reading columns to `double precision` and adds NaN, infinities and fractions.
    pub floating_readings: bool,
}

const NAMES: &[&str] = &[
    "Robert'); DROP TABLE crm.customers;--",
    "",
    "   ",
    "О’Коннор \"Тень\" \\N",
    "نور الهدى \u{202e}txt.exe",
    "🦾🦿 Zoë\u{301}",
    "tab\there",
    "two\nlines",
    "NULL",
];
const CHIPS: &[&str] =
    &["CHIP-'1'", "чип-2", "CHIP 3", "chip-4", "CHIP-4", "5\\", "🦾6", "", "CHIP-%8", "CHIP-9\"\n"];
const ERROR_CODES: &[Option<&str>] =
    &[None, None, None, None, Some(""), Some("0"), Some("OK"), Some("E01"), Some("'")];

/// 0001-01-01 00:30 in microseconds since 1970; `YEAR_9999` is 9999-12-31 23:30.
const YEAR_1: i64 = -62_135_594_999_000_000;
const YEAR_9999: i64 = 253_402_299_000_000_000;

/// Fills a CRM and a telemetry database whose tables exist and are empty.
///
/// # Errors
/// The databases' errors.
pub async fn fill(crm: &SecretUrl, telemetry: &SecretUrl, options: &HostileOptions) -> Result<()> {
    let mut dice = Dice::new(options.seed, &[]);
    let client = connection::open(crm).await?;
    fill_crm(&client, options, &mut dice)
        .await
        .map_err(|error| database_error("the CRM rows cannot be written", crm, error))?;
    let client = connection::open(telemetry).await?;
    fill_telemetry(&client, options, &mut dice)
        .await
        .map_err(|error| database_error("the telemetry cannot be written", telemetry, error))
}

async fn fill_crm(
    client: &Client,
    options: &HostileOptions,
    dice: &mut Dice,
) -> Result<(), tokio_postgres::Error> {
    let model: Uuid = dice.uuid();
    client
        .execute("INSERT INTO crm.prosthesis_models (id, name) VALUES ($1, $2)", &[&model, &"Hand 'X' – ½"])
        .await?;
    let mut chips: Vec<String> = CHIPS.iter().map(|&chip| chip.to_owned()).collect();
    for number in 0..options.customers {
        let id = dice.uuid();
        let name = *dice.pick(NAMES);
        let login = (!dice.chance(2_500)).then(|| format!("user'{number}"));
        let email = format!("{number}@example.com");
        let insert = "INSERT INTO crm.customers (id, name, email, ldap_username) VALUES ($1, $2, $3, $4)";
        client.execute(insert, &[&id, &name, &email, &login]).await?;
        for _ in 0..dice.below(4) {
            if chips.is_empty() {
                break;
            }
            let place = usize::try_from(dice.next() % chips.len() as u64).unwrap_or(0);
            let chip = chips.swap_remove(place);
            let insert =
                "INSERT INTO crm.prostheses (id, customer_id, model_id, chip_id) VALUES ($1, $2, $3, $4)";
            client.execute(insert, &[&dice.uuid(), &id, &model, &chip]).await?;
        }
    }
    Ok(())
}

async fn fill_telemetry(
    client: &Client,
    options: &HostileOptions,
    dice: &mut Dice,
) -> Result<(), tokio_postgres::Error> {
    if options.floating_readings {
        let widen = "ALTER TABLE telemetry.raw_telemetry ALTER response_time_ms TYPE double precision, \
                     ALTER battery_level TYPE double precision";
        client.batch_execute(widen).await?;
    }
    let mut rows = Rows::with_header();
    for _ in 0..options.movements {
        let row = Row::draw(options, dice);
        // Some rows are sent twice, as by devices that received no response.
        for _ in 0..if dice.chance(500) { 2 } else { 1 } {
            row.encode(&mut rows, options.floating_readings);
        }
    }
    rows.end();
    let copy = "COPY telemetry.raw_telemetry (chip_id, event_time, response_time_ms, battery_level, error_code) \
                FROM STDIN (FORMAT binary)";
    let mut sink = std::pin::pin!(client.copy_in(copy).await?);
    sink.send(rows.take()).await?;
    sink.as_mut().finish().await.map(drop)
}

fn pick(texts: &[&'static str], dice: &mut Dice) -> &'static str {
    let chosen: &&'static str = dice.pick(texts);
    chosen
}

struct Row {
    chip: &'static str,
    at_micros: Option<i64>,
    response: Option<f64>,
    battery: Option<f64>,
    error: Option<&'static str>,
}

impl Row {
    fn draw(options: &HostileOptions, dice: &mut Dice) -> Self {
        let span = u64::try_from((options.to - options.from).num_seconds()).unwrap_or(1).max(1);
        let inside = |dice: &mut Dice| {
            let second = options.from + TimeDelta::seconds(i64::try_from(dice.next() % span).unwrap_or(0));
            // On the hour, just before the next one, or anywhere.
            match dice.below(10) {
                0 => bionicpro_model::hours::floor_to_hour(second).max(options.from).timestamp_micros(),
                1 => bionicpro_model::hours::floor_to_hour(second).timestamp_micros() + 3_599_999_999,
                _ => second.timestamp_micros() + i64::from(dice.below(1_000_000)),
            }
        };
        let at_micros = match dice.below(200) {
            0 => Some(YEAR_1),
            1 => Some(YEAR_9999),
            2 => None,
            _ => Some(inside(dice)),
        };
        let quarters = |dice: &mut Dice, most: u32| f64::from(dice.below(most * 4)) / 4.0;
        let special =
            |dice: &mut Dice| *dice.pick(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1e6, -1e6]);
        let floating = options.floating_readings;
        Row {
            chip: pick(CHIPS, dice),
            at_micros,
            response: match dice.below(20) {
                0 => None,
                1 => Some(-quarters(dice, 500) - 1.0),
                2 if floating => Some(special(dice)),
                _ => Some(quarters(dice, 200)),
            },
            battery: match dice.below(20) {
                0 => None,
                1 => Some(100.25 + quarters(dice, 100)),
                2 => Some(-0.25 - quarters(dice, 50)),
                3 if floating => Some(special(dice)),
                4 => Some(*dice.pick(&[0.0, 100.0])),
                _ => Some(quarters(dice, 100)),
            },
            error: *dice.pick(ERROR_CODES),
        }
    }

    fn encode(&self, rows: &mut Rows, floating: bool) {
        rows.begin_row(5);
        rows.text(self.chip);
        match self.at_micros {
            Some(micros) => rows.timestamp_micros(micros),
            // PostgreSQL's `infinity`.
            None => rows.int8(i64::MAX),
        }
        if floating {
            rows.optional(self.response, Rows::float8);
            rows.optional(self.battery, Rows::float8);
        } else {
            #[expect(clippy::cast_possible_truncation, reason = "small numbers, cut to whole milliseconds")]
            rows.optional(self.response, |rows, response| rows.int4(response as i32));
            #[expect(clippy::cast_possible_truncation, reason = "quarters are exact in both")]
            rows.optional(self.battery, |rows, battery| rows.float4(battery as f32));
        }
        rows.optional(self.error, Rows::text);
    }
}

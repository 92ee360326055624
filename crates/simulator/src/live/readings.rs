//! A batch of current readings, as columns.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Timelike, Utc};
use tokio_postgres::{Error, GenericClient};

use crate::dice::Dice;
use crate::movements::{ERRORS, GRIPS};

/// The columns left out have the database's defaults: the next id of the sequence, and the time of the
/// transaction's beginning.
const INSERT: &str = "INSERT INTO telemetry.raw_telemetry \
    (chip_id, event_time, movement_type, response_time_ms, battery_level, error_code) \
    SELECT * FROM unnest($1::text[], $2::timestamp[], $3::text[], $4::int[], $5::real[], $6::text[])";

/// Rows to insert with one statement.
#[derive(Debug, Default)]
pub(super) struct Readings<'a> {
    chips: Vec<&'a str>,
    times: Vec<NaiveDateTime>,
    grips: Vec<&'static str>,
    responses: Vec<Option<i32>>,
    batteries: Vec<Option<f32>>,
    errors: Vec<Option<&'static str>>,
}

impl<'a> Readings<'a> {
    pub(super) fn draw(count: usize, chips: &'a [String], now: DateTime<Utc>, dice: &mut Dice) -> Self {
        let mut readings = Readings::default();
        for _ in 0..count {
            let chip: &String = dice.pick(chips);
            readings.push(chip, now, dice);
        }
        readings
    }

    fn push(&mut self, chip: &'a str, now: DateTime<Utc>, dice: &mut Dice) {
        let age_ms = match dice.below(100) {
            // Sent when the wearer's phone is connected again: minutes to hours late.
            0..4 => dice.between(60_000, 3 * 3_600_000),
            4..20 => dice.between(1_000, 20_000),
            _ => dice.below(1_000),
        };
        let at = now - TimeDelta::milliseconds(i64::from(age_ms));
        // Full in the morning, a quarter left at night.
        let awake = at.hour().saturating_sub(6).min(16);
        let halves = 200 - 9 * awake - dice.below(12);
        let error = dice.chance(60).then(|| *dice.pick(ERRORS));
        self.chips.push(chip);
        self.times.push(at.naive_utc());
        let grip: &&'static str = dice.pick(GRIPS);
        self.grips.push(grip);
        let response = i32::try_from(36 + dice.below(20) + 60u32.saturating_sub(halves)).unwrap_or(40);
        self.responses.push((!dice.chance(100)).then_some(response));
        let halves = u8::try_from(halves).unwrap_or(0);
        self.batteries.push((!dice.chance(50)).then_some(f32::from(halves) / 2.0));
        self.errors.push(error);
    }

    pub(super) async fn insert(&self, client: &impl GenericClient) -> Result<u64, Error> {
        let statement = client.prepare(INSERT).await?;
        client
            .execute(
                &statement,
                &[&self.chips, &self.times, &self.grips, &self.responses, &self.batteries, &self.errors],
            )
            .await
    }
}

//! The answer of a day, computed from the mart's rows. Those are by hour and prosthesis; the answer is by
//! hour.

use std::collections::BTreeMap;

use bionicpro_reports::{Neighbours, Row, Sums};
use chrono::{DateTime, FixedOffset, NaiveDate, SubsecRound, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::usual::UsualFigures;
use crate::availability::{Availability, Data};
use crate::figures::{Samples, per_thousand, reading};
use crate::local_day::{LocalDay, LocalHour};
use crate::parameters::Zone;

/// One day by hours.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DayReport {
    /// The day, in `timezone`.
    date: NaiveDate,
    /// The caller's login name.
    #[schema(example = "ivan.petrov")]
    user: String,
    /// The model of the prosthesis with the most movements of the day.
    #[schema(example = "BionicHand Pro")]
    prosthesis_model: String,
    /// The chip of the prosthesis with the most movements of the day.
    #[schema(example = "CHIP-000042")]
    chip_id: String,
    summary: DayFigures,
    /// The hours with a movement, oldest first.
    hourly_data: Vec<Hour>,
    /// The time zone whose midnights bound the day.
    #[schema(example = "UTC")]
    timezone: &'static str,
    /// The day of the week, in English.
    #[schema(example = "Monday")]
    weekday: &'static str,
    /// The first instant of the day.
    starts_at: DateTime<Utc>,
    /// The first instant after the day: 23 or 25 hours later where clocks change.
    ends_at: DateTime<Utc>,
    /// The newest moment that the numbers reflect; null before the first load. The hour that contains it is
    /// still in progress, and nothing is known of later hours.
    #[schema(required)]
    data_as_of: Option<DateTime<Utc>>,
    /// True if the numbers reflect the whole day. Late readings may still change them.
    complete: bool,
    state: Availability,
    /// Today's date in `timezone`.
    today: NaiveDate,
    /// True if the day of the report is today.
    is_today: bool,
    /// The day before; null if it cannot be requested.
    #[schema(required)]
    previous_day: Option<NaiveDate>,
    /// The day after; null if it is later than tomorrow.
    #[schema(required)]
    next_day: Option<NaiveDate>,
    /// The newest day with data before this one; null if there is none.
    #[schema(required)]
    previous_date_with_data: Option<NaiveDate>,
    /// The oldest day with data after this one; null if there is none.
    #[schema(required)]
    next_date_with_data: Option<NaiveDate>,
    /// Every hour of the day: 23, 24 or 25 of them. Their numbers are in `hourly_data`.
    hours: Vec<LocalHour>,
    /// The time when the source was last read for a number of this day. The number need not have changed
    /// then.
    #[schema(required)]
    computed_at: Option<DateTime<Utc>>,
    /// The usual values of the 28 days before; null if the zone's offset was not whole hours in them.
    #[schema(required)]
    usual: Option<UsualFigures>,
    /// The prostheses with a movement in the day, most movements first.
    prostheses: Vec<DayProsthesis>,
}

/// The numbers of the day.
#[derive(Debug, Serialize, ToSchema)]
struct DayFigures {
    /// Movements.
    #[schema(example = 1523)]
    total_movements: u64,
    /// Average response time in milliseconds; null without samples.
    #[schema(required, example = 45.2)]
    avg_response_time_ms: Option<f64>,
    /// Average battery level in per cent; null without samples.
    #[schema(required, example = 78.5)]
    avg_battery_level: Option<f64>,
    /// The lowest battery level in per cent; null without samples.
    #[schema(required, example = 41.0)]
    lowest_battery_level: Option<f64>,
    /// The last battery level in per cent, the lowest of several prostheses; null without samples.
    #[schema(required, example = 44.0)]
    last_battery_level: Option<f64>,
    /// Movements with an error.
    #[schema(example = 3)]
    total_errors: u64,
    /// Errors in a thousand movements.
    #[schema(required, example = 2.0)]
    errors_per_1000_movements: Option<f64>,
    /// Movements with a value out of its range. They are included in the totals, unchanged.
    #[schema(example = 0)]
    total_anomalies: u64,
    /// Hours with at least one movement.
    #[schema(example = 14)]
    uptime_hours: usize,
}

/// The numbers of an hour.
#[derive(Debug, Serialize, ToSchema)]
struct Hour {
    /// The beginning of the hour.
    #[schema(example = "2024-01-15T08:00:00Z")]
    hour: DateTime<Utc>,
    /// The same in `timezone`, with its offset.
    #[schema(example = "2024-01-15T08:00:00Z")]
    local_hour: DateTime<FixedOffset>,
    /// Movements.
    #[schema(example = 145)]
    movements_count: u64,
    /// Average response time in milliseconds; null without samples.
    #[schema(required, example = 42.1)]
    avg_response_time: Option<f64>,
    /// Average battery level in per cent; null without samples.
    #[schema(required, example = 95.0)]
    battery_level: Option<f64>,
    /// The lowest battery level in per cent; null without samples.
    #[schema(required, example = 93.0)]
    lowest_battery_level: Option<f64>,
    /// The last battery level in per cent, the lowest of several prostheses; null without samples.
    #[schema(required, example = 93.5)]
    last_battery_level: Option<f64>,
    /// Movements with an error.
    #[schema(example = 0)]
    error_count: u64,
    /// Movements with a value out of its range.
    #[schema(example = 0)]
    anomaly_count: u64,
}

/// A prosthesis with a movement in the day.
#[derive(Debug, Serialize, ToSchema)]
struct DayProsthesis {
    /// The id of the prosthesis; as the parameter of the same name, it restricts the report.
    prosthesis_id: Uuid,
    /// Its chip; if it had several on the day, the one with the last movement.
    #[schema(example = "CHIP-000042")]
    chip_id: String,
    /// Its model.
    #[schema(example = "BionicHand Pro")]
    prosthesis_model: String,
    /// Its movements.
    #[schema(example = 1523)]
    total_movements: u64,
}

impl DayReport {
    /// Builds the report from rows ordered by hour and prosthesis; `None` without rows.
    pub(super) fn new(
        user: String,
        frame: LocalDay,
        zone: Zone,
        data_as_of: Option<DateTime<Utc>>,
        around: Neighbours,
        usual: Option<UsualFigures>,
        rows: Vec<Row<'_>>,
    ) -> Option<Self> {
        let prostheses = prostheses(&rows);
        let most_used = prostheses.first()?;
        let hourly_data = hours(&rows, zone);
        let data = Data { as_of: data_as_of, first_hour: around.first_hour };
        let is_used = |hour| hourly_data.binary_search_by_key(&hour, |used: &Hour| used.hour).is_ok();
        Some(DayReport {
            date: frame.date,
            user,
            prosthesis_model: most_used.prosthesis_model.clone(),
            chip_id: most_used.chip_id.clone(),
            summary: DayFigures::new(&Sums::of(rows.iter().copied()), hourly_data.len()),
            hours: frame.hours(data, is_used),
            hourly_data,
            timezone: zone.name(),
            weekday: frame.weekday(),
            starts_at: frame.starts_at,
            ends_at: frame.ends_at,
            data_as_of,
            complete: data_as_of.is_some_and(|as_of| as_of >= frame.ends_at),
            state: frame.state(data, true),
            today: frame.today,
            is_today: frame.is_today(),
            previous_day: frame.previous_day(),
            next_day: frame.next_day(),
            previous_date_with_data: around.previous_day,
            next_date_with_data: around.next_day,
            computed_at: rows.iter().map(|row| row.version).max().and_then(moment),
            usual,
            prostheses,
        })
    }
}

/// Converts a version to the moment that it encodes, rounded down to the second.
fn moment(version: u64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(i64::try_from(version).ok()?).map(|at| at.trunc_subsecs(0))
}

impl DayFigures {
    fn new(day: &Sums, uptime_hours: usize) -> Self {
        DayFigures {
            total_movements: day.movements,
            avg_response_time_ms: Samples::from(day.response).average(),
            avg_battery_level: Samples::from(day.battery).average(),
            lowest_battery_level: day.battery_min.and_then(reading),
            last_battery_level: day.battery_last().and_then(reading),
            total_errors: day.errors,
            errors_per_1000_movements: per_thousand(day.errors, day.movements),
            total_anomalies: day.anomalies,
            uptime_hours,
        }
    }
}

fn hours(rows: &[Row<'_>], zone: Zone) -> Vec<Hour> {
    let of_hour = |rows: &[Row<'_>]| {
        let (hour, sums) = (rows[0].hour, Sums::of(rows.iter().copied()));
        Hour {
            hour,
            local_hour: hour.with_timezone(&zone.tz()).fixed_offset(),
            movements_count: sums.movements,
            avg_response_time: Samples::from(sums.response).average(),
            battery_level: Samples::from(sums.battery).average(),
            lowest_battery_level: sums.battery_min.and_then(reading),
            last_battery_level: sums.battery_last().and_then(reading),
            error_count: sums.errors,
            anomaly_count: sums.anomalies,
        }
    };
    rows.chunk_by(|one, next| one.hour == next.hour).map(of_hour).collect()
}

/// Returns the prostheses by movements, the most first; equal ones by id.
fn prostheses(rows: &[Row<'_>]) -> Vec<DayProsthesis> {
    let mut by_id: BTreeMap<Uuid, DayProsthesis> = BTreeMap::new();
    for row in rows {
        let prosthesis = by_id.entry(row.prosthesis_id).or_insert_with(|| DayProsthesis {
            prosthesis_id: row.prosthesis_id,
            chip_id: String::new(),
            prosthesis_model: String::new(),
            total_movements: 0,
        });
        row.chip_id.clone_into(&mut prosthesis.chip_id);
        row.prosthesis_model.clone_into(&mut prosthesis.prosthesis_model);
        prosthesis.total_movements += u64::from(row.movements);
    }
    let mut prostheses: Vec<_> = by_id.into_values().collect();
    prostheses.sort_by_key(|prosthesis| std::cmp::Reverse(prosthesis.total_movements));
    prostheses
}

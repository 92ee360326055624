//! `GET /api/reports/days`: every day of a range, with its numbers.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use bionicpro_reports::{DayRow, Sums, by_day, by_day_months};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::check_own;
use super::range::RangeQuery;
use crate::availability::{self, Data};
use crate::conditional::{AsOf, Condition};
use crate::extractors::Wearer;
use crate::figures::{Samples, per_thousand, ratio, reading};
use crate::local_day::LocalDay;
use crate::openapi::{DataRefusals, NotModified};
use crate::parameters::{DayRange, Strict, local_today};
use crate::problem::Problem;
use crate::state::AppState;

/// Every day of a range.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DaysReport {
    /// The caller's login name.
    #[schema(example = "ivan.petrov")]
    user: String,
    /// The time zone whose midnights split the days.
    #[schema(example = "UTC")]
    timezone: &'static str,
    /// The first day of the range.
    from: NaiveDate,
    /// The day after the last one.
    to: NaiveDate,
    /// The last day; the day before `from` if the range is empty.
    through: NaiveDate,
    /// The range of the same length immediately before this one.
    previous: Neighbour,
    /// The range of the same length immediately after this one; null if it has not begun.
    #[schema(required)]
    next: Option<Neighbour>,
    /// Today's date in `timezone`.
    today: NaiveDate,
    /// The newest moment that the numbers reflect; null before the first load.
    #[schema(required)]
    data_as_of: Option<DateTime<Utc>>,
    /// Days of the range with a movement.
    #[schema(example = 26)]
    days_with_data: usize,
    /// Every day of the range, oldest first.
    days: Vec<RangeDay>,
}

/// The range before or after, so that a client can page without computing dates.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NeighbourRange)]
struct Neighbour {
    /// Its first day.
    from: NaiveDate,
    /// Its last day, today at most: a value for the parameter `through`.
    through: NaiveDate,
}

impl Neighbour {
    fn new(range: DayRange, today: NaiveDate) -> Self {
        Neighbour { from: range.from, through: range.through().min(today) }
    }
}

/// A day with its numbers. Counts are 0 only if that is known, and null if nothing is known.
#[derive(Debug, Serialize, ToSchema)]
struct RangeDay {
    /// The day.
    date: NaiveDate,
    /// The day of the week, in English.
    #[schema(example = "Monday")]
    weekday: &'static str,
    /// The number of hours in the day: 23 or 25 where clocks change.
    #[schema(example = 24)]
    hours: i64,
    state: availability::Availability,
    /// Movements.
    #[schema(required, example = 1523)]
    total_movements: Option<u64>,
    /// Hours with at least one movement.
    #[schema(required, example = 14)]
    uptime_hours: Option<u64>,
    /// Movements with an error.
    #[schema(required, example = 3)]
    total_errors: Option<u64>,
    /// Movements with a value out of its range. They are included in the totals, unchanged.
    #[schema(required, example = 0)]
    total_anomalies: Option<u64>,
    /// Errors in a thousand movements; null without movements.
    #[schema(required, example = 2.0)]
    errors_per_1000_movements: Option<f64>,
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
    /// The median of the movements per day, over the complete days with data among this day and the six
    /// before; null if there are fewer than four of them, or if this day is not one of them.
    #[schema(required, example = 1490.0)]
    median_movements_7_days: Option<f64>,
}

impl RangeDay {
    fn new(frame: LocalDay, data: Data, row: Option<&DayRow>) -> Self {
        let state = frame.state(data, row.is_some());
        let sums = row.map(|row| &row.sums);
        let count = |of: fn(&Sums) -> u64| match sums {
            Some(sums) => Some(of(sums)),
            None => state.knows_counts().then_some(0),
        };
        RangeDay {
            date: frame.date,
            weekday: frame.weekday(),
            hours: frame.length(),
            state,
            total_movements: count(|sums| sums.movements),
            uptime_hours: count(|sums| sums.usage_hours),
            total_errors: count(|sums| sums.errors),
            total_anomalies: count(|sums| sums.anomalies),
            errors_per_1000_movements: sums.and_then(|sums| per_thousand(sums.errors, sums.movements)),
            avg_response_time_ms: sums.and_then(|sums| Samples::from(sums.response).average()),
            avg_battery_level: sums.and_then(|sums| Samples::from(sums.battery).average()),
            lowest_battery_level: sums.and_then(|sums| sums.battery_min).and_then(reading),
            last_battery_level: sums.and_then(Sums::battery_last).and_then(reading),
            median_movements_7_days: row.and_then(|row| row.median).and_then(|median| ratio(median, 1)),
        }
    }
}

/// Every day of a range.
///
/// Days without data are included, with the reason. Several prostheses are added up; `prosthesis_id` selects
/// one of them.
#[utoipa::path(
    get, path = "/api/reports/days", operation_id = "listDays", tag = "Reports", params(RangeQuery), security(("bearer" = [])),
    responses((status = 200, description = "The days.", body = DaysReport), NotModified, DataRefusals)
)]
pub(crate) async fn days(
    wearer: Wearer,
    Strict(query): Strict<RangeQuery>,
    condition: Condition,
    State(app): State<AppState>,
) -> Result<Response, Problem> {
    let data_as_of = app.data_as_of().await?;
    let RangeQuery { from, to, tz, prosthesis_id, .. } = query;
    let hours = app.reader.hours(&wearer, &by_day_months(tz.tz(), (from, to))).await?;
    let now = Utc::now();
    let today = local_today(tz, now);
    let first_hour = hours.person().presence.first_hour(prosthesis_id);
    let as_of = AsOf::of_spans(data_as_of, tz.start_of(to));
    let tag = condition.tag(&wearer, as_of, (from, to, today, first_hour, hours.digest()));
    tag.answer(&app.answers, || {
        let found = by_day(&hours, prosthesis_id, tz.tz(), (from, to), data_as_of);
        check_own(hours.person(), prosthesis_id, found.first_hour.is_some())?;
        let range = DayRange { from, to };
        let data = Data { as_of: data_as_of, first_hour: found.first_hour };
        let rows: BTreeMap<NaiveDate, &DayRow> = found.days.iter().map(|row| (row.date, row)).collect();
        let dates = from.iter_days().take_while(|date| *date < to);
        let days =
            dates.map(|date| RangeDay::new(LocalDay::new(date, tz, now), data, rows.get(&date).copied()));
        Ok(DaysReport {
            user: wearer.username.into(),
            timezone: tz.name(),
            from,
            to,
            through: range.through(),
            previous: Neighbour::new(range.previous(), today),
            next: Some(range.next())
                .filter(|next| next.from <= today)
                .map(|next| Neighbour::new(next, today)),
            today,
            data_as_of,
            days_with_data: rows.len(),
            days: days.collect(),
        })
    })
}

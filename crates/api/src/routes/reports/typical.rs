//! `GET /api/reports/typical`: the typical values of each hour of the day over a range.

use axum::extract::State;
use axum::response::Response;
use bionicpro_reports::{TypicalHour, months};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::range::RangeQuery;
use super::{MIN_DAYS, check_own};
use crate::conditional::{AsOf, Condition};
use crate::extractors::Wearer;
use crate::figures::{Samples, ratio};
use crate::openapi::{DataRefusals, NotModified};
use crate::parameters::Strict;
use crate::problem::Problem;
use crate::state::AppState;

/// A typical day of a range.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TypicalDay {
    /// The caller's login name.
    #[schema(example = "ivan.petrov")]
    user: String,
    /// The time zone of the hours.
    #[schema(example = "UTC")]
    timezone: &'static str,
    /// The first day of the range.
    from: NaiveDate,
    /// The day after the last one.
    to: NaiveDate,
    /// The newest moment that the numbers reflect; null before the first load.
    #[schema(required)]
    data_as_of: Option<DateTime<Utc>>,
    /// Complete days of the range with a movement, from which the typical day is computed.
    #[schema(example = 26)]
    days_with_data: u64,
    /// An hour with fewer days than this is omitted.
    #[schema(example = 5)]
    min_days: u64,
    /// The hours of the day, from midnight.
    hours: Vec<LocalHour>,
}

/// An hour of a typical day. Quantiles are exact, with linear interpolation between neighbours.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TypicalHour)]
struct LocalHour {
    /// The hour, 0 to 23.
    #[schema(example = 8, maximum = 23)]
    local_hour: u8,
    /// The local time at its beginning.
    #[schema(example = "08:00")]
    label: String,
    /// Days with data that had this hour.
    #[schema(example = 26)]
    days: u64,
    /// The number of these days with a movement in the hour.
    #[schema(example = 24)]
    days_with_movements: u64,
    /// Movements in the hour: the median over `days`. A day without a movement in it counts as 0.
    #[schema(required, example = 112.0)]
    median: Option<f64>,
    /// The 25th percentile: a quarter of the days had at most this many movements.
    #[schema(required, example = 90.0)]
    p25: Option<f64>,
    /// The 75th percentile: a quarter of the days had at least this many movements.
    #[schema(required, example = 130.5)]
    p75: Option<f64>,
    /// The 10th percentile: a tenth of the days had at most this many movements.
    #[schema(required, example = 60.0)]
    p10: Option<f64>,
    /// The 90th percentile: a tenth of the days had at least this many movements.
    #[schema(required, example = 151.0)]
    p90: Option<f64>,
    /// Average response time in the hour in milliseconds; null without samples.
    #[schema(required, example = 45.2)]
    avg_response_time_ms: Option<f64>,
    /// Average battery level in the hour in per cent; null without samples.
    #[schema(required, example = 93.1)]
    avg_battery_level: Option<f64>,
}

impl From<TypicalHour> for LocalHour {
    fn from(row: TypicalHour) -> Self {
        let [p10, p25, median, p75, p90] = row.quantiles.map(|value| ratio(value, 1));
        LocalHour {
            local_hour: row.local_hour,
            label: format!("{:02}:00", row.local_hour),
            days: row.days,
            days_with_movements: row.days_with_movements,
            p10,
            p25,
            median,
            p75,
            p90,
            avg_response_time_ms: Samples::from(row.response).average(),
            avg_battery_level: Samples::from(row.battery).average(),
        }
    }
}

/// A typical day.
///
/// Computed from the complete days with data. An hour that occurs twice when clocks are put back is one hour
/// with both added up; an hour that clocks skip does not count on that day.
#[utoipa::path(
    get, path = "/api/reports/typical", operation_id = "getTypicalDay", tag = "Reports", params(RangeQuery), security(("bearer" = [])),
    responses((status = 200, description = "The typical day.", body = TypicalDay), NotModified, DataRefusals)
)]
pub(crate) async fn typical(
    wearer: Wearer,
    Strict(query): Strict<RangeQuery>,
    condition: Condition,
    State(app): State<AppState>,
) -> Result<Response, Problem> {
    let data_as_of = app.data_as_of().await?;
    let RangeQuery { from, to, tz, prosthesis_id, .. } = query;
    let found = app.reader.hours(&wearer, &months(tz.tz(), (from, to))).await?;
    let as_of = AsOf::of_spans(data_as_of, tz.start_of(to));
    let tag = condition.tag(&wearer, as_of, (from, to, found.digest()));
    tag.answer(&app.answers, || {
        let rows = bionicpro_reports::typical(&found, prosthesis_id, tz.tz(), (from, to), data_as_of);
        check_own(found.person(), prosthesis_id, !rows.is_empty())?;
        Ok(TypicalDay {
            user: wearer.username.into(),
            timezone: tz.name(),
            from,
            to,
            data_as_of,
            // At least one hour is never skipped, so its count is the number of all days.
            days_with_data: rows.iter().map(|row| row.days).max().unwrap_or(0),
            min_days: MIN_DAYS,
            hours: rows.into_iter().filter(|row| row.days >= MIN_DAYS).map(LocalHour::from).collect(),
        })
    })
}

//! `GET /api/reports/summary`: totals over a range of days.

use axum::extract::State;
use axum::response::Response;
use bionicpro_reports::{Summary, months};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{OwnProsthesis, check_own};
use crate::access::AskedDays;
use crate::conditional::{AsOf, Condition};
use crate::extractors::Wearer;
use crate::figures::{Samples, number, per_thousand, ratio, reading};
use crate::openapi::{DataRefusals, NotModified};
use crate::parameters::{DayRange, FromQuery, MAX_RANGE_DAYS, ProsthesisId, Query, Strict, Zone};
use crate::problem::Problem;
use crate::state::AppState;

/// The parameters.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SummaryQuery {
    /// The first day; 366 days before `to` when absent.
    #[param(value_type = Option<NaiveDate>, required = false, nullable = false, example = "2024-01-01")]
    from: NaiveDate,
    /// The day after the last one; tomorrow when absent. At most 366 days after `from`; if equal to it, the
    /// range is empty.
    #[param(value_type = Option<NaiveDate>, required = false, nullable = false, example = "2024-02-01")]
    to: NaiveDate,
    /// The time zone whose midnights split days: an IANA region whose offset is whole hours, or UTC.
    #[param(value_type = String, required = false, default = "UTC", example = "Europe/Moscow")]
    tz: Zone,
    /// Only this one of the caller's prostheses.
    #[param(required = false, nullable = false)]
    prosthesis_id: Option<Uuid>,
}

impl FromQuery for SummaryQuery {
    const NAMES: &'static [&'static str] = &["from", "to", "tz", "prosthesis_id"];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let now = Utc::now();
        let tz = Zone::read(query)?;
        let DayRange { from, to } = DayRange::read(query, tz, now, MAX_RANGE_DAYS)?;
        tz.check_whole_hours(from, to)?;
        Ok(SummaryQuery { from, to, tz, prosthesis_id: ProsthesisId::read(query)? })
    }

    fn days(&self) -> AskedDays {
        AskedDays::range(self.from, self.to)
    }
}

/// Totals over a range of days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SummaryReport {
    /// The caller's login name.
    #[schema(example = "ivan.petrov")]
    user: String,
    /// The model with the most movements in the range; without data, that of the first prosthesis that the
    /// caller has; null if there is none.
    #[schema(required, example = "BionicHand Pro")]
    prosthesis_model: Option<String>,
    /// Days with data in the range.
    #[schema(example = 30)]
    total_days: u64,
    summary: SummaryFigures,
    /// The first day of the range.
    from: NaiveDate,
    /// The day after the last one.
    to: NaiveDate,
    /// The time zone whose midnights split the days.
    #[schema(example = "UTC")]
    timezone: &'static str,
    /// The newest moment that the numbers reflect; null before the first load.
    #[schema(required)]
    data_as_of: Option<DateTime<Utc>>,
    /// The prostheses that the caller has now.
    prostheses: Vec<OwnProsthesis>,
}

/// The numbers of the range.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SummaryFigures {
    /// Movements.
    #[schema(example = 45230)]
    total_movements: u64,
    /// Average response time in milliseconds; null without samples.
    #[schema(required, example = 44.5)]
    avg_response_time_ms: Option<f64>,
    /// Average battery level in per cent; null without samples.
    #[schema(required, example = 75.2)]
    avg_battery_level: Option<f64>,
    /// The lowest battery level in per cent; null without samples.
    #[schema(required, example = 8.0)]
    lowest_battery_level: Option<f64>,
    /// Movements with an error.
    #[schema(example = 12)]
    total_errors: u64,
    /// Errors in a thousand movements; null without movements.
    #[schema(required, example = 0.3)]
    errors_per_1000_movements: Option<f64>,
    /// Movements with a value out of its range. They are included in the totals, unchanged.
    #[schema(example = 0)]
    total_anomalies: u64,
    /// Hours with at least one movement.
    #[schema(example = 375)]
    total_usage_hours: u64,
    /// Hours with at least one movement per day with data; null without data.
    #[schema(required, example = 12.5)]
    avg_daily_usage_hours: Option<f64>,
}

impl From<&Summary> for SummaryFigures {
    fn from(Summary { days, sums, .. }: &Summary) -> Self {
        SummaryFigures {
            total_movements: sums.movements,
            avg_response_time_ms: Samples::from(sums.response).average(),
            avg_battery_level: Samples::from(sums.battery).average(),
            lowest_battery_level: sums.battery_min.and_then(reading),
            total_errors: sums.errors,
            errors_per_1000_movements: per_thousand(sums.errors, sums.movements),
            total_anomalies: sums.anomalies,
            total_usage_hours: sums.usage_hours,
            avg_daily_usage_hours: ratio(number(sums.usage_hours), *days),
        }
    }
}

/// Totals over a range of days.
///
/// A caller who has no prosthesis or is not known to the CRM yet gets zero days and null averages.
#[utoipa::path(
    get, path = "/api/reports/summary", operation_id = "getSummary", tag = "Reports", params(SummaryQuery), security(("bearer" = [])),
    responses((status = 200, description = "The totals.", body = SummaryReport), NotModified, DataRefusals)
)]
pub(crate) async fn summary(
    wearer: Wearer,
    Strict(query): Strict<SummaryQuery>,
    condition: Condition,
    State(app): State<AppState>,
) -> Result<Response, Problem> {
    let data_as_of = app.data_as_of().await?;
    let (tz, range) = (query.tz.tz(), (query.from, query.to));
    let found = app.reader.hours(&wearer, &months(tz, range)).await?;
    let question = (query.from, query.to, found.digest());
    let tag = condition.tag(&wearer, AsOf::said(data_as_of), question);
    tag.answer(&app.answers, || {
        let (person, totals) =
            (found.person(), bionicpro_reports::summary(&found, query.prosthesis_id, tz, range));
        check_own(person, query.prosthesis_id, totals.days > 0)?;
        let used = Some(&totals.prosthesis_model).filter(|model| !model.is_empty());
        let first = person
            .prostheses
            .iter()
            .find(|own| query.prosthesis_id.is_none_or(|asked| asked == own.prosthesis_id));
        let prosthesis_model = used.or(first.map(|first| &first.prosthesis_model)).cloned();
        Ok(SummaryReport {
            user: wearer.username.into(),
            prosthesis_model,
            total_days: totals.days,
            summary: SummaryFigures::from(&totals),
            from: query.from,
            to: query.to,
            timezone: query.tz.name(),
            data_as_of,
            prostheses: OwnProsthesis::of(person),
        })
    })
}

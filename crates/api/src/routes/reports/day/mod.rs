//! `GET /api/reports/{date}`: one day by hours.

mod report;

use axum::extract::{FromRequestParts, Path, State};
use axum::response::Response;
use bionicpro_reports::{months, neighbours};
use chrono::{DateTime, Days, NaiveDate, Utc};
use http::request::Parts;
use utoipa::IntoParams;
use uuid::Uuid;

use self::report::DayReport;
use super::check_own;
use super::usual::{USUAL_DAYS, UsualFigures};
use crate::access::{self, AskedDays};
use crate::conditional::{AsOf, Condition};
use crate::extractors::Wearer;
use crate::local_day::LocalDay;
use crate::openapi::{DataRefusals, NotModified};
use crate::parameters::{Day, ProsthesisId, Query, Zone};
use crate::problem::{Problem, ProblemKind};
use crate::state::AppState;

/// The parameters other than the date.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DayQuery {
    /// The time zone whose midnights split days: an IANA region whose offset is whole hours, or UTC.
    #[param(value_type = String, required = false, default = "UTC", example = "Europe/Moscow")]
    pub(in crate::routes) tz: Zone,
    /// Only this one of the caller's prostheses.
    #[param(required = false, nullable = false)]
    pub(in crate::routes) prosthesis_id: Option<Uuid>,
}

/// The day in a path, and the parameters of the query.
#[derive(Debug)]
pub(crate) struct AskedDay {
    pub(in crate::routes) date: NaiveDate,
    pub(in crate::routes) query: DayQuery,
    /// The moment that determines today's date.
    pub(in crate::routes) now: DateTime<Utc>,
}

impl<S: Send + Sync> FromRequestParts<S> for AskedDay {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let now = Utc::now();
        let query = Query::parse(parts.uri.query().unwrap_or_default(), &["tz", "prosthesis_id"])?;
        let (tz, prosthesis_id) = (Zone::read(&query)?, ProsthesisId::read(&query)?);
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = path.map_err(|_| Problem::parameter("date", "The address is not in UTF-8"))?;
        let Day(date) = Day::parse("date", &text, tz, now)?;
        tz.check_whole_hours(date, date + Days::new(1))?;
        access::about(parts, AskedDays::range(date, date + Days::new(1)));
        Ok(AskedDay { date, query: DayQuery { tz, prosthesis_id }, now })
    }
}

/// One day by hours.
///
/// Hours without a movement are absent. Several prostheses are added up; `prosthesis_id` selects one of them.
/// A day without data is 404, as is any day of a caller who has no prosthesis or is not known to the CRM yet.
#[utoipa::path(
    get, path = "/api/reports/{date}", operation_id = "getReport", tag = "Reports", security(("bearer" = [])),
    params(
        ("date" = chrono::NaiveDate, Path, description = "The day, not after tomorrow.", example = "2024-01-15"),
        DayQuery
    ),
    responses((status = 200, description = "The day.", body = DayReport), NotModified, DataRefusals)
)]
pub(crate) async fn day(
    wearer: Wearer,
    AskedDay { date, query: DayQuery { tz, prosthesis_id }, now }: AskedDay,
    condition: Condition,
    State(app): State<AppState>,
) -> Result<Response, Problem> {
    let data_as_of = app.data_as_of().await?;
    let frame = LocalDay::new(date, tz, now);
    let from = date - USUAL_DAYS;
    let found = app.reader.hours(&wearer, &months(tz.tz(), (from, date + Days::new(1)))).await?;
    let around = neighbours(&found.person().presence, prosthesis_id, tz.tz(), date);
    let question = (frame.today, around, found.digest());
    let tag = condition.tag(&wearer, AsOf::of_spans(data_as_of, frame.ends_at), question);
    tag.answer(&app.answers, || {
        check_own(found.person(), prosthesis_id, around.first_hour.is_some())?;
        // The zone may have had a fractional offset in the weeks before, which cannot be split into days
        // exactly.
        let is_exact = tz.check_whole_hours(from, date).is_ok();
        let usual = is_exact.then(|| UsualFigures::new(date, tz, data_as_of, &found, prosthesis_id));
        let rows = found.rows(prosthesis_id, (frame.starts_at, frame.ends_at)).collect();
        let report = DayReport::new(wearer.username.into(), frame, tz, data_as_of, around, usual, rows);
        report.ok_or_else(|| {
            Problem::new(ProblemKind::NotFound).detail(format!("Report not found for date {date}"))
        })
    })
}

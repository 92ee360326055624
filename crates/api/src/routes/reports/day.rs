//! `GET /api/reports/{date}`: one day by hours.

mod report;

use axum::extract::{Path, State};
use bionicpro_warehouse::reports::HourRow;
use chrono::{TimeDelta, Utc};
use utoipa::IntoParams;
use uuid::Uuid;

use self::report::DayReport;
use super::check_own;
use crate::answer::Answer;
use crate::app::App;
use crate::openapi::DataRefusals;
use crate::parameters::{Day, FromQuery, ProsthesisId, Query, Strict, Zone};
use crate::problem::{Problem, Slug};
use crate::wearer::Wearer;

/// The parameters beside the date.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DayQuery {
    /// Whose midnights cut days: an IANA region whose offset is whole hours, or UTC.
    #[param(value_type = String, required = false, default = "UTC", example = "Europe/Moscow")]
    tz: Zone,
    /// Only this one of the caller's prostheses.
    #[param(required = false, nullable = false)]
    prosthesis_id: Option<Uuid>,
}

impl FromQuery for DayQuery {
    const NAMES: &'static [&'static str] = &["tz", "prosthesis_id"];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(DayQuery { tz: Zone::read(query)?, prosthesis_id: ProsthesisId::read(query)? })
    }
}

/// One day by hours.
///
/// Hours without a movement are absent. Several prostheses are added up; `prosthesis_id` shows one of them. A day
/// without data is 404, as is any day of somebody without a prosthesis or whom the CRM does not know yet.
#[utoipa::path(
    get, path = "/api/reports/{date}", operation_id = "getReport", tag = "Reports", security(("bearer" = [])),
    params(
        ("date" = chrono::NaiveDate, Path, description = "The day, not after tomorrow.", example = "2024-01-15"),
        DayQuery
    ),
    responses((status = 200, description = "The day.", body = DayReport), DataRefusals)
)]
pub(crate) async fn day(
    wearer: Wearer,
    Path(date): Path<String>,
    Strict(query): Strict<DayQuery>,
    State(app): State<App>,
) -> Result<Answer<DayReport>, Problem> {
    let Day(date) = Day::parse("date", &date, query.tz, Utc::now())?;
    query.tz.check_whole_hours(date, date + TimeDelta::days(1))?;

    let data_as_of = app.data_as_of().await?;
    let mut rows = app.reports.day(&wearer.name, query.prosthesis_id, query.tz.tz(), date).await?;
    rows.retain(|row: &HourRow| row.movements > 0);
    if rows.is_empty() && query.prosthesis_id.is_some() {
        check_own(query.prosthesis_id, false, &app.reports.prostheses(&wearer.name).await?)?;
    }
    match DayReport::new(wearer.name, date, query.tz, data_as_of, rows) {
        Some(report) => Ok(Answer(report)),
        None => Err(Problem::new(Slug::NotFound).detail(format!("Report not found for date {date}"))),
    }
}

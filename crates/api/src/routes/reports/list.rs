//! `GET /api/reports`: the days with data, newest first.

use axum::extract::State;
use axum::response::Response;
use bionicpro_reports::days;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{OwnProsthesis, check_own};
use crate::access::AskedDays;
use crate::conditional::{AsOf, Condition};
use crate::extractors::Wearer;
use crate::openapi::{DataRefusals, NotModified};
use crate::parameters::{Day, FromQuery, ProsthesisId, Query, Strict, Zone, local_today};
use crate::problem::Problem;
use crate::state::AppState;

const DEFAULT_LIMIT: u16 = 30;
const MAX_LIMIT: u16 = 366;
/// The maximum age of data: a year of retention, and a month until old data are dropped. The zone must have
/// whole-hour offsets in this period.
const RETENTION: TimeDelta = TimeDelta::days(400);

/// The parameters.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// The maximum number of days.
    #[param(required = false, minimum = 1, maximum = 366, default = 30)]
    limit: u16,
    /// Only days before this one: pass the last day of a page to request the next page.
    #[param(value_type = Option<NaiveDate>, required = false, nullable = false, example = "2024-01-15")]
    before: Option<Day>,
    /// The time zone whose midnights split days: an IANA region whose offset is whole hours, or UTC.
    #[param(value_type = String, required = false, default = "UTC", example = "Europe/Moscow")]
    tz: Zone,
    /// Only this one of the caller's prostheses.
    #[param(required = false, nullable = false)]
    prosthesis_id: Option<Uuid>,
}

impl FromQuery for ListQuery {
    const NAMES: &'static [&'static str] = &["limit", "before", "tz", "prosthesis_id"];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let now = Utc::now();
        let tz = Zone::read(query)?;
        let tomorrow = local_today(tz, now) + TimeDelta::days(1);
        tz.check_whole_hours(tomorrow - RETENTION, tomorrow)?;
        Ok(ListQuery {
            limit: query.get("limit").map_or(Ok(DEFAULT_LIMIT), limit)?,
            before: Day::read(query, "before", tz, now)?,
            tz,
            prosthesis_id: ProsthesisId::read(query)?,
        })
    }

    fn days(&self) -> AskedDays {
        AskedDays { from: None, to: self.before.map(|Day(day)| day) }
    }
}

/// Parses a limit of digits only: `+5`, `5.0` and `1e1` are numbers to some parsers, and mistakes here.
fn limit(text: &str) -> Result<u16, Problem> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|limit| digits && (1..=MAX_LIMIT).contains(limit)).ok_or_else(|| {
        Problem::parameter("limit", format!("limit must be a whole number from 1 to {MAX_LIMIT}"))
    })
}

/// The days with data.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportList {
    /// One page, newest first.
    reports: Vec<ReportDate>,
    /// The total number of days with data, regardless of the page.
    #[schema(example = 3)]
    total: u64,
    /// The caller's login name.
    #[schema(example = "ivan.petrov")]
    user: String,
    /// The time zone whose midnights split the days.
    #[schema(example = "UTC")]
    timezone: &'static str,
    /// The newest moment that the numbers reflect; null before the first load.
    #[schema(required)]
    data_as_of: Option<DateTime<Utc>>,
    /// The prostheses that the caller has now; empty if they have none.
    prostheses: Vec<OwnProsthesis>,
}

/// A day with data.
#[derive(Debug, Serialize, ToSchema)]
struct ReportDate {
    date: NaiveDate,
}

/// The days with data, newest first.
///
/// The list is empty for a caller who has no prosthesis or is not known to the CRM yet.
#[utoipa::path(get, path = "/api/reports", operation_id = "listReports", tag = "Reports", params(ListQuery), security(("bearer" = [])), responses(
    (status = 200, description = "The days with data.", body = ReportList),
    NotModified,
    DataRefusals,
))]
pub(crate) async fn list(
    wearer: Wearer,
    Strict(query): Strict<ListQuery>,
    condition: Condition,
    State(app): State<AppState>,
) -> Result<Response, Problem> {
    let data_as_of = app.data_as_of().await?;
    let before = query.before.map(|Day(day)| day);
    let found = app.reader.hours(&wearer, &[]).await?;
    let person = found.person();
    let days = days(&person.presence, query.prosthesis_id, query.tz.tz(), before, query.limit);
    let tag = condition.tag(&wearer, AsOf::said(data_as_of), (&days, found.digest()));
    tag.answer(&app.answers, || {
        check_own(person, query.prosthesis_id, days.total > 0)?;
        Ok(ReportList {
            reports: days.dates.into_iter().map(|date| ReportDate { date }).collect(),
            total: days.total,
            user: wearer.username.into(),
            timezone: query.tz.name(),
            data_as_of,
            prostheses: OwnProsthesis::of(person),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_one_to_366_in_plain_digits() {
        for good in ["1", "30", "366"] {
            assert_eq!(limit(good).unwrap().to_string(), good);
        }
        for bad in ["", "0", "-1", "367", "1e3", "+5", "5.0", " 5", "05", "0x10", "9223372036854775808", "１"]
        {
            assert!(limit(bad).is_err(), "{bad:?}");
        }
    }
}

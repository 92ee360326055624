//! `GET /api/calendar/{date}`: a day as the calendar has it, also where it has no report.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use bionicpro_reports::neighbours;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::reports::{AskedDay, DayQuery, check_own};
use crate::availability::{self, Data};
use crate::conditional::{AsOf, Condition};
use crate::local_day::{LocalDay, LocalHour};
use crate::openapi::{DataRefusals, NotModified};
use crate::problem::Problem;
use crate::state::AppState;
use crate::wearer::Wearer;

/// A day as the calendar has it, and how it lies to the caller's data.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CalendarDay {
    /// The caller's login name.
    #[schema(example = "ivan.petrov")]
    user: String,
    /// Whose midnights cut the day.
    #[schema(example = "UTC")]
    timezone: &'static str,
    /// The newest moment that the data reflect; null before the first load.
    #[schema(required)]
    data_as_of: Option<DateTime<Utc>>,
    /// The day.
    date: NaiveDate,
    /// The day of the week, in English.
    #[schema(example = "Monday")]
    weekday: &'static str,
    /// The day that it is now.
    today: NaiveDate,
    /// Whether both are the same.
    is_today: bool,
    state: availability::Availability,
    /// The first instant of the day.
    starts_at: DateTime<Utc>,
    /// The first instant after the day: 23 or 25 hours later where clocks change.
    ends_at: DateTime<Utc>,
    /// The day before; null where it cannot be asked for.
    #[schema(required)]
    previous_day: Option<NaiveDate>,
    /// The day after; null after tomorrow.
    #[schema(required)]
    next_day: Option<NaiveDate>,
    /// The newest day with data before this one; null without one.
    #[schema(required)]
    previous_date_with_data: Option<NaiveDate>,
    /// The oldest day with data after this one; null without one.
    #[schema(required)]
    next_date_with_data: Option<NaiveDate>,
    /// The first day with data of all; null without one.
    #[schema(required)]
    first_date_with_data: Option<NaiveDate>,
    /// Every hour of the day.
    hours: Vec<LocalHour>,
}

/// A day as the calendar has it.
///
/// Answers for any day that can be asked for: with data, without, still running, or to come.
#[utoipa::path(
    get, path = "/api/calendar/{date}", operation_id = "getCalendarDay", tag = "Reports", security(("bearer" = [])),
    params(
        ("date" = NaiveDate, Path, description = "The day, not after tomorrow.", example = "2024-01-15"),
        DayQuery
    ),
    responses((status = 200, description = "The day.", body = CalendarDay), NotModified, DataRefusals)
)]
pub(crate) async fn calendar(
    wearer: Wearer,
    AskedDay { date, query: DayQuery { tz, prosthesis_id }, now }: AskedDay,
    condition: Condition,
    State(app): State<AppState>,
) -> Result<Response, Problem> {
    let frame = LocalDay::new(date, tz, now);
    let data_as_of = app.data_as_of().await?;
    // Which hours have data says all; no month is read.
    let found = app.reader.hours(&wearer, &[]).await?;
    let presence = &found.person().presence;
    let around = neighbours(presence, prosthesis_id, tz.tz(), date);
    let used = presence.hours_between(prosthesis_id, (frame.starts_at, frame.ends_at));
    let used: BTreeSet<DateTime<Utc>> = used.collect();

    let as_of = AsOf::of_spans(data_as_of, frame.ends_at);
    let tag = condition.tag(&wearer, as_of, (frame.today, around, &used, found.digest()));
    tag.answer(&app.answers, || {
        check_own(found.person(), prosthesis_id, around.first_hour.is_some())?;
        let data = Data { as_of: data_as_of, first_hour: around.first_hour };
        Ok(CalendarDay {
            user: wearer.name,
            timezone: tz.name(),
            data_as_of,
            date,
            weekday: frame.weekday(),
            today: frame.today,
            is_today: frame.is_today(),
            state: frame.state(data, !used.is_empty()),
            starts_at: frame.starts_at,
            ends_at: frame.ends_at,
            previous_day: frame.previous_day(),
            next_day: frame.next_day(),
            previous_date_with_data: around.previous_day,
            next_date_with_data: around.next_day,
            first_date_with_data: around.first_hour.map(|hour| hour.with_timezone(&tz.tz()).date_naive()),
            hours: frame.hours(data, |hour| used.contains(&hour)),
        })
    })
}

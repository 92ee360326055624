//! `GET /api/calendar/{date}`: a day of the calendar, even if it has no report.

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
use crate::extractors::Wearer;
use crate::local_day::{LocalDay, LocalHour};
use crate::openapi::{DataRefusals, NotModified};
use crate::problem::Problem;
use crate::state::AppState;

/// A day of the calendar, and the availability of the caller's data for it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CalendarDay {
    /// The caller's login name.
    #[schema(example = "ivan.petrov")]
    user: String,
    /// The time zone whose midnights bound the day.
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
    /// Today's date in `timezone`.
    today: NaiveDate,
    /// True if `date` is today.
    is_today: bool,
    state: availability::Availability,
    /// The first instant of the day.
    starts_at: DateTime<Utc>,
    /// The first instant after the day: 23 or 25 hours later where clocks change.
    ends_at: DateTime<Utc>,
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
    /// The first of all days with data; null if there is none.
    #[schema(required)]
    first_date_with_data: Option<NaiveDate>,
    /// Every hour of the day.
    hours: Vec<LocalHour>,
}

/// A day of the calendar.
///
/// Answers for any day that can be requested: with data, without data, still in progress, or in the future.
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
    // The list of hours with data is enough; no month is read.
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
            user: wearer.username.into(),
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

//! `GET /api/periods`: the dates of the last 7, 30, 90 and 365 days. It contains no personal data.
//!
//! A client that shows "the last 30 days" requests their dates here, so that calendars are computed in one
//! place.

use chrono::{NaiveDate, TimeDelta, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::access::AskedDays;
use crate::answer::Answer;
use crate::extractors::Person;
use crate::openapi::DataRefusals;
use crate::parameters::{DayRange, FromQuery, Query, Strict, Zone, local_today};
use crate::problem::Problem;

/// The lengths of the periods in days: a week, a month, a quarter, a year.
const LENGTHS: [i64; 4] = [7, 30, 90, 365];

/// The parameters.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PeriodsQuery {
    /// The time zone of the dates: an IANA region, or UTC.
    #[param(value_type = String, required = false, default = "UTC", example = "Europe/Moscow")]
    tz: Zone,
}

impl FromQuery for PeriodsQuery {
    const NAMES: &'static [&'static str] = &["tz"];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(PeriodsQuery { tz: Zone::read(query)? })
    }

    fn days(&self) -> AskedDays {
        AskedDays::NONE
    }
}

/// The named periods.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Periods {
    /// The time zone of the dates.
    #[schema(example = "UTC")]
    timezone: &'static str,
    /// Today's date in `timezone`.
    today: NaiveDate,
    /// The periods, the shortest first.
    periods: Vec<Period>,
}

/// A number of days up to today; the same number of complete days; and as many days before those, for
/// comparison.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NamedPeriod)]
struct Period {
    /// The number of days.
    #[schema(example = 7)]
    days: i64,
    /// The first day of the period that includes today.
    from: NaiveDate,
    /// Today.
    through: NaiveDate,
    /// The same number of days, the last of them yesterday.
    complete: Span,
    /// The same number of days immediately before the complete ones.
    before: Span,
}

/// A span of days, the first and the last included.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DaySpan)]
struct Span {
    /// The first day.
    from: NaiveDate,
    /// The last day.
    through: NaiveDate,
}

impl Period {
    fn until(today: NaiveDate, days: i64) -> Self {
        let complete = DayRange { from: today - TimeDelta::days(days), to: today };
        let span = |range: DayRange| Span { from: range.from, through: range.through() };
        Period {
            days,
            from: complete.from + TimeDelta::days(1),
            through: today,
            complete: span(complete),
            before: span(complete.previous()),
        }
    }
}

/// The named periods.
///
/// The last 7, 30, 90 and 365 days: up to today, and the complete ones, with as many days before those.
#[utoipa::path(
    get, path = "/api/periods", operation_id = "getPeriods", tag = "Reports", params(PeriodsQuery), security(("bearer" = [])),
    responses((status = 200, description = "The periods.", body = Periods), DataRefusals)
)]
pub(crate) async fn periods(
    _: Person,
    Strict(PeriodsQuery { tz }): Strict<PeriodsQuery>,
) -> Result<Answer<Periods>, Problem> {
    let today = local_today(tz, Utc::now());
    let periods = LENGTHS.into_iter().map(|days| Period::until(today, days)).collect();
    Ok(Answer(Periods { timezone: tz.name(), today, periods }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_ends_today_and_the_complete_one_yesterday_and_the_one_before_joins_it() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let span = |from, through| Span { from: day(from), through: day(through) };
        let week = Period::until(day("2026-03-01"), 7);
        assert_eq!((week.from, week.through), (day("2026-02-23"), day("2026-03-01")));
        assert_eq!(week.complete, span("2026-02-22", "2026-02-28"));
        assert_eq!(week.before, span("2026-02-15", "2026-02-21"));
    }
}

//! `GET /api/freshness`: the age of the data in the reports. It contains no personal data.

use axum::extract::State;
use bionicpro_warehouse::reports::Freshness;
use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::access::AskedDays;
use crate::answer::Answer;
use crate::extractors::Person;
use crate::openapi::DataRefusals;
use crate::parameters::{FromQuery, Query, Strict, Zone, local_today};
use crate::problem::Problem;
use crate::state::AppState;

/// The parameters.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FreshnessQuery {
    /// The time zone of the dates: an IANA region, or UTC.
    #[param(value_type = String, required = false, default = "UTC", example = "Europe/Moscow")]
    tz: Zone,
}

impl FromQuery for FreshnessQuery {
    const NAMES: &'static [&'static str] = &["tz"];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(FreshnessQuery { tz: Zone::read(query)? })
    }

    fn days(&self) -> AskedDays {
        AskedDays::NONE
    }
}

/// The age of the data as a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FreshnessState)]
pub(crate) enum Age {
    /// No older than two schedules.
    Fresh,
    /// Older than two schedules.
    Stale,
    /// Nothing was ever loaded.
    Unknown,
}

/// The age of the data.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DataAge)]
pub(crate) struct DataAge {
    pub(super) state: Age,
    /// The newest moment that the numbers reflect; null before the first load.
    #[schema(required)]
    pub(super) data_as_of: Option<DateTime<Utc>>,
    /// The time when the data were received: the end of the newest run that loaded or found nothing new.
    #[schema(required)]
    received_at: Option<DateTime<Utc>>,
    /// Seconds since `data_as_of`.
    #[schema(required, example = 612)]
    age_s: Option<i64>,
    /// Seconds between two runs of the pipeline.
    #[schema(example = 900)]
    schedule_s: i64,
    /// Data older than so many seconds are stale.
    #[schema(example = 1800)]
    stale_after_s: i64,
}

impl DataAge {
    pub(super) fn new(freshness: Freshness, schedule: TimeDelta, now: DateTime<Utc>) -> Self {
        let stale_after = schedule * 2;
        // Clocks of different machines differ, so data with a future moment count as new.
        let age = freshness.data_as_of.map(|as_of| (now - as_of).max(TimeDelta::zero()));
        DataAge {
            state: match age {
                None => Age::Unknown,
                Some(age) if age > stale_after => Age::Stale,
                Some(_) => Age::Fresh,
            },
            data_as_of: freshness.data_as_of,
            received_at: freshness.received_at.filter(|_| age.is_some()),
            age_s: age.map(|age| age.num_seconds()),
            schedule_s: schedule.num_seconds(),
            stale_after_s: stale_after.num_seconds(),
        }
    }
}

/// The age of the data, with today's date and the date of the data.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Freshness)]
pub(crate) struct FreshnessReport {
    state: Age,
    /// The newest moment that the numbers reflect; null before the first load.
    #[schema(required)]
    data_as_of: Option<DateTime<Utc>>,
    /// The time when the data were received: the end of the newest run that loaded or found nothing new.
    #[schema(required)]
    received_at: Option<DateTime<Utc>>,
    /// Seconds since `data_as_of`.
    #[schema(required, example = 612)]
    age_s: Option<i64>,
    /// Seconds between two runs of the pipeline.
    #[schema(example = 900)]
    schedule_s: i64,
    /// Data older than so many seconds are stale.
    #[schema(example = 1800)]
    stale_after_s: i64,
    /// The current time by the clock of this service.
    server_time: DateTime<Utc>,
    /// The time zone of the dates.
    #[schema(example = "UTC")]
    timezone: &'static str,
    /// Today's date in `timezone`.
    today: NaiveDate,
    /// The date of `data_as_of` in `timezone`.
    #[schema(required)]
    data_date: Option<NaiveDate>,
}

/// The age of the data.
///
/// For any signed-in account: the answer does not depend on the caller.
#[utoipa::path(
    get, path = "/api/freshness", operation_id = "getFreshness", tag = "Reports", params(FreshnessQuery), security(("bearer" = [])),
    responses((status = 200, description = "The age of the data.", body = FreshnessReport), DataRefusals)
)]
pub(crate) async fn freshness(
    _: Person,
    Strict(FreshnessQuery { tz }): Strict<FreshnessQuery>,
    State(app): State<AppState>,
) -> Result<Answer<FreshnessReport>, Problem> {
    let now = Utc::now();
    let DataAge { state, data_as_of, received_at, age_s, schedule_s, stale_after_s } =
        DataAge::new(app.freshness().await?, app.schedule, now);
    Ok(Answer(FreshnessReport {
        state,
        data_as_of,
        received_at,
        age_s,
        schedule_s,
        stale_after_s,
        server_time: now.trunc_subsecs(0),
        timezone: tz.name(),
        today: local_today(tz, now),
        data_date: data_as_of.map(|as_of| as_of.with_timezone(&tz.tz()).date_naive()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_are_stale_after_two_schedules_and_unknown_before_the_first_load() {
        let now: DateTime<Utc> = "2026-11-23T20:50:00Z".parse().unwrap();
        let state = |age_s: Option<i64>| {
            let data_as_of = age_s.map(|age| now - TimeDelta::seconds(age));
            DataAge::new(Freshness { data_as_of, received_at: data_as_of }, TimeDelta::seconds(900), now)
                .state
        };
        assert_eq!(state(Some(1800)), Age::Fresh);
        assert_eq!(state(Some(1801)), Age::Stale);
        assert_eq!(state(Some(-60)), Age::Fresh);
        assert_eq!(state(None), Age::Unknown);
    }
}

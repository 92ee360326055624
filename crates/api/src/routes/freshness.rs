//! `GET /api/freshness`: how old what the reports say is. Nobody's data.

use axum::extract::State;
use bionicpro_warehouse::reports::Freshness;
use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::access::AskedDays;
use crate::answer::Answer;
use crate::openapi::DataRefusals;
use crate::parameters::{FromQuery, Query, Strict, Zone, local_today};
use crate::person::Person;
use crate::problem::Problem;
use crate::state::AppState;

/// The parameters.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FreshnessQuery {
    /// Whose calendar names the days: an IANA region, or UTC.
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

/// How old the data are, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FreshnessState)]
pub(crate) enum Age {
    /// No older than two schedules.
    Cached,
    /// Older than two schedules.
    Stale,
    /// Nothing was ever loaded.
    Unknown,
}

/// How old the data are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DataAge)]
pub(crate) struct DataAge {
    pub(super) state: Age,
    /// The newest moment that the numbers reflect; null before the first load.
    #[schema(required)]
    pub(super) data_as_of: Option<DateTime<Utc>>,
    /// When they were received: when the newest run ended that loaded or found nothing new.
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
        // Clocks of different machines differ: what seems to come from the future is new.
        let age = freshness.data_as_of.map(|as_of| (now - as_of).max(TimeDelta::zero()));
        DataAge {
            state: match age {
                None => Age::Unknown,
                Some(age) if age > stale_after => Age::Stale,
                Some(_) => Age::Cached,
            },
            data_as_of: freshness.data_as_of,
            received_at: freshness.received_at.filter(|_| age.is_some()),
            age_s: age.map(|age| age.num_seconds()),
            schedule_s: schedule.num_seconds(),
            stale_after_s: stale_after.num_seconds(),
        }
    }
}

/// How old the data are, and which days it is now and was then.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Freshness)]
pub(crate) struct FreshnessReport {
    state: Age,
    /// The newest moment that the numbers reflect; null before the first load.
    #[schema(required)]
    data_as_of: Option<DateTime<Utc>>,
    /// When they were received: when the newest run ended that loaded or found nothing new.
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
    /// What time it is for this service.
    server_time: DateTime<Utc>,
    /// Whose calendar names the days.
    #[schema(example = "UTC")]
    timezone: &'static str,
    /// The day that it is now.
    today: NaiveDate,
    /// The day that holds `data_as_of`.
    #[schema(required)]
    data_date: Option<NaiveDate>,
}

/// How old the data are.
///
/// For anybody who is signed in: it is the same for all.
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
        assert_eq!(state(Some(1800)), Age::Cached);
        assert_eq!(state(Some(1801)), Age::Stale);
        assert_eq!(state(Some(-60)), Age::Cached);
        assert_eq!(state(None), Age::Unknown);
    }
}

//! The state that the endpoints share: the reader of the mart, the verifier of tokens, the limiter.

use std::sync::Arc;
use std::time::Duration;

use bionicpro_audit::Log;
use bionicpro_auth::{UsernameBindings, Verifier};
use bionicpro_edge::Limiter;
use bionicpro_store::Store;
use bionicpro_warehouse::reports::{Freshness, MartReader};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::Config;
use crate::answer::Answers;
use crate::cached::Cached;
use crate::metrics;
use crate::problem::Problem;
use crate::reader::Reader;
use crate::routes::health::ready::Readiness;
use crate::server::Services;

/// The maximum age of a cached answer about readiness.
const REPEAT_READINESS: Duration = Duration::from_secs(1);
/// The maximum age of a cached answer about freshness. The numbers may then be newer than it says, never
/// older.
const REPEAT_FRESHNESS: Duration = Duration::from_secs(5);

/// The state of the router.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) reports: MartReader,
    pub(crate) reader: Reader,
    pub(crate) answers: Answers,
    pub(crate) verifier: Verifier,
    /// The store of preferences.
    pub(crate) store: Store,
    /// The accounts that login names are bound to; in the same store.
    pub(crate) names: UsernameBindings,
    pub(crate) audit: Log,
    /// The limiter of requests, by the token's subject.
    pub(crate) people: Limiter<String>,
    pub(crate) readiness: Cached<Readiness>,
    /// The time between two runs of the pipeline.
    pub(crate) schedule: TimeDelta,
    freshness: Cached<Freshness>,
}

impl AppState {
    pub(crate) fn new(config: &Config, services: Services) -> Self {
        let Services { reports, verifier, audit, store } = services;
        AppState(Arc::new(Parts {
            reader: Reader::new(reports.clone(), config),
            answers: Answers::new(config.bytes_of_answers()),
            reports,
            verifier,
            names: UsernameBindings::new(store.clone()),
            store,
            audit,
            people: Limiter::new("api", "person", config.requests_per_minute),
            readiness: Cached::new(REPEAT_READINESS),
            schedule: TimeDelta::seconds(config.schedule_s.into()),
            freshness: Cached::new(REPEAT_FRESHNESS),
        }))
    }

    /// The newest moment that the mart reflects, rounded down to the second.
    ///
    /// Call this before reading the mart, so that the numbers are at least as new as the answer says.
    pub(crate) async fn data_as_of(&self) -> Result<Option<DateTime<Utc>>, Problem> {
        Ok(self.freshness().await?.data_as_of)
    }

    /// The freshness of the mart, rounded down to the second.
    pub(crate) async fn freshness(&self) -> Result<Freshness, Problem> {
        let told = match self.reader.freshness() {
            Some(told) => told,
            None => self.freshness.get(self.reports.freshness()).await?,
        };
        let second = |moment: Option<DateTime<Utc>>| moment.map(|moment| moment.trunc_subsecs(0));
        let told = Freshness { data_as_of: second(told.data_as_of), received_at: second(told.received_at) };
        if let Some(moment) = told.data_as_of {
            metrics::gauge_data_as_of(moment);
        }
        Ok(told)
    }
}

impl std::ops::Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

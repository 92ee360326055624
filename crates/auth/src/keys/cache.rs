//! Caches the issuer's keys: fetched on demand, by one task at a time, and not more often than allowed.
//!
//! Keys are fresh for five minutes, so that a key withdrawn by the issuer soon stops being accepted. If the
//! issuer is down or answers incorrectly, the old keys are used until they are an hour old; after that,
//! requests get 503, never a guess.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::KeyState;
use super::fetch::{Fault, Source};
use super::set::{Dropped, KeySet};
use crate::rejection::{Checked, Reason, Rejection};
use crate::{Clock, metrics};

/// Age from which keys are fetched again: the longest time that a withdrawn key is accepted while the issuer
/// answers.
const MAX_AGE: Duration = Duration::from_secs(300);

/// Age from which keys are not used any more, even if the issuer is down.
const MAX_STALE: Duration = Duration::from_secs(3600);

/// Shortest time between two fetches for unknown key ids, which unauthenticated clients can invent.
const UNKNOWN_KEY_INTERVAL: Duration = Duration::from_secs(30);

/// Shortest time between two attempts while stale keys are in use.
const STALE_RETRY: Duration = Duration::from_secs(30);

/// Shortest time between two attempts while there are no keys at all.
const COLD_RETRY: Duration = Duration::from_secs(1);

/// The cache; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct KeyCache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Source,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    fetched: Option<Fetched>,
    /// Start of the last fetch, for any reason.
    attempted: Option<Duration>,
    /// Start of the last fetch that an unknown key id caused.
    unknown_key: Option<Duration>,
    /// Set when the last fetch failed: stale keys are then refreshed in the background, and requests do not
    /// wait for it.
    failing: bool,
    in_flight: Option<Done>,
}

#[derive(Debug)]
struct Fetched {
    keys: Arc<KeySet>,
    at: Duration,
}

/// A channel that closes when the fetch has ended and the state holds its result.
type Done = watch::Receiver<()>;

/// The reason for a fetch; a metric label.
#[derive(Debug, Clone, Copy)]
enum Trigger {
    Cold,
    Expired,
    UnknownKey,
}

/// The next step of a request that needs a key.
enum Step {
    Answer(Checked<Arc<KeySet>>),
    WaitFor(Done),
}

impl KeyCache {
    pub(crate) fn new(source: Source, clock: Clock) -> Self {
        KeyCache(Arc::new(Inner { source, clock, state: Mutex::default() }))
    }

    /// The key set, unless it is due for a fetch.
    pub(crate) fn fresh(&self) -> Option<Arc<KeySet>> {
        let now = self.0.clock.monotonic();
        self.lock().usable(now).filter(|(_, age)| *age < MAX_AGE).map(|(keys, _)| keys)
    }

    /// Returns a key set that contains `kid`; fetches at most once.
    pub(crate) async fn keys_with(&self, kid: &str) -> Checked<Arc<KeySet>> {
        match self.step(Some(kid)) {
            Step::Answer(answer) => answer,
            Step::WaitFor(done) => {
                wait(done).await;
                self.usable().and_then(|keys| with_key(keys, kid))
            }
        }
    }

    /// The state, after at most one fetch if one is due.
    pub(crate) async fn state(&self) -> KeyState {
        if let Step::WaitFor(done) = self.step(None) {
            wait(done).await;
        }
        let now = self.0.clock.monotonic();
        match self.lock().usable(now) {
            Some((_, age)) if age < MAX_AGE => KeyState::Fresh { age },
            Some((_, age)) => KeyState::Stale { age },
            None => KeyState::Unavailable,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn usable(&self) -> Checked<Arc<KeySet>> {
        let now = self.0.clock.monotonic();
        self.lock().usable(now).map(|(keys, _)| keys).ok_or(Rejection::Unavailable(Reason::KeysUnavailable))
    }

    /// Decides under the lock; never waits.
    fn step(&self, kid: Option<&str>) -> Step {
        let now = self.0.clock.monotonic();
        let mut state = self.lock();
        let Some((keys, age)) = state.usable(now) else {
            metrics::gauge_keys(0);
            return match state.may_attempt(now, COLD_RETRY) {
                true => Step::WaitFor(self.begin(&mut state, now, Trigger::Cold)),
                false => match state.running() {
                    Some(done) => Step::WaitFor(done),
                    None => Step::Answer(Err(Rejection::Unavailable(Reason::KeysUnavailable))),
                },
            };
        };
        if age >= MAX_AGE {
            let started =
                state.may_attempt(now, STALE_RETRY).then(|| self.begin(&mut state, now, Trigger::Expired));
            if let Some(done) = started.or_else(|| state.running())
                && !state.failing
            {
                return Step::WaitFor(done);
            }
        }
        let Some(kid) = kid else { return Step::Answer(Ok(keys)) };
        if keys.contains(kid) {
            return Step::Answer(Ok(keys));
        }
        if let Some(done) = state.running() {
            return Step::WaitFor(done);
        }
        match state.unknown_key.is_none_or(|at| now.saturating_sub(at) >= UNKNOWN_KEY_INTERVAL) {
            true => {
                state.unknown_key = Some(now);
                Step::WaitFor(self.begin(&mut state, now, Trigger::UnknownKey))
            }
            false => Step::Answer(Err(Rejection::Invalid(Reason::UnknownKey))),
        }
    }

    /// Starts the fetch in a task of its own, so that a client that disconnects does not cancel it.
    fn begin(&self, state: &mut State, now: Duration, trigger: Trigger) -> Done {
        let (ends, done) = watch::channel(());
        state.attempted = Some(now);
        state.in_flight = Some(done.clone());
        let cache = self.clone();
        tokio::spawn(async move {
            let result = cache.0.source.fetch(now).await;
            cache.finish(now, trigger, result);
            drop(ends);
        });
        done
    }

    fn finish(&self, began: Duration, trigger: Trigger, result: Result<(KeySet, Vec<Dropped>), Fault>) {
        let mut state = self.lock();
        state.in_flight = None;
        state.failing = result.is_err();
        let outcome = match result {
            Ok((keys, dropped)) => {
                report_dropped(&dropped);
                metrics::gauge_keys(keys.len());
                metrics::gauge_fetched_at(self.0.clock.unix_s());
                state.fetched = Some(Fetched { keys: Arc::new(keys), at: began });
                "ok"
            }
            Err(fault) => {
                let age_s = state.fetched.as_ref().map(|fetched| began.saturating_sub(fetched.at).as_secs());
                tracing::warn!(
                    fault = fault.as_str(),
                    keys_age_s = age_s,
                    "cannot fetch the issuer's key set"
                );
                fault.as_str()
            }
        };
        metrics::count_refresh(trigger.as_str(), outcome);
    }
}

impl State {
    fn usable(&self, now: Duration) -> Option<(Arc<KeySet>, Duration)> {
        let fetched = self.fetched.as_ref()?;
        let age = now.saturating_sub(fetched.at);
        (age < MAX_STALE).then(|| (fetched.keys.clone(), age))
    }

    fn may_attempt(&self, now: Duration, interval: Duration) -> bool {
        self.running().is_none() && self.attempted.is_none_or(|at| now.saturating_sub(at) >= interval)
    }

    /// The fetch in progress, if any; a task that died counts as ended.
    fn running(&self) -> Option<Done> {
        self.in_flight.clone().filter(|done| done.has_changed().is_ok())
    }
}

impl Trigger {
    fn as_str(self) -> &'static str {
        match self {
            Trigger::Cold => "cold",
            Trigger::Expired => "expired",
            Trigger::UnknownKey => "unknown_key",
        }
    }
}

fn with_key(keys: Arc<KeySet>, kid: &str) -> Checked<Arc<KeySet>> {
    match keys.contains(kid) {
        true => Ok(keys),
        false => Err(Rejection::Invalid(Reason::UnknownKey)),
    }
}

/// Waits until the fetch has ended and dropped its sender.
async fn wait(mut done: Done) {
    while done.changed().await.is_ok() {}
}

fn report_dropped(dropped: &[Dropped]) {
    for why in dropped {
        metrics::count_dropped(why.as_str());
    }
    if let Some(why) = dropped.iter().find(|why| why.is_alarming()) {
        tracing::error!(
            why = why.as_str(),
            keys = dropped.len(),
            "the issuer publishes keys that must not be used"
        );
    }
}

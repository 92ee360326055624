//! Keeps the issuer's keys: fetched when needed, by one task at a time, and not more often than allowed.
//!
//! Fresh for five minutes, so that a key that the issuer withdrew stops counting. When the issuer is away or
//! answers wrongly, the old keys serve for an hour and then nothing does: the answer is 503, never a guess.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::KeyState;
use super::fetch::{Fault, Source};
use super::set::{Dropped, KeySet};
use crate::rejection::{Checked, Reason, Rejection};
use crate::{Clock, metrics};

/// Age from which keys are fetched again: the longest that a withdrawn key counts while the issuer answers.
const MAX_AGE: Duration = Duration::from_secs(300);

/// Age from which keys are of no use, whatever the issuer does.
const MAX_STALE: Duration = Duration::from_secs(3600);

/// Shortest time between two fetches that strangers can cause by inventing key ids.
const UNKNOWN_KEY_INTERVAL: Duration = Duration::from_secs(30);

/// Shortest time between two attempts while stale keys serve.
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
    /// When the last fetch began, for whatever reason.
    attempted: Option<Duration>,
    /// When an unknown key id last caused a fetch.
    unknown_key: Option<Duration>,
    /// The last fetch failed: the next ones run beside the requests and not before them.
    failing: bool,
    in_flight: Option<Done>,
}

#[derive(Debug)]
struct Fetched {
    keys: Arc<KeySet>,
    at: Duration,
}

/// Closes when the fetch has ended and the state holds its result.
type Done = watch::Receiver<()>;

/// Why a fetch begins; a metric's label.
#[derive(Debug, Clone, Copy)]
enum Trigger {
    Cold,
    Expired,
    UnknownKey,
}

/// What a request does about its key.
enum Step {
    Answer(Checked<Arc<KeySet>>),
    WaitFor(Done),
}

impl KeyCache {
    pub(crate) fn new(source: Source, clock: Clock) -> Self {
        KeyCache(Arc::new(Inner { source, clock, state: Mutex::default() }))
    }

    /// The key set, if it needs no fetch.
    pub(crate) fn fresh(&self) -> Option<Arc<KeySet>> {
        let now = self.0.clock.monotonic();
        self.lock().usable(now).filter(|(_, age)| *age < MAX_AGE).map(|(keys, _)| keys)
    }

    /// A key set that holds `kid`; fetches at most once.
    pub(crate) async fn keys_with(&self, kid: &str) -> Checked<Arc<KeySet>> {
        match self.step(Some(kid)) {
            Step::Answer(answer) => answer,
            Step::WaitFor(done) => {
                wait(done).await;
                self.usable().and_then(|keys| with_key(keys, kid))
            }
        }
    }

    /// The state after at most one fetch, where one is due.
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

    /// Starts the fetch as a task of its own: a client that hangs up does not cut it short.
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
                    "the issuer's keys cannot be fetched"
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

    /// The fetch under way; a task that died counts as ended.
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

/// Returns when the fetch has ended: its sender is gone.
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

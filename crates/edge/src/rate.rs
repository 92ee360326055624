//! A rate limiter in memory: a sustained rate, with bursts of one minute's allowance.
//!
//! The key is the verified token's subject, or [`crate::Peer::place`] if the caller is not signed in. Values
//! that a caller chooses freely, such as a header, are never keys, because a caller could then take as many
//! keys as it likes.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::metrics;
use crate::problem::{Problem, ProblemKind};

/// The allowance that a caller may use up at once, as time at the sustained rate.
const BURST: Duration = Duration::from_secs(60);
/// Number of keys at which those with nothing spent are removed.
const KEYS_BEFORE_SWEEP: usize = 4096;

/// Limits callers by key. Each key stores one instant: when everything it spent is paid back.
#[derive(Debug)]
pub struct Limiter<K> {
    /// The service and the kind of key, for the metric.
    names: (&'static str, &'static str),
    cost: Duration,
    spent: Mutex<Spent<K>>,
}

#[derive(Debug)]
struct Spent<K> {
    paid_back_at: HashMap<K, Instant>,
    sweep_at: usize,
}

impl<K: Hash + Eq> Limiter<K> {
    /// Creates a limiter for the service of a section. `who` is the kind of key, as `person` or `address`.
    /// `per_minute` is at least 1.
    pub fn new(section: &'static str, who: &'static str, per_minute: u32) -> Self {
        let spent = Spent { paid_back_at: HashMap::new(), sweep_at: KEYS_BEFORE_SWEEP };
        Limiter { names: (section, who), cost: BURST / per_minute.max(1), spent: Mutex::new(spent) }
    }

    /// Charges one request to the key's allowance, or fails if it is used up.
    ///
    /// # Errors
    /// The problem 429, with the seconds after which a request is allowed again.
    pub fn allow(&self, key: K, now: Instant) -> Result<(), Problem> {
        self.charge(key, now).map_err(|wait_s| {
            let (section, who) = self.names;
            metrics::count_rate_limited(section, who);
            Problem::new(ProblemKind::TooManyRequests)
                .detail("Too many requests in a short time; wait as long as the header Retry-After says")
                .retry_after(wait_s)
                .reason(who)
        })
    }

    /// Charges one request, or returns the whole seconds after which one is allowed again.
    pub(crate) fn charge(&self, key: K, now: Instant) -> Result<(), u64> {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.paid_back_at.len() >= spent.sweep_at {
            spent.paid_back_at.retain(|_, paid_back_at| *paid_back_at > now);
            // Twice the remaining number, so that many busy callers do not cause a sweep at each request.
            spent.sweep_at = KEYS_BEFORE_SWEEP.max(2 * spent.paid_back_at.len());
        }
        let paid_back_at = spent.paid_back_at.entry(key).or_insert(now);
        let next = (*paid_back_at).max(now) + self.cost;
        match next.duration_since(now).checked_sub(BURST) {
            Some(wait) if !wait.is_zero() => Err(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)),
            _ => {
                *paid_back_at = next;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_worth_may_come_at_once_and_then_at_the_rate() {
        let limiter = Limiter::new("test", "person", 60);
        let now = Instant::now();
        assert!((0..60).all(|_| limiter.charge("alice", now).is_ok()));
        assert_eq!(limiter.charge("alice", now), Err(1));
        assert!(limiter.charge("bob", now).is_ok(), "others are not affected");
        let later = now + Duration::from_secs(2);
        assert!(limiter.charge("alice", later).is_ok());
        assert!(limiter.charge("alice", later).is_ok());
        assert_eq!(limiter.charge("alice", later), Err(1));
    }

    #[test]
    fn a_refused_request_costs_nothing() {
        let limiter = Limiter::new("test", "person", 1);
        let now = Instant::now();
        assert!(limiter.charge("alice", now).is_ok());
        assert!((0..100).all(|_| limiter.charge("alice", now) == Err(60)));
        assert!(limiter.charge("alice", now + BURST).is_ok());
    }

    #[test]
    fn callers_who_left_are_forgotten() {
        let limiter = Limiter::new("test", "person", 600);
        let now = Instant::now();
        for key in 0..KEYS_BEFORE_SWEEP {
            limiter.charge(key, now).unwrap();
        }
        limiter.charge(usize::MAX, now + BURST).unwrap();
        assert_eq!(limiter.spent.lock().unwrap().paid_back_at.len(), 1);
    }
}

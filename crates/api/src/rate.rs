//! How often somebody may ask: a sustained rate with a minute's worth at once, kept in memory.
//!
//! The key is the verified token's subject, or the peer's address where there is no valid token. A header such as
//! `X-Forwarded-For` never is a key: whoever writes it could take as many as they like.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A caller may use up this much of the rate at once.
const BURST: Duration = Duration::from_secs(60);
/// Keys after which those with nothing spent are forgotten.
const KEYS_BEFORE_SWEEP: usize = 4096;

/// Limits callers by key. Each key holds one instant: when all that it spent is paid back.
#[derive(Debug)]
pub(crate) struct Limiter<K> {
    cost: Duration,
    spent: Mutex<Spent<K>>,
}

#[derive(Debug)]
struct Spent<K> {
    paid_back_at: HashMap<K, Instant>,
    sweep_at: usize,
}

impl<K: Hash + Eq> Limiter<K> {
    /// `per_minute` is at least 1.
    pub(crate) fn new(per_minute: u32) -> Self {
        let spent = Spent { paid_back_at: HashMap::new(), sweep_at: KEYS_BEFORE_SWEEP };
        Limiter { cost: BURST / per_minute, spent: Mutex::new(spent) }
    }

    /// Takes one request from the key's allowance, or tells after how many whole seconds there is one again.
    pub(crate) fn charge(&self, key: K, now: Instant) -> Result<(), u64> {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.paid_back_at.len() >= spent.sweep_at {
            spent.paid_back_at.retain(|_, paid_back_at| *paid_back_at > now);
            // Twice what is left, so that a crowd of busy callers does not pay for a sweep at each request.
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

/// The part of an address that belongs to one place: whole for IPv4, the /64 network for IPv6.
pub(crate) fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_worth_may_come_at_once_and_then_at_the_rate() {
        let limiter = Limiter::new(60);
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
        let limiter = Limiter::new(1);
        let now = Instant::now();
        assert!(limiter.charge("alice", now).is_ok());
        assert!((0..100).all(|_| limiter.charge("alice", now) == Err(60)));
        assert!(limiter.charge("alice", now + BURST).is_ok());
    }

    #[test]
    fn callers_who_left_are_forgotten() {
        let limiter = Limiter::new(600);
        let now = Instant::now();
        for key in 0..KEYS_BEFORE_SWEEP {
            limiter.charge(key, now).unwrap();
        }
        limiter.charge(usize::MAX, now + BURST).unwrap();
        assert_eq!(limiter.spent.lock().unwrap().paid_back_at.len(), 1);
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one_place() {
        let place = |text: &str| place(text.parse().unwrap());
        assert_eq!(place("2001:db8::1"), place("2001:db8::ffff:1"));
        assert_ne!(place("2001:db8::1"), place("2001:db8:0:1::1"));
        assert_eq!(place("::ffff:10.0.0.1"), place("10.0.0.1"));
    }
}

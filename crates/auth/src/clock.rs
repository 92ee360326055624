//! The clock used for decisions: wall time for claims, monotonic time for the age of keys.
//!
//! Tests use a [`ManualClock`] to move the two apart; the program uses the system's clocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::Utc;

/// A source of time; cheap to clone.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System { started: Instant },
    Manual(Arc<Hands>),
}

#[derive(Debug)]
struct Hands {
    wall_s: AtomicI64,
    monotonic_ms: AtomicU64,
}

/// Moves a clock made by [`Clock::manual`].
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Hands>);

impl Clock {
    /// A clock that reads the system's clocks.
    pub fn system() -> Self {
        Clock(Source::System { started: Instant::now() })
    }

    /// A clock that is fixed at `unix_s` until it is moved.
    pub fn manual(unix_s: i64) -> (Self, ManualClock) {
        let hands = Arc::new(Hands { wall_s: AtomicI64::new(unix_s), monotonic_ms: AtomicU64::new(0) });
        (Clock(Source::Manual(hands.clone())), ManualClock(hands))
    }

    /// Seconds since 1970 by the wall clock, which may jump.
    pub fn unix_s(&self) -> i64 {
        match &self.0 {
            Source::System { .. } => Utc::now().timestamp(),
            Source::Manual(hands) => hands.wall_s.load(Ordering::SeqCst),
        }
    }

    /// Time since an arbitrary fixed moment; never goes backwards.
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            Source::System { started } => started.elapsed(),
            Source::Manual(hands) => Duration::from_millis(hands.monotonic_ms.load(Ordering::SeqCst)),
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Clock::system()
    }
}

impl ManualClock {
    /// Advances both clocks by `seconds`.
    pub fn advance(&self, seconds: u32) {
        self.0.wall_s.fetch_add(i64::from(seconds), Ordering::SeqCst);
        self.0.monotonic_ms.fetch_add(u64::from(seconds) * 1000, Ordering::SeqCst);
    }

    /// Moves the wall clock by `seconds`, as an administrator or a time server would; the monotonic clock
    /// does not change.
    pub fn jump(&self, seconds: i64) {
        self.0.wall_s.fetch_add(seconds, Ordering::SeqCst);
    }
}

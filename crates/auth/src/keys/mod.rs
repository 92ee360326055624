//! The issuer's public keys: fetched in bounds, taken only when fit, kept while they may be used.

pub(crate) mod cache;
pub(crate) mod checked;
pub(crate) mod fetch;
mod jwk;
mod roca;
pub(crate) mod set;

use std::time::Duration;

/// Whether tokens can be verified now: the state behind the readiness of whoever needs the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// The key set is younger than five minutes.
    Fresh {
        /// Time since the fetch.
        age: Duration,
    },
    /// The issuer does not answer rightly, and the last good key set, not older than an hour, still serves.
    Stale {
        /// Time since the fetch.
        age: Duration,
    },
    /// There is no key to verify with: requests are answered 503.
    Unavailable,
}

impl KeyState {
    /// Whether requests can be served.
    pub fn is_ready(self) -> bool {
        self != KeyState::Unavailable
    }

    /// The word for readiness answers.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyState::Fresh { .. } => "ok",
            KeyState::Stale { .. } => "stale",
            KeyState::Unavailable => "unavailable",
        }
    }
}

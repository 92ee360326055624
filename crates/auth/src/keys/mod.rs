//! The issuer's public keys: fetched within limits, accepted only if sound, cached while they may be used.

pub(crate) mod cache;
pub(crate) mod checked;
pub(crate) mod fetch;
mod jwk;
mod roca;
pub(crate) mod set;

use std::time::Duration;

/// The state of the keys, which decides whether tokens can be verified now. It determines the readiness of
/// services that need the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// The key set is younger than five minutes.
    Fresh {
        /// Time since the fetch.
        age: Duration,
    },
    /// The issuer is down or answers incorrectly, and the last good key set, not older than an hour, is still
    /// used.
    Stale {
        /// Time since the fetch.
        age: Duration,
    },
    /// There is no key to verify with, and requests are answered 503.
    Unavailable,
}

impl KeyState {
    /// Returns true if requests can be served.
    pub fn is_ready(self) -> bool {
        self != KeyState::Unavailable
    }

    /// The name of the state in readiness responses.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyState::Fresh { .. } => "ok",
            KeyState::Stale { .. } => "stale",
            KeyState::Unavailable => "unavailable",
        }
    }
}

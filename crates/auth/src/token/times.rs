//! The validity period of a token: the rules for `iat`, `exp` and `nbf` of every token of the issuer.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::claims::require;
use crate::rejection::{Checked, Reason, Rejection};

/// Largest allowed difference between the issuer's clock and ours, in seconds.
const LEEWAY_S: i64 = 30;

/// Longest lifetime of an access token, in seconds. A token cannot be revoked, so a stolen one must expire.
pub(crate) const MAX_LIFETIME_S: i64 = 24 * 3600;

/// The times of a token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) issued_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) not_before: Option<DateTime<Utc>>,
}

impl Times {
    /// Reads the times; fails if a required one is missing, or one is not a valid time.
    pub(super) fn read(members: &Map<String, Value>) -> Checked<Self> {
        let expires_at = seconds(members.get("exp")).ok_or(Rejection::Invalid(Reason::ExpiryForm))?;
        let issued_at = seconds(members.get("iat")).ok_or(Rejection::Invalid(Reason::IssuedAt))?;
        let not_before = match members.get("nbf") {
            Some(nbf) => Some(seconds(Some(nbf)).ok_or(Rejection::Invalid(Reason::NotBefore))?),
            None => None,
        };
        Ok(Times { issued_at, expires_at, not_before })
    }

    /// Fails unless the token is valid now.
    pub(super) fn check(self, now_s: i64) -> Checked<()> {
        let (issued_at, expires_at) = (self.issued_at.timestamp(), self.expires_at.timestamp());
        require(now_s < expires_at + LEEWAY_S, Reason::Expired)?;
        let begins = self.not_before.map_or(i64::MIN, |moment| moment.timestamp());
        require(begins <= now_s + LEEWAY_S, Reason::NotBefore)?;
        require(issued_at <= now_s + LEEWAY_S, Reason::IssuedAt)?;
        require((1..=MAX_LIFETIME_S).contains(&(expires_at - issued_at)), Reason::Lifetime)
    }
}

/// Reads whole seconds since 1970, up to the year 9999; a text, a fraction or an exponent is not a valid
/// time.
pub(super) fn seconds(value: Option<&Value>) -> Option<DateTime<Utc>> {
    const YEAR_10000: i64 = 253_402_300_800;
    let seconds = value?.as_i64().filter(|seconds| (0..YEAR_10000).contains(seconds))?;
    DateTime::from_timestamp(seconds, 0)
}

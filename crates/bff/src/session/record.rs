//! The data of a session: the record sealed under the cookie's secret, and the activity record next to it.

use serde::{Deserialize, Serialize};

/// The data from the issuer: the person and the tokens. It can be unsealed with the cookie only.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) subject: String,
    pub(crate) issuer_session: Option<String>,
    pub(crate) username: String,
    pub(crate) name: Option<String>,
    pub(crate) roles: Vec<String>,
    /// The time of authentication, in seconds since 1970.
    pub(crate) authenticated_at_s: i64,
    /// The time at which the session began, in seconds since 1970.
    pub(crate) created_at_s: i64,
    pub(crate) tokens: Tokens,
}

impl Record {
    /// Returns its refresh token; `None` if the issuer issued none.
    pub(crate) fn grant(&self) -> Option<Grant> {
        let refresh = self.tokens.refresh.clone()?;
        Some(Grant { refresh, issuer_session: self.issuer_session.clone() })
    }
}

/// The tokens. No `Debug`, so that they do not reach a log.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) access_expires_at_s: i64,
    pub(crate) refresh: Option<String>,
}

/// The refresh token of a session, whose revocation ends the session at the issuer. It is sealed separately
/// from the record, so that other sessions of the account can revoke it. No `Debug`, so that it does not
/// reach a log.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) refresh: String,
    pub(crate) issuer_session: Option<String>,
}

/// The activity record of a session: what the person is shown, and what idleness is measured by. It can be
/// unsealed with the account's id, which other sessions of the same account know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Life {
    pub(crate) created_at_s: i64,
    pub(crate) last_seen_at_s: i64,
    /// The browser and the operating system, such as `Firefox on Linux`.
    pub(crate) agent: String,
}

/// A live session as it was read.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) record: Record,
    pub(crate) life: Life,
    /// The sealed record, which an update expects to find unchanged.
    pub(crate) sealed: Vec<u8>,
}

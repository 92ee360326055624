//! What is known of a session: the record that is sealed under the cookie's secret, and the sign of life beside it.

use serde::{Deserialize, Serialize};

/// What the issuer has given: who it is, and the tokens. Opens with the cookie only.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) subject: String,
    pub(crate) issuer_session: Option<String>,
    pub(crate) username: String,
    pub(crate) name: Option<String>,
    pub(crate) roles: Vec<String>,
    /// When the person proved who they are, in seconds since 1970.
    pub(crate) authenticated_at_s: i64,
    /// When the session began.
    pub(crate) created_at_s: i64,
    pub(crate) tokens: Tokens,
}

impl Record {
    /// Its refresh token, or none if the issuer gave none.
    pub(crate) fn grant(&self) -> Option<Grant> {
        let refresh = self.tokens.refresh.clone()?;
        Some(Grant { refresh, issuer_session: self.issuer_session.clone() })
    }
}

/// The tokens. No `Debug`: they are in no log.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) access_expires_at_s: i64,
    pub(crate) refresh: Option<String>,
}

/// The refresh token of a session, which ends it at the issuer. It is sealed apart from the record, so that other sessions of
/// the account can give it back. No `Debug`: it must not reach a log.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) refresh: String,
    pub(crate) issuer_session: Option<String>,
}

/// What the person is shown of a session, and what idleness is judged by. Opens with the account's id, which other
/// sessions of the same account know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Life {
    pub(crate) created_at_s: i64,
    pub(crate) last_seen_at_s: i64,
    /// Such as `Firefox on Linux`.
    pub(crate) agent: String,
}

/// A session that is alive, as it was read.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) record: Record,
    pub(crate) life: Life,
    /// The sealed record, which a change expects to find.
    pub(crate) sealed: Vec<u8>,
}

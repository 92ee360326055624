//! The claims of a logout token (OpenID Connect Back-Channel Logout, section 2.6): the account or session to
//! be signed out.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::claims::require;
use super::text;
use super::times::Times;
use crate::rejection::{Checked, Reason, Rejection};

/// The claim `typ` of Keycloak's logout tokens.
const TOKEN_TYPE: &str = "Logout";

/// The event that makes it a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The account or session to be signed out. `Debug` shows none of the fields.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogoutClaims {
    /// `jti`: the token's own id, which must not be used twice.
    pub token_id: String,
    /// `sub`: the account; all of its sessions if no session is named.
    pub subject: Option<String>,
    /// `sid`: the issuer's session.
    pub session_id: Option<String>,
    /// `exp`: until then, a second token with this id must be detected.
    pub expires_at: DateTime<Utc>,
}

impl std::fmt::Debug for LogoutClaims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogoutClaims").finish_non_exhaustive()
    }
}

/// Checks the members of a payload whose signature was verified.
pub(crate) fn check(
    members: &Map<String, Value>,
    issuer: &str,
    client_id: &str,
    now_s: i64,
) -> Checked<LogoutClaims> {
    require(members.get("iss").is_some_and(|iss| *iss == issuer), Reason::Issuer)?;
    require(names(members.get("aud"), client_id), Reason::Audience)?;
    require(members.get("typ").is_none_or(|typ| *typ == TOKEN_TYPE), Reason::TokenType)?;
    let times = Times::read(members)?;
    times.check(now_s)?;
    let event = members.get("events").and_then(Value::as_object).and_then(|events| events.get(EVENT));
    require(event.is_some_and(Value::is_object), Reason::LogoutEvent)?;
    // With a nonce, the token could pass as an ID token elsewhere.
    require(!members.contains_key("nonce"), Reason::LogoutEvent)?;
    let token_id =
        plain(members, "jti", Reason::LogoutEvent)?.ok_or(Rejection::Invalid(Reason::LogoutEvent))?;
    let (subject, session_id) =
        (plain(members, "sub", Reason::Subject)?, plain(members, "sid", Reason::SessionId)?);
    require(subject.is_some() || session_id.is_some(), Reason::LogoutEvent)?;
    Ok(LogoutClaims { token_id, subject, session_id, expires_at: times.expires_at })
}

/// Returns true if `aud` is one text or an array of texts, and contains the client.
fn names(aud: Option<&Value>, client_id: &str) -> bool {
    match aud {
        Some(Value::String(one)) => one == client_id,
        Some(Value::Array(many)) => {
            many.iter().all(Value::is_string) && many.iter().any(|one| *one == client_id)
        }
        _ => false,
    }
}

fn plain(members: &Map<String, Value>, name: &str, reason: Reason) -> Checked<Option<String>> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(value)) if text::is_plain(value) => Ok(Some(value.clone())),
        Some(_) => Err(Rejection::Invalid(reason)),
    }
}

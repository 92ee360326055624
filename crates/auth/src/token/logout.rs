//! The claims of a logout token (OpenID Connect Back-Channel Logout, section 2.6): whose session has ended.

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

/// Whose session has ended. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogoutClaims {
    /// `jti`: the token's own name, which must not come twice.
    pub token_id: String,
    /// `sub`: the account; all of its sessions where no session is named.
    pub subject: Option<String>,
    /// `sid`: the issuer's session.
    pub session_id: Option<String>,
    /// `exp`: until when a second one with this name must be noticed.
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
    // A nonce would make it pass as an ID token elsewhere.
    require(!members.contains_key("nonce"), Reason::LogoutEvent)?;
    let token_id = plain(members, "jti")?.ok_or(Rejection::Invalid(Reason::LogoutEvent))?;
    let (subject, session_id) = (plain(members, "sub")?, plain(members, "sid")?);
    require(subject.is_some() || session_id.is_some(), Reason::LogoutEvent)?;
    Ok(LogoutClaims { token_id, subject, session_id, expires_at: times.expires_at })
}

/// `aud` is one text or an array of texts, and the client is among them.
fn names(aud: Option<&Value>, client_id: &str) -> bool {
    match aud {
        Some(Value::String(one)) => one == client_id,
        Some(Value::Array(many)) => {
            many.iter().all(Value::is_string) && many.iter().any(|one| *one == client_id)
        }
        _ => false,
    }
}

fn plain(members: &Map<String, Value>, name: &str) -> Checked<Option<String>> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(value)) if text::is_plain(value) => Ok(Some(value.clone())),
        Some(_) => Err(Rejection::Invalid(Reason::Subject)),
    }
}

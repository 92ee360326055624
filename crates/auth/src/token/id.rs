//! The claims of an ID token (OpenID Connect Core, section 3.1.3.7): the account that signed in, for the
//! client that requested it.

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::claims::require;
use super::compact::decode;
use super::text;
use super::times::{Times, seconds};
use crate::rejection::{Checked, Reason, Rejection};

/// The claim `typ` of Keycloak's ID tokens.
const TOKEN_TYPE: &str = "ID";

/// The sign-in that an ID token must belong to.
#[derive(Debug, Clone, Copy)]
pub struct IdTokenFor<'a> {
    /// The client that requested the token; `aud` must contain no other.
    pub client_id: &'a str,
    /// The nonce that the client sent with the authorization request.
    pub nonce: &'a str,
    /// The access token that came with it.
    pub access_token: &'a str,
}

/// The person who has signed in. `Debug` shows none of the fields.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdClaims {
    /// `sub`: the account.
    pub subject: String,
    /// `name`: the display name of the person, if the issuer sends one.
    pub name: Option<String>,
    /// `sid`: the issuer's session.
    pub session_id: Option<String>,
    /// Time of the authentication: `auth_time`, or `iat` if it is missing.
    pub authenticated_at: DateTime<Utc>,
}

impl std::fmt::Debug for IdClaims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdClaims").finish_non_exhaustive()
    }
}

/// Checks the members of a payload whose signature was verified.
pub(crate) fn check(
    members: &Map<String, Value>,
    issuer: &str,
    expected: &IdTokenFor<'_>,
    now_s: i64,
) -> Checked<IdClaims> {
    let text_of = |name: &str| members.get(name).and_then(Value::as_str);
    require(text_of("iss") == Some(issuer), Reason::Issuer)?;
    require(is_only(members.get("aud"), expected.client_id), Reason::Audience)?;
    let is_ours = |azp: &Value| *azp == expected.client_id;
    require(members.get("azp").is_none_or(is_ours), Reason::AuthorizedParty)?;
    require(members.get("typ").is_none_or(|typ| *typ == TOKEN_TYPE), Reason::TokenType)?;
    require(!members.contains_key("events"), Reason::TokenType)?;
    let times = Times::read(members)?;
    times.check(now_s)?;
    require(text_of("nonce") == Some(expected.nonce), Reason::Nonce)?;
    let hash = members.get("at_hash");
    require(hash.is_none_or(|hash| is_hash_of(hash, expected.access_token)), Reason::AccessTokenHash)?;
    let subject =
        text_of("sub").filter(|sub| text::is_plain(sub)).ok_or(Rejection::Invalid(Reason::Subject))?;
    let session_id = match members.get("sid") {
        None => None,
        Some(Value::String(sid)) if text::is_plain(sid) => Some(sid.clone()),
        Some(_) => return Err(Rejection::Invalid(Reason::SessionId)),
    };
    let authenticated_at = match members.get("auth_time") {
        None => times.issued_at,
        time => seconds(time).ok_or(Rejection::Invalid(Reason::IssuedAt))?,
    };
    Ok(IdClaims {
        subject: subject.to_owned(),
        // A name that cannot be shown is left out; it is no reason to refuse the sign-in.
        name: text_of("name").filter(|name| text::is_plain(name)).map(str::to_owned),
        session_id,
        authenticated_at,
    })
}

/// Returns true if `aud` is the client, as a text or as the only element of an array.
fn is_only(aud: Option<&Value>, client_id: &str) -> bool {
    match aud {
        Some(Value::String(one)) => one == client_id,
        Some(Value::Array(many)) => matches!(many.as_slice(), [one] if *one == client_id),
        _ => false,
    }
}

/// Returns true if `at_hash` is the left half of the access token's SHA-256 (section 3.1.3.6, for RS256).
fn is_hash_of(at_hash: &Value, access_token: &str) -> bool {
    let digest = digest::digest(&digest::SHA256, access_token.as_bytes());
    at_hash.as_str().and_then(decode).is_some_and(|hash| hash == digest.as_ref()[..16])
}

//! The protected header: RS256, a key id, and nothing that changes the meaning of the token.

use serde_json::{Map, Value};

use super::json;
use crate::rejection::{Checked, Reason, Rejection};

/// The only algorithm. One is enough, and a list would make confusion attacks possible (RFC 8725, section
/// 3.1).
const ALGORITHM: &str = "RS256";

/// Longest `kid`, in bytes. Keycloak's have 43 bytes.
pub(crate) const MAX_KID_BYTES: usize = 128;

/// Members that carry a key, point at one, or change how the rest is read. None is ever followed, and a token
/// that has one is refused even if its signature is valid: our issuer sends none of them.
const REFUSED: [&str; 9] = ["crit", "b64", "jku", "jwk", "x5u", "x5c", "cty", "enc", "zip"];

/// The kind of token according to the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderType {
    /// No `typ`.
    Absent,
    /// `JWT`, Keycloak's default.
    Jwt,
    /// `at+jwt` (RFC 9068).
    AccessToken,
    /// `logout+jwt` (OpenID Connect Back-Channel Logout, section 2.4).
    LogoutToken,
    /// Anything else.
    Other,
}

/// A header that satisfies every rule that needs no configuration.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) kid: String,
    pub(crate) typ: HeaderType,
}

/// Reads a decoded header.
pub(super) fn read(bytes: &[u8]) -> Checked<Header> {
    let members = json::object(bytes).ok_or(Rejection::Invalid(Reason::HeaderJson))?;
    if members.get("alg").and_then(Value::as_str) != Some(ALGORITHM) {
        return Err(Rejection::Invalid(Reason::Algorithm));
    }
    if REFUSED.iter().any(|name| members.contains_key(*name)) {
        return Err(Rejection::Invalid(Reason::HeaderMember));
    }
    let kid = match members.get("kid") {
        Some(Value::String(kid)) if (1..=MAX_KID_BYTES).contains(&kid.len()) => kid.clone(),
        _ => return Err(Rejection::Invalid(Reason::KeyId)),
    };
    Ok(Header { kid, typ: header_type(&members) })
}

/// Reads the media type in `typ`: case does not matter and `application/` may be left out (RFC 7515, section
/// 4.1.9).
fn header_type(members: &Map<String, Value>) -> HeaderType {
    let Some(value) = members.get("typ") else { return HeaderType::Absent };
    let Some(text) = value.as_str() else { return HeaderType::Other };
    let lower = text.to_ascii_lowercase();
    match lower.strip_prefix("application/").unwrap_or(&lower) {
        "jwt" => HeaderType::Jwt,
        "at+jwt" => HeaderType::AccessToken,
        "logout+jwt" => HeaderType::LogoutToken,
        _ => HeaderType::Other,
    }
}

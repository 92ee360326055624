//! The claims of a verified token: every rule of what an access token for this system must say.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::text;
use super::times::Times;
use crate::Config;
use crate::rejection::{Checked, Reason, Rejection};

/// The claim `typ` of Keycloak's access tokens. ID, refresh, offline, logout and action tokens have others.
const TOKEN_TYPE: &str = "Bearer";

/// Keycloak's login name for a client that acts for itself is this and the client's id.
const SERVICE_ACCOUNT: &str = "service-account-";

/// Who holds a verified token. `Debug` shows neither name nor subject.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claims {
    /// `sub`: the account, for ever.
    pub subject: String,
    /// `preferred_username`: the login name, which may pass to somebody else one day.
    pub username: String,
    /// `realm_access.roles`.
    pub roles: BTreeSet<String>,
    /// `azp`: the client that the token was issued to.
    pub authorized_party: String,
    /// `exp`.
    pub expires_at: DateTime<Utc>,
    /// `iat`.
    pub issued_at: DateTime<Utc>,
    /// `sid`: the issuer's session, which a back-channel logout names.
    pub session_id: Option<String>,
}

impl Claims {
    /// Fails unless the holder has the role.
    pub fn require_role(&self, role: &str) -> Checked<()> {
        match self.roles.contains(role) {
            true => Ok(()),
            false => Err(Rejection::Forbidden(Reason::RoleLacking)),
        }
    }

    /// Fails for a client that acts for itself.
    pub fn require_person(&self) -> Checked<()> {
        match self.username.starts_with(SERVICE_ACCOUNT) {
            true => Err(Rejection::Forbidden(Reason::ServiceAccount)),
            false => Ok(()),
        }
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("roles", &self.roles)
            .field("authorized_party", &self.authorized_party)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What the claims are held against.
#[derive(Debug)]
pub(crate) struct Policy {
    issuer: String,
    audience: String,
    authorized_parties: Vec<String>,
}

impl Policy {
    pub(crate) fn new(issuer: &str, config: &Config) -> Self {
        Policy {
            issuer: issuer.to_owned(),
            audience: config.audience.clone(),
            authorized_parties: config.authorized_parties.clone(),
        }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Checks the members of a payload whose signature was verified, but for the time.
    pub(crate) fn check(&self, members: &Map<String, Value>) -> Checked<Verified> {
        let text_of = |name: &str| members.get(name).and_then(Value::as_str);
        require(text_of("iss") == Some(self.issuer.as_str()), Reason::Issuer)?;
        require(self.is_for_us(members.get("aud")), Reason::Audience)?;
        require(text_of("typ") == Some(TOKEN_TYPE), Reason::TokenType)?;
        require(!members.contains_key("cnf") && !members.contains_key("events"), Reason::NotABearerToken)?;
        let times = Times::read(members)?;

        let subject =
            text_of("sub").filter(|sub| text::is_plain(sub)).ok_or(Rejection::Invalid(Reason::Subject))?;
        let username = text_of("preferred_username")
            .filter(|name| text::is_name(name))
            .ok_or(Rejection::Invalid(Reason::Username))?;
        let client = text_of("azp").ok_or(Rejection::Invalid(Reason::AuthorizedParty))?;
        if !self.authorized_parties.iter().any(|allowed| allowed == client) {
            // A client in its own name is known to the issuer and told that it has no business here.
            return Err(match username.strip_prefix(SERVICE_ACCOUNT) == Some(client) {
                true => Rejection::Forbidden(Reason::ServiceAccount),
                false => Rejection::Invalid(Reason::AuthorizedParty),
            });
        }
        let session_id = match members.get("sid") {
            None => None,
            Some(Value::String(sid)) if text::is_plain(sid) => Some(sid.clone()),
            Some(_) => return Err(Rejection::Invalid(Reason::Roles)),
        };
        let claims = Claims {
            subject: subject.to_owned(),
            username: username.to_owned(),
            roles: roles(members.get("realm_access"))?,
            authorized_party: client.to_owned(),
            expires_at: times.expires_at,
            issued_at: times.issued_at,
            session_id,
        };
        Ok(Verified { claims, not_before: times.not_before })
    }

    /// `aud` is one text or an array of texts, and ours is among them.
    fn is_for_us(&self, aud: Option<&Value>) -> bool {
        match aud {
            Some(Value::String(one)) => *one == self.audience,
            Some(Value::Array(many)) => {
                many.iter().all(Value::is_string) && many.iter().any(|one| one == self.audience.as_str())
            }
            _ => false,
        }
    }
}

/// What a token says and whose signature was verified, once and for all; whether it counts depends on the time.
#[derive(Debug, Clone)]
pub(crate) struct Verified {
    claims: Claims,
    not_before: Option<DateTime<Utc>>,
}

impl Verified {
    /// The claims, after every rule about time.
    pub(crate) fn at(&self, now_s: i64) -> Checked<&Claims> {
        let Claims { issued_at, expires_at, .. } = self.claims;
        Times { issued_at, expires_at, not_before: self.not_before }.check(now_s)?;
        Ok(&self.claims)
    }

    /// Claims that say nothing but when they end.
    #[cfg(test)]
    pub(crate) fn until(expires_at: DateTime<Utc>) -> Self {
        let claims = Claims {
            subject: String::new(),
            username: String::new(),
            roles: BTreeSet::new(),
            authorized_party: String::new(),
            expires_at,
            issued_at: expires_at,
            session_id: None,
        };
        Verified { claims, not_before: None }
    }
}

/// `realm_access.roles`: absent means none, anything but texts is refused.
fn roles(realm_access: Option<&Value>) -> Checked<BTreeSet<String>> {
    let malformed = Rejection::Invalid(Reason::Roles);
    let Some(realm_access) = realm_access else { return Ok(BTreeSet::new()) };
    let Some(roles) = realm_access.as_object().ok_or(malformed)?.get("roles") else {
        return Ok(BTreeSet::new());
    };
    let roles = roles.as_array().ok_or(malformed)?;
    roles.iter().map(|role| role.as_str().map(str::to_owned).ok_or(malformed)).collect()
}

pub(super) fn require(holds: bool, reason: Reason) -> Checked<()> {
    match holds {
        true => Ok(()),
        false => Err(Rejection::Invalid(reason)),
    }
}

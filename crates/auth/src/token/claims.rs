//! The claims of a verified token, and every rule that an access token for this system must satisfy.

use bionicpro_model::Username;
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

/// Prefix of Keycloak's login name for a client that acts on its own behalf; the client's id follows.
const SERVICE_ACCOUNT: &str = "service-account-";

/// The holder of a verified token. `Debug` shows neither name nor subject.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claims {
    /// `sub`: the permanent id of the account.
    pub subject: String,
    /// `preferred_username`: the login name, which may be given to another person one day.
    pub username: Username,
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

    /// Fails for a client that acts on its own behalf.
    pub fn require_person(&self) -> Checked<()> {
        match self.username.as_str().starts_with(SERVICE_ACCOUNT) {
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

/// The values that the claims must match.
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

    /// Checks the members of a payload whose signature was verified, except whether the token is valid now.
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
            // A client that acts on its own behalf is known to the issuer, so it gets 403 and not 401.
            return Err(match username.strip_prefix(SERVICE_ACCOUNT) == Some(client) {
                true => Rejection::Forbidden(Reason::ServiceAccount),
                false => Rejection::Invalid(Reason::AuthorizedParty),
            });
        }
        let session_id = match members.get("sid") {
            None => None,
            Some(Value::String(sid)) if text::is_plain(sid) => Some(sid.clone()),
            Some(_) => return Err(Rejection::Invalid(Reason::SessionId)),
        };
        let claims = Claims {
            subject: subject.to_owned(),
            username: Username::new(username),
            roles: roles(members.get("realm_access"))?,
            authorized_party: client.to_owned(),
            expires_at: times.expires_at,
            issued_at: times.issued_at,
            session_id,
        };
        Ok(Verified { claims, not_before: times.not_before })
    }

    /// Returns true if `aud` is one text or an array of texts, and contains our audience.
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

/// The claims of a token whose signature was verified. It is verified only once; whether the token is valid
/// depends on the time.
#[derive(Debug, Clone)]
pub(crate) struct Verified {
    claims: Claims,
    not_before: Option<DateTime<Utc>>,
}

impl Verified {
    /// Returns the claims if the token is valid at `now_s`.
    pub(crate) fn at(&self, now_s: i64) -> Checked<&Claims> {
        let Claims { issued_at, expires_at, .. } = self.claims;
        Times { issued_at, expires_at, not_before: self.not_before }.check(now_s)?;
        Ok(&self.claims)
    }

    /// Empty claims with only an expiry.
    #[cfg(test)]
    pub(crate) fn until(expires_at: DateTime<Utc>) -> Self {
        let claims = Claims {
            subject: String::new(),
            username: Username::new(""),
            roles: BTreeSet::new(),
            authorized_party: String::new(),
            expires_at,
            issued_at: expires_at,
            session_id: None,
        };
        Verified { claims, not_before: None }
    }
}

/// Reads `realm_access.roles`: absent means none, anything but texts is refused.
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

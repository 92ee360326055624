//! Tokens in the shape of Keycloak's: access, ID, refresh and logout.
use aws_lc_rs::digest;
use bionicpro_auth::signing::{SigningKey, encode};
use bionicpro_auth::{Compact, KeySet};
use bionicpro_model::{Error, Kind, Result};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::accounts::Account;

/// The client of the original design.
pub(crate) const CLIENT: &str = "bionicpro-auth";

/// The scope of every token.
pub(crate) const SCOPE: &str = "openid profile email";

/// Lifetime of a logout token, in seconds: it is delivered immediately.
const LOGOUT_LIFE_S: i64 = 120;

/// The event of a logout token (OpenID Connect Back-Channel Logout, section 2.4).
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The account, the session and the times for which a token is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grant {
    pub(crate) account: &'static Account,
    pub(crate) session: Uuid,
    /// Time of the password entry, in seconds since 1970.
    pub(crate) signed_in_s: i64,
    pub(crate) now_s: i64,
}

/// A refresh token that was signed by this issuer and has not expired.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refresh {
    pub(crate) session: Uuid,
    pub(crate) family: Uuid,
    pub(crate) token: Uuid,
}

/// Signs tokens in the name of one issuer.
#[derive(Debug)]
pub(crate) struct Minter {
    pub(crate) issuer: String,
    audience: String,
    key: SigningKey,
    own_keys: KeySet,
}

impl Minter {
    pub(crate) fn new(issuer: String, audience: String, key: SigningKey) -> Result<Self> {
        let document = json!({"keys": [key.jwk()]}).to_string();
        let (own_keys, _) = KeySet::parse(document.as_bytes())
            .filter(|(keys, _)| !keys.is_empty())
            .ok_or_else(|| Error::new(Kind::Internal, "the demo issuer's own key is not usable"))?;
        Ok(Minter { issuer, audience, key, own_keys })
    }

    /// The key set document.
    pub(crate) fn key_set(&self) -> Value {
        json!({"keys": [self.key.jwk()]})
    }

    /// An access token for the Reports API.
    pub(crate) fn access_token(&self, grant: Grant, life_s: i64) -> Result<String> {
        let mut claims = self.claims(grant, "Bearer", life_s);
        claims["aud"] = json!([self.audience, "account"]);
        claims["realm_access"] = json!({"roles": ["default-roles-reports-realm", grant.account.role]});
        claims["scope"] = json!(SCOPE);
        describe(&mut claims, grant.account);
        self.sign(&json!({"alg": "RS256", "typ": "JWT", "kid": self.key.kid()}), &claims)
    }

    /// An ID token, by which the client learns the signed-in account (OpenID Connect Core, section 2).
    pub(crate) fn id_token(
        &self,
        grant: Grant,
        life_s: i64,
        nonce: Option<&str>,
        access_token: &str,
    ) -> Result<String> {
        let mut claims = self.claims(grant, "ID", life_s);
        claims["aud"] = json!(CLIENT);
        // The left half of the digest binds the two tokens to each other (section 3.1.3.6).
        let digest = digest::digest(&digest::SHA256, access_token.as_bytes());
        claims["at_hash"] = json!(encode(&digest.as_ref()[..16]));
        if let Some(nonce) = nonce {
            claims["nonce"] = json!(nonce);
        }
        describe(&mut claims, grant.account);
        self.sign(&json!({"alg": "RS256", "typ": "JWT", "kid": self.key.kid()}), &claims)
    }

    /// A refresh token, with which the client gets new tokens. It is signed with the same key, so that a
    /// service that accepts it as an access token is found out; Keycloak signs its own with a key that it
    /// does not publish.
    pub(crate) fn refresh_token(
        &self,
        grant: Grant,
        family: Uuid,
        token: Uuid,
        life_s: i64,
    ) -> Result<String> {
        let mut claims = self.claims(grant, "Refresh", life_s);
        claims["aud"] = json!(self.issuer);
        claims["jti"] = json!(token);
        claims["reuse_id"] = json!(family);
        claims["scope"] = json!(SCOPE);
        self.sign(&json!({"alg": "RS256", "typ": "JWT", "kid": self.key.kid()}), &claims)
    }

    /// A logout token, which notifies the client of the end of a session.
    pub(crate) fn logout_token(&self, account: &Account, session: Uuid, now_s: i64) -> Result<String> {
        let claims = json!({
            "iss": self.issuer,
            "sub": account.subject,
            "aud": CLIENT,
            "iat": now_s,
            "exp": now_s + LOGOUT_LIFE_S,
            "jti": Uuid::new_v4(),
            "typ": "Logout",
            "sid": session,
            "events": {LOGOUT_EVENT: {}},
        });
        self.sign(&json!({"alg": "RS256", "typ": "logout+jwt", "kid": self.key.kid()}), &claims)
    }

    /// Signs any header and claims.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> Result<String> {
        let input = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = self.key.sign(input.as_bytes())?;
        Ok(format!("{input}.{}", encode(signature)))
    }

    /// The refresh token in a text, if this issuer has signed it and it has not expired.
    pub(crate) fn read_refresh(&self, unverified_jwt: &str, now_s: i64) -> Option<Refresh> {
        let claims = self.own_claims(unverified_jwt, "Refresh")?;
        let id = |name: &str| claims.get(name)?.as_str()?.parse().ok();
        claims.get("exp")?.as_i64().filter(|exp| now_s < *exp)?;
        Some(Refresh { session: id("sid")?, family: id("reuse_id")?, token: id("jti")? })
    }

    /// The session that an ID token of this issuer names; an expired one still identifies who wants to sign
    /// out (OpenID Connect RP-Initiated Logout, section 4).
    pub(crate) fn read_id_hint(&self, unverified_jwt: &str) -> Option<Uuid> {
        self.own_claims(unverified_jwt, "ID")?.get("sid")?.as_str()?.parse().ok()
    }

    /// Returns true if the text is an access token from this issuer.
    pub(crate) fn is_access_token(&self, unverified_jwt: &str) -> bool {
        self.own_claims(unverified_jwt, "Bearer").is_some()
    }

    fn own_claims(&self, unverified_jwt: &str, typ: &str) -> Option<Map<String, Value>> {
        let payload = self.own_keys.verify(Compact::parse(unverified_jwt).ok()?).ok()?;
        let claims: Map<String, Value> = serde_json::from_slice(&payload).ok()?;
        let is_own = claims.get("iss").is_some_and(|iss| *iss == self.issuer.as_str());
        (is_own && claims.get("typ").is_some_and(|found| *found == typ)).then_some(claims)
    }

    fn claims(&self, grant: Grant, typ: &str, life_s: i64) -> Value {
        json!({
            "exp": grant.now_s + life_s,
            "iat": grant.now_s,
            "auth_time": grant.signed_in_s,
            "jti": Uuid::new_v4(),
            "iss": self.issuer,
            "sub": grant.account.subject,
            "typ": typ,
            "azp": CLIENT,
            "sid": grant.session,
            "acr": "1",
        })
    }
}

fn describe(claims: &mut Value, account: &Account) {
    let (given_name, family_name) = account.name;
    claims["email_verified"] = json!(true);
    claims["name"] = json!(format!("{given_name} {family_name}"));
    claims["preferred_username"] = json!(account.username);
    claims["given_name"] = json!(given_name);
    claims["family_name"] = json!(family_name);
    claims["email"] = json!(format!("{}@example.com", account.username));
}

//! Builds tokens with any header and claims, valid by default.

use serde_json::{Map, Value, json};

use super::TestKey;
use crate::signing::encode;

/// A builder of tokens: by default, an access token for ivan.petrov in the shape of Keycloak's.
#[derive(Debug, Clone)]
pub struct TokenBuilder {
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl TokenBuilder {
    /// A valid token of the issuer, issued at `now_s` for five minutes, with the id of the trusted key.
    pub fn new(issuer: &str, now_s: i64) -> Self {
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": TestKey::trusted().kid()});
        let claims = json!({
            "exp": now_s + 300,
            "iat": now_s,
            "jti": "onrtac:3e9b8a4e-8d8c-4b87-9d6e-0a0c9e3f7b11",
            "iss": issuer,
            "aud": ["bionicpro-auth", "account"],
            "sub": "0d9e7f6a-0c58-4f0e-8e55-2f3a1b6c7d01",
            "typ": "Bearer",
            "azp": "bionicpro-auth",
            "sid": "7f1f7a52-31cb-4a5e-9a30-7b0d2c1e4f02",
            "acr": "1",
            "realm_access": {"roles": ["default-roles-reports-realm", "prothetic_user"]},
            "scope": "openid profile email",
            "preferred_username": "ivan.petrov",
        });
        match (header, claims) {
            (Value::Object(header), Value::Object(claims)) => TokenBuilder { header, claims },
            _ => unreachable!("both are objects"),
        }
    }

    /// Sets a claim.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Removes a claim.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets a member of the header.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Removes a member of the header.
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// Sets the login name, and a subject derived from it.
    pub fn user(self, username: &str) -> Self {
        self.claim("preferred_username", username).claim("sub", format!("sub-of-{username}"))
    }

    /// Sets the roles.
    pub fn roles(self, roles: &[&str]) -> Self {
        self.claim("realm_access", json!({"roles": roles}))
    }

    /// The header as JSON text.
    pub fn header_json(&self) -> String {
        Value::Object(self.header.clone()).to_string()
    }

    /// The claims as JSON text.
    pub fn claims_json(&self) -> String {
        Value::Object(self.claims.clone()).to_string()
    }

    /// The signing input: encoded header and claims.
    pub fn signing_input(&self) -> String {
        format!("{}.{}", encode(self.header_json()), encode(self.claims_json()))
    }

    /// The token signed by the key with RS256, whatever the header says.
    pub fn sign(&self, key: &TestKey) -> String {
        let input = self.signing_input();
        let signature = key.sign(&input);
        format!("{input}.{signature}")
    }

    /// A token with any bytes as header and payload, signed by the key with RS256.
    pub fn sign_raw(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>, key: &TestKey) -> String {
        let input = format!("{}.{}", encode(header), encode(payload));
        let signature = key.sign(&input);
        format!("{input}.{signature}")
    }
}

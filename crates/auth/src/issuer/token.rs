//! Access tokens in the shape of Keycloak's.

use bionicpro_model::Result;
use chrono::Utc;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::accounts::Account;
use super::key::{SigningKey, encode};

/// The client of the original design.
pub(super) const CLIENT: &str = "bionicpro-auth";

/// How long a demo token lives, in seconds: long enough to try things out by hand.
const LIFETIME_S: i64 = 3600;

/// The answer of the token endpoint (RFC 6749, section 5.1).
#[derive(Debug, Serialize)]
pub(super) struct TokenAnswer {
    pub(super) access_token: String,
    token_type: &'static str,
    expires_in: i64,
    scope: &'static str,
    session_state: Uuid,
}

/// Signs tokens in the name of one issuer.
#[derive(Debug)]
pub(super) struct Minter {
    pub(super) issuer: String,
    audience: String,
    key: SigningKey,
}

impl Minter {
    pub(super) fn new(issuer: String, audience: String, key: SigningKey) -> Self {
        Minter { issuer, audience, key }
    }

    /// The key set document.
    pub(super) fn key_set(&self) -> Value {
        json!({"keys": [self.key.jwk()]})
    }

    /// A token for an account, from now on.
    pub(super) fn access_token(&self, account: &Account) -> Result<TokenAnswer> {
        const SCOPE: &str = "openid profile email";
        let now_s = Utc::now().timestamp();
        let session = Uuid::new_v4();
        let (given_name, family_name) = account.name;
        let claims = json!({
            "exp": now_s + LIFETIME_S,
            "iat": now_s,
            "jti": Uuid::new_v4(),
            "iss": self.issuer,
            "aud": [self.audience, "account"],
            "sub": account.subject,
            "typ": "Bearer",
            "azp": CLIENT,
            "sid": session,
            "acr": "1",
            "realm_access": {"roles": ["default-roles-reports-realm", account.role]},
            "scope": SCOPE,
            "email_verified": true,
            "name": format!("{given_name} {family_name}"),
            "preferred_username": account.username,
            "given_name": given_name,
            "family_name": family_name,
            "email": format!("{}@example.com", account.username),
        });
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": self.key.kid()});
        let input = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = self.key.sign(input.as_bytes())?;
        Ok(TokenAnswer {
            access_token: format!("{input}.{}", encode(signature)),
            token_type: "Bearer",
            expires_in: LIFETIME_S,
            scope: SCOPE,
            session_state: session,
        })
    }
}

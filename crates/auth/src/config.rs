//! The configuration section `[oidc]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// The issuer of the access tokens that the Reports API accepts, and the rules for them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The issuer, exactly as in the token's `iss`: `https://id.example.com/realms/reports-realm`.
    pub issuer: Option<String>,
    /// The value that the token's `aud` must contain.
    pub audience: String,
    /// The clients whose tokens are accepted: values of `azp`.
    pub authorized_parties: Vec<String>,
    /// The URL of the key set. Without it, the one in the issuer's discovery document is used.
    pub jwks_url: Option<Url>,
    /// Refuse tokens without the header `typ: at+jwt` (Keycloak sends `JWT` by default).
    pub strict_typ: bool,
    /// The role that may read reports.
    pub required_role: String,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            issuer: None,
            audience: "bionicpro-auth".to_owned(),
            authorized_parties: vec!["bionicpro-auth".to_owned()],
            jwks_url: None,
            strict_typ: false,
            required_role: "prothetic_user".to_owned(),
        }
    }
}

//! The issuer's routes, under the paths that Keycloak uses.
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bionicpro_edge::{DefaultDetails, Edge, Options};
use http::header;
use serde_json::{Value, json};

use crate::provider::Provider;
use crate::{authorize, end_session, exchange, page, revoke, sign_in};

/// Largest form, in bytes.
const MAX_FORM_BYTES: u64 = 16 * 1024;

/// Deadline of a response: a sign-out waits for the client.
const DEADLINE: Duration = Duration::from_secs(10);

pub(crate) fn edge(provider: Arc<Provider>) -> Edge {
    let realm = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/protocol/openid-connect/auth", get(authorize::by_query).post(authorize::by_form))
        .route("/protocol/openid-connect/token", post(exchange::answer))
        .route("/protocol/openid-connect/revoke", post(revoke::answer))
        .route("/protocol/openid-connect/logout", get(end_session::by_query).post(end_session::by_form))
        .route("/protocol/openid-connect/certs", get(key_set))
        .route("/login-actions/authenticate", post(sign_in::answer))
        .route("/login-actions/logout-confirm", post(end_session::confirmed))
        .route("/demo/style.css", get(style));
    let router = Router::new().nest(crate::REALM_PATH, realm).with_state(provider);
    let options = Options {
        deadline: DEADLINE,
        body_bytes: MAX_FORM_BYTES,
        methods: None,
        texts: DefaultDetails::default(),
    };
    Edge::new(router, options)
}

/// The discovery document (OpenID Connect Discovery, section 3), which lists what the issuer does and nothing
/// else.
async fn discovery(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let issuer = &provider.minter.issuer;
    let endpoint = |name: &str| format!("{issuer}/protocol/openid-connect/{name}");
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": endpoint("auth"),
        "token_endpoint": endpoint("token"),
        "revocation_endpoint": endpoint("revoke"),
        "end_session_endpoint": endpoint("logout"),
        "jwks_uri": endpoint("certs"),
        "grant_types_supported": ["authorization_code", "refresh_token", "password"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "scopes_supported": ["openid", "profile", "email"],
        "prompt_values_supported": ["none", "login"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "ui_locales_supported": ["en", "ru"],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "azp", "sid", "at_hash",
            "name", "preferred_username", "given_name", "family_name", "email", "email_verified"
        ],
    }))
}

async fn key_set(State(provider): State<Arc<Provider>>) -> Json<Value> {
    Json(provider.minter.key_set())
}

async fn style() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, page::STYLE).into_response()
}

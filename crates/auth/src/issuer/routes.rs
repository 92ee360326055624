//! The issuer's three addresses, under the paths that Keycloak uses.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::accounts;
use super::token::{CLIENT, Minter};

/// Largest token request, in bytes.
const MAX_FORM_BYTES: usize = 16 * 1024;

pub(super) fn router(minter: Arc<Minter>) -> Router {
    Router::new()
        .route("/realms/reports-realm/.well-known/openid-configuration", get(discovery))
        .route("/realms/reports-realm/protocol/openid-connect/certs", get(key_set))
        .route("/realms/reports-realm/protocol/openid-connect/token", post(token))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .with_state(minter)
}

/// The discovery document (OpenID Connect Discovery, section 3).
async fn discovery(State(minter): State<Arc<Minter>>) -> Json<Value> {
    let endpoint = |name: &str| format!("{}/protocol/openid-connect/{name}", minter.issuer);
    Json(json!({
        "issuer": minter.issuer,
        "token_endpoint": endpoint("token"),
        "jwks_uri": endpoint("certs"),
        "grant_types_supported": ["password"],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["none"],
    }))
}

async fn key_set(State(minter): State<Arc<Minter>>) -> Json<Value> {
    Json(minter.key_set())
}

/// The password grant (RFC 6749, section 4.3), for the one client and the demo accounts.
async fn token(State(minter): State<Arc<Minter>>, headers: HeaderMap, body: Bytes) -> Response {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media_type.split(';').next().is_none_or(|text| text.trim() != "application/x-www-form-urlencoded") {
        return refuse(StatusCode::BAD_REQUEST, "invalid_request", "send a form");
    }
    let form: Vec<_> = url::form_urlencoded::parse(&body).collect();
    // A field that stands twice is no field: RFC 6749, section 3.2.
    let field = |name: &str| {
        let mut values = form.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_ref());
        values.next().filter(|_| values.next().is_none())
    };
    if field("client_id") != Some(CLIENT) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", "client_id is bionicpro-auth");
    }
    if field("grant_type") != Some("password") {
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", "grant_type is password");
    }
    let account = field("username").and_then(accounts::find);
    match account
        .filter(|_| field("password") == Some(accounts::PASSWORD))
        .map(|account| minter.access_token(account))
    {
        Some(Ok(answer)) => {
            ([(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")], Json(answer))
                .into_response()
        }
        Some(Err(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a demo token cannot be signed");
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "see the demo's log")
        }
        None => refuse(StatusCode::UNAUTHORIZED, "invalid_grant", "no such account, or another password"),
    }
}

/// An error answer (RFC 6749, section 5.2).
fn refuse(status: StatusCode, error: &str, description: &str) -> Response {
    let body = Json(json!({"error": error, "error_description": description}));
    (status, [(header::CACHE_CONTROL, "no-store")], body).into_response()
}

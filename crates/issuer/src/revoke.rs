//! The revocation endpoint (RFC 7009): the client revokes a refresh token.
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};

use crate::answer::Refusal;
use crate::client_auth;
use crate::fields::Fields;
use crate::provider::Provider;

pub(crate) async fn answer(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match revoke(&provider, &headers, &body) {
        Ok(()) => (StatusCode::OK, [(header::CACHE_CONTROL, "no-store")]).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// Revokes a refresh token. An unknown token counts as revoked (section 2.2); an access token cannot be
/// revoked.
fn revoke(provider: &Provider, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    let fields = Fields::of_form(headers, body).ok_or(Refusal::bad("invalid_request", "send a form"))?;
    client_auth::require(provider, headers, &fields)?;
    let unverified_jwt = fields.get("token").ok_or(Refusal::bad("invalid_request", "send the token"))?;
    let now_s = provider.now_s();
    if let Some(refresh) = provider.minter.read_refresh(unverified_jwt, now_s) {
        let mut memory = provider.memory();
        if let Some(session) = memory.sessions.use_by_id(refresh.session, now_s) {
            session.end_family(refresh.family);
            // As in Keycloak, a session without tokens of any client ends.
            if !session.has_client() {
                memory.sessions.end(refresh.session);
            }
        }
        return Ok(());
    }
    match provider.minter.is_access_token(unverified_jwt) {
        true => Err(Refusal::bad("unsupported_token_type", "access tokens expire by themselves")),
        false => Ok(()),
    }
}

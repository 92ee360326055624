//! The token endpoint: codes and refresh tokens of the client, and the password grant for
//! `bionicpro demo token`.
use std::sync::Arc;

use aws_lc_rs::digest;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bionicpro_auth::signing::encode;
use http::{HeaderMap, header};
use serde::Serialize;
use uuid::Uuid;

use crate::accounts;
use crate::answer::Refusal;
use crate::client_auth;
use crate::fields::Fields;
use crate::provider::{CodeUse, Provider};
use crate::random;
use crate::session::IDLE_S;
use crate::token::{CLIENT, Grant, SCOPE};

/// Lifetime of a token of the password grant, in seconds: long enough to try things out by hand.
pub(crate) const BY_HAND_LIFE_S: i64 = 3600;

/// The response to an invalid, used or expired code or refresh token. It does not disclose which it is, or
/// why.
const INVALID_GRANT: Refusal =
    Refusal::bad("invalid_grant", "the code or token is not valid, was used, or has expired");

/// The response of the token endpoint (RFC 6749, section 5.1).
#[derive(Debug, Serialize)]
struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_expires_in: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    session_state: Uuid,
    scope: &'static str,
}

pub(crate) async fn answer(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    #[cfg(feature = "testing")]
    provider.pause.pass(crate::pause::PausePoint::BeforeGrant).await;
    let granted = exchange(&provider, &headers, &body);
    #[cfg(feature = "testing")]
    provider.pause.pass(crate::pause::PausePoint::AfterGrant).await;
    match granted {
        Ok(tokens) => ([(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")], Json(tokens))
            .into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn exchange(provider: &Provider, headers: &HeaderMap, body: &[u8]) -> Result<Tokens, Refusal> {
    let fields = Fields::of_form(headers, body).ok_or(Refusal::bad("invalid_request", "send a form"))?;
    match fields.get("grant_type") {
        Some("authorization_code") => {
            client_auth::require(provider, headers, &fields)?;
            redeem(provider, &fields)
        }
        Some("refresh_token") => {
            client_auth::require(provider, headers, &fields)?;
            refresh(provider, &fields)
        }
        _ if fields.get("client_id") != Some(CLIENT) => {
            Err(Refusal::unauthorized("invalid_client", "client_id must be bionicpro-auth"))
        }
        Some("password") => by_password(provider, &fields),
        _ => Err(Refusal::bad(
            "unsupported_grant_type",
            "grant_type must be authorization_code, refresh_token or password",
        )),
    }
}

/// Exchanges a code for tokens, once (RFC 6749, section 4.1.3; RFC 7636, section 4.6).
fn redeem(provider: &Provider, fields: &Fields) -> Result<Tokens, Refusal> {
    let now_s = provider.now_s();
    let mut guard = provider.memory();
    let memory = &mut *guard;
    let code = memory.codes.get(fields.get("code").unwrap_or_default(), now_s).ok_or(INVALID_GRANT)?;
    match code.used {
        CodeUse::Fresh => code.used = CodeUse::Failed,
        CodeUse::Failed => return Err(INVALID_GRANT),
        CodeUse::Redeemed(family) => {
            if let Some(session) = memory.sessions.use_by_id(code.session, now_s) {
                session.end_family(family);
            }
            return Err(INVALID_GRANT);
        }
    }
    let verifier = fields.get("code_verifier").unwrap_or_default();
    let fits = fields.get("redirect_uri") == Some(&code.request.redirect_uri)
        && is_verifier(verifier)
        && random::same(&digest_of(verifier), &code.request.challenge);
    let session = memory.sessions.use_by_id(code.session, now_s).filter(|_| fits).ok_or(INVALID_GRANT)?;
    let (family, token) = session.new_family();
    code.used = CodeUse::Redeemed(family);
    let nonce = code.request.nonce.clone();
    let grant =
        Grant { account: session.account, session: code.session, signed_in_s: session.signed_in_s, now_s };
    drop(guard);
    tokens(provider, grant, family, token, nonce.as_deref())
}

/// Exchanges a refresh token for new tokens; each can be used once (RFC 9700, section 4.14.2).
fn refresh(provider: &Provider, fields: &Fields) -> Result<Tokens, Refusal> {
    let now_s = provider.now_s();
    let unverified_jwt = fields.get("refresh_token").unwrap_or_default();
    let old = provider.minter.read_refresh(unverified_jwt, now_s).ok_or(INVALID_GRANT)?;
    let mut memory = provider.memory();
    let session = memory.sessions.use_by_id(old.session, now_s).ok_or(INVALID_GRANT)?;
    let token = session.rotate(old.family, old.token).ok_or(INVALID_GRANT)?;
    let grant =
        Grant { account: session.account, session: old.session, signed_in_s: session.signed_in_s, now_s };
    drop(memory);
    tokens(provider, grant, old.family, token, None)
}

fn tokens(
    provider: &Provider,
    grant: Grant,
    family: Uuid,
    token: Uuid,
    nonce: Option<&str>,
) -> Result<Tokens, Refusal> {
    let life_s = provider.client.as_ref().map_or(BY_HAND_LIFE_S, |client| client.access_token_life_s.into());
    let minter = &provider.minter;
    let made = minter.access_token(grant, life_s).and_then(|access_token| {
        Ok(Tokens {
            id_token: Some(minter.id_token(grant, life_s, nonce, &access_token)?),
            refresh_token: Some(minter.refresh_token(grant, family, token, IDLE_S)?),
            refresh_expires_in: Some(IDLE_S),
            access_token,
            token_type: "Bearer",
            expires_in: life_s,
            session_state: grant.session,
            scope: SCOPE,
        })
    });
    made.map_err(|error| Refusal::broken(&error))
}

/// The password grant (RFC 6749, section 4.3): the passwords are public, so it needs no secret and starts no
/// session.
fn by_password(provider: &Provider, fields: &Fields) -> Result<Tokens, Refusal> {
    let account = fields
        .get("username")
        .and_then(accounts::find)
        .filter(|_| fields.get("password") == Some(accounts::PASSWORD))
        .ok_or(Refusal::unauthorized("invalid_grant", "unknown account or wrong password"))?;
    let now_s = provider.now_s();
    let grant = Grant { account, session: Uuid::new_v4(), signed_in_s: now_s, now_s };
    let access_token =
        provider.minter.access_token(grant, BY_HAND_LIFE_S).map_err(|error| Refusal::broken(&error))?;
    Ok(Tokens {
        access_token,
        token_type: "Bearer",
        expires_in: BY_HAND_LIFE_S,
        refresh_token: None,
        refresh_expires_in: None,
        id_token: None,
        session_state: grant.session,
        scope: SCOPE,
    })
}

/// Returns true for 43 to 128 characters that need no escape (RFC 7636, section 4.1).
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

fn digest_of(verifier: &str) -> String {
    encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

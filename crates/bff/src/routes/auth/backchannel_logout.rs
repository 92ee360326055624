//! `POST /auth/backchannel-logout`: the issuer reports that one of its sessions has ended, and the sessions
//! here that came from it end too (OpenID Connect Back-Channel Logout). No browser is involved.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bionicpro_audit::{Event, Outcome};
use bionicpro_auth::{LogoutClaims, Rejection};
use bionicpro_edge::{Problem, ProblemKind};
use bionicpro_model::Result as ModelResult;
use bionicpro_store::{Expiry, Key};
use http::{HeaderMap, StatusCode, header};

use crate::access::AuditContext;
use crate::errors;
use crate::fields::Fields;
use crate::metrics;
use crate::session::Ended;
use crate::session::secret::digest_of;
use crate::state::AppState;

/// Seconds for which a token's id is remembered beyond the token's expiry: the allowed clock difference, with
/// a margin.
const REMEMBER_LONGER_S: i64 = 120;

pub(crate) async fn backchannel_logout(
    State(bff): State<AppState>,
    asked: AuditContext,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let claims = match verify(&bff, &headers, &body).await {
        Ok(claims) => claims,
        Err(problem) => {
            metrics::count_back_channel(match problem.kind() {
                ProblemKind::Unavailable => "unavailable",
                _ => "invalid",
            });
            return Err(problem);
        }
    };
    let seen = seen(&bff, &claims);
    let left_s = claims.expires_at.timestamp() - bff.clock.unix_s() + REMEMBER_LONGER_S;
    let remember = Expiry::In(Duration::from_secs(u64::try_from(left_s).unwrap_or(1)));
    if !bff.store.put_if_absent(&seen, b"", remember).await.map_err(errors::store)? {
        metrics::count_back_channel("replayed");
        return Err(refuse("replayed"));
    }
    match end(&bff, &claims).await {
        Ok(sessions) => {
            metrics::count_back_channel("ok");
            tracing::info!(sessions, "the issuer has ended a session");
            // The sessions have ended, and the issuer would not undo that. A failed write to the access log
            // is reported in the service's log.
            let _ = asked.note(&bff, Event::SessionEnded, Outcome::Done, "issuer").await;
            Ok(StatusCode::OK.into_response())
        }
        Err(error) => {
            metrics::count_back_channel("unavailable");
            // The issuer may send it again.
            let _ = bff.store.remove(&seen).await;
            Err(errors::store(error))
        }
    }
}

async fn verify(bff: &AppState, headers: &HeaderMap, body: &[u8]) -> Result<LogoutClaims, Problem> {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media_type.split(';').next().is_none_or(|text| text.trim() != "application/x-www-form-urlencoded") {
        return Err(refuse("media_type"));
    }
    let fields = Fields::parse(body);
    let unverified_jwt = fields.get("logout_token")?.ok_or_else(|| refuse("no_token"))?;
    bff.issuer.logout_claims(unverified_jwt).await.map_err(|rejection| match rejection {
        Rejection::Unavailable(_) => errors::unavailable("issuer"),
        _ => refuse(rejection.reason().as_str()),
    })
}

/// Ends the named session, or all sessions of the account if none is named.
async fn end(bff: &AppState, claims: &LogoutClaims) -> ModelResult<usize> {
    match (&claims.session_id, &claims.subject) {
        (Some(session), _) => bff.sessions.end_all_from(session, Ended::ByIssuer).await,
        (None, Some(subject)) => bff.sessions.end_all_of(subject, Ended::ByIssuer).await,
        (None, None) => Ok(0),
    }
}

/// Returns the key that marks a token as seen. The issuer chooses token ids, so they are stored as digests.
fn seen(bff: &AppState, claims: &LogoutClaims) -> Key {
    Key::new("logout-token", &digest_of(&format!("{}\n{}", bff.issuer.name(), claims.token_id)))
}

fn refuse(reason: &'static str) -> Problem {
    Problem::new(ProblemKind::BadRequest)
        .detail("The logout token is not accepted")
        .reason(reason)
        .of_credential()
}

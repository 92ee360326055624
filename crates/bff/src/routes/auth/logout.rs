//! `POST /auth/logout`: ends the session here, revokes its refresh token at the issuer, and returns the
//! address at which the browser signs out at the issuer too.
//!
//! Without a session the response is the same, because the person is signed out already. A request that names
//! another session than the cookie's is refused.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bionicpro_audit::Event;
use bionicpro_edge::Problem;
use http::{HeaderName, HeaderValue};
use serde::Serialize;

use crate::access::AuditContext;
use crate::errors;
use crate::guard::OwnPage;
use crate::session::Ended;
use crate::signed_in::SignedIn;
use crate::state::AppState;

/// The site data that the browser clears. Cookies are not among it: that would also clear the issuer's where
/// both are parts of one domain. Ours is removed by name.
const CLEAR: (HeaderName, HeaderValue) =
    (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\", \"storage\""));

#[derive(Debug, Serialize)]
struct SignedOut {
    /// The address that the browser goes to next.
    location: String,
}

pub(crate) async fn logout(
    State(bff): State<AppState>,
    _: OwnPage,
    asked: AuditContext,
    signed_in: Option<SignedIn>,
) -> Result<Response, Problem> {
    if let Some(SignedIn { session, .. }) = signed_in {
        asked.record(&bff, Event::SignOut, &session.record).await?;
        bff.sessions.end(&session, Ended::SignedOut).await.map_err(errors::store)?;
        bff.issuer.give_back(session.record.grant(), None).await;
    }
    let location = bff.issuer.sign_out_url().await;
    let mut response = ([CLEAR], Json(SignedOut { location })).into_response();
    bff.cookies.remove_session(response.headers_mut());
    Ok(response)
}

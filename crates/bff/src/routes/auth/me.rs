//! `GET /auth/me`: the signed-in person, the session, and when it ends. Never a token. The request does not
//! keep a session alive.

use axum::Json;
use axum::extract::State;
use bionicpro_edge::Problem;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::guard::NotForeign;
use crate::session::Session;
use crate::signed_in::CookieOwner;
use crate::state::AppState;

/// The signed-in person and the session.
#[derive(Debug, Serialize)]
pub(crate) struct Me {
    /// The session id that the page sends in `x-session`, as in the list of sessions. It is a digest of the
    /// cookie.
    session: String,
    user: String,
    name: Option<String>,
    roles: Vec<String>,
    authenticated_at: Option<DateTime<Utc>>,
    idle_expires_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
}

impl Me {
    pub(super) fn of(bff: &AppState, session: &Session) -> Self {
        let (idle_s, at_latest_s) = bff.sessions.ends_at_s(session);
        Me {
            session: session.id.clone(),
            user: session.record.username.clone(),
            name: session.record.name.clone(),
            roles: session.record.roles.clone(),
            authenticated_at: moment(session.record.authenticated_at_s),
            idle_expires_at: moment(idle_s),
            expires_at: moment(at_latest_s),
        }
    }
}

pub(super) fn moment(unix_s: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(unix_s, 0)
}

pub(crate) async fn me(
    State(bff): State<AppState>,
    _: NotForeign,
    CookieOwner(session): CookieOwner,
) -> Result<Json<Me>, Problem> {
    Ok(Json(Me::of(&bff, &session)))
}

//! `/auth/sessions`: lists the person's sessions, and ends one or all of them.
//!
//! Each refresh token is revoked at the issuer, so that the session ends there too.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bionicpro_audit::Event;
use bionicpro_edge::{Problem, ProblemKind};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::Serialize;

use super::me::moment;
use crate::access::AuditContext;
use crate::errors;
use crate::guard::{NotForeign, OwnPage};
use crate::session::Ended;
use crate::signed_in::SignedIn;
use crate::state::AppState;

#[derive(Debug, Serialize)]
pub(crate) struct Sessions {
    sessions: Vec<One>,
}

#[derive(Debug, Serialize)]
struct One {
    id: String,
    created_at: Option<DateTime<Utc>>,
    last_seen_at: Option<DateTime<Utc>>,
    agent: String,
    current: bool,
}

pub(crate) async fn list(
    State(bff): State<AppState>,
    _: NotForeign,
    signed_in: SignedIn,
) -> Result<Json<Sessions>, Problem> {
    let own = signed_in.session;
    let listed = bff.sessions.list(&own.record.subject).await.map_err(errors::store)?;
    let one = |listed: crate::session::Listed| One {
        current: listed.id == own.id,
        id: listed.id,
        created_at: moment(listed.life.created_at_s),
        last_seen_at: moment(listed.life.last_seen_at_s),
        agent: listed.life.agent,
    };
    Ok(Json(Sessions { sessions: listed.into_iter().map(one).collect() }))
}

/// Ends one session of the person. Another account's session is 404.
pub(crate) async fn end_one(
    State(bff): State<AppState>,
    _: OwnPage,
    asked: AuditContext,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let own = signed_in.session;
    asked.record(&bff, Event::SignOut, &own.record).await?;
    let subject = &own.record.subject;
    let grant = bff.sessions.grant(subject, &id).await.map_err(errors::store)?;
    if !bff.sessions.end_of_subject(subject, &id, Ended::ByPerson).await.map_err(errors::store)? {
        return Err(Problem::new(ProblemKind::NotFound).detail("You have no such session"));
    }
    let staying = own.record.issuer_session.as_deref().filter(|_| id != own.id);
    bff.issuer.give_back(grant, staying).await;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if id == own.id {
        bff.cookies.remove_session(response.headers_mut());
    }
    Ok(response)
}

pub(crate) async fn end_all(
    State(bff): State<AppState>,
    _: OwnPage,
    asked: AuditContext,
    signed_in: SignedIn,
) -> Result<Response, Problem> {
    asked.record(&bff, Event::SignOut, &signed_in.session.record).await?;
    let subject = &signed_in.session.record.subject;
    let grants = bff.sessions.grants_of(subject).await.map_err(errors::store)?;
    bff.sessions.end_all_of(subject, Ended::ByPerson).await.map_err(errors::store)?;
    bff.issuer.give_back(grants, None).await;
    let mut response = StatusCode::NO_CONTENT.into_response();
    bff.cookies.remove_session(response.headers_mut());
    Ok(response)
}

//! `/auth/sessions`: where one is signed in, and ending one of those sessions, or all of them.
//!
//! The tokens of another session cannot be given back to the issuer: they open with that session's cookie only. They are
//! removed with it, and nobody has them any more.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bionicpro_audit::Event;
use bionicpro_edge::{Problem, Slug};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::Serialize;

use super::me::moment;
use crate::access::Asked;
use crate::guard::{NotForeign, OwnPage};
use crate::session::Ended;
use crate::signed_in::SignedIn;
use crate::state::Bff;
use crate::trouble;

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
    State(bff): State<Bff>,
    _: NotForeign,
    signed_in: SignedIn,
) -> Result<Json<Sessions>, Problem> {
    let own = signed_in.session;
    let listed = bff.sessions.list(&own.record.subject).await.map_err(trouble::store)?;
    let one = |listed: crate::session::Listed| One {
        current: listed.id == own.id,
        id: listed.id,
        created_at: moment(listed.life.created_at_s),
        last_seen_at: moment(listed.life.last_seen_at_s),
        agent: listed.life.agent,
    };
    Ok(Json(Sessions { sessions: listed.into_iter().map(one).collect() }))
}

/// A session of somebody else is none.
pub(crate) async fn end_one(
    State(bff): State<Bff>,
    _: OwnPage,
    asked: Asked,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let own = signed_in.session;
    asked.record(&bff, Event::SignOut, &own.record).await?;
    let ended = bff.sessions.end_of_subject(&own.record.subject, &id, Ended::ByPerson);
    if !ended.await.map_err(trouble::store)? {
        return Err(Problem::new(Slug::NotFound).detail("There is no such session of yours"));
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if id == own.id {
        bff.cookies.remove_session(response.headers_mut());
    }
    Ok(response)
}

pub(crate) async fn end_all(
    State(bff): State<Bff>,
    _: OwnPage,
    asked: Asked,
    signed_in: SignedIn,
) -> Result<Response, Problem> {
    asked.record(&bff, Event::SignOut, &signed_in.session.record).await?;
    let subject = &signed_in.session.record.subject;
    bff.sessions.end_all_of(subject, Ended::ByPerson).await.map_err(trouble::store)?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    bff.cookies.remove_session(response.headers_mut());
    Ok(response)
}

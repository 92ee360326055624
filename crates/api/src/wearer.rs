//! Who may read reports: a verified person with the role, within their rate. Handlers hold it as a value.

use std::time::Instant;

use axum::extract::FromRequestParts;
use bionicpro_audit::{Entry, Event, Outcome};
use bionicpro_auth::{Binding, Caller, Claims, Rejection};
use bionicpro_edge::RequestId;
use http::request::Parts;

use crate::access;
use crate::problem::{Problem, ProblemKind};
use crate::state::AppState;

/// Seconds after which tokens may be checked again when the issuer's keys are not at hand.
const RETRY_AFTER_KEYS_S: u64 = 5;

/// A person who may read their own reports. Whose reports, comes from here and from nothing else in a request.
pub(crate) struct Wearer {
    /// The login name of the verified token. For the caller's own answer and the mart, never for a log.
    pub(crate) name: String,
}

impl FromRequestParts<AppState> for Wearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let claims = signed_in(parts, app).await?;
        claims.require_role(app.verifier.required_role()).map_err(refusal)?;
        // Not before the role: an account without it would take the name from the person whose reports go by it.
        own_name(parts, app, &claims).await?;
        Ok(Wearer { name: claims.username })
    }
}

/// Verifies the request's token: a person, within their rate. What they may do, and whether the name is theirs, is still to
/// be asked.
pub(crate) async fn signed_in(parts: &Parts, app: &AppState) -> Result<Claims, Problem> {
    let caller = Caller::authenticate(&parts.headers, &parts.uri, &app.verifier).await.map_err(refusal)?;
    let claims = caller.claims();
    access::by(parts, &claims.username, &claims.subject);
    app.people.allow(claims.subject.clone(), Instant::now())?;
    claims.require_person().map_err(refusal)?;
    Ok(claims.clone())
}

/// Fails when the login name belongs to another account. The first use of a name is written down.
async fn own_name(parts: &Parts, app: &AppState, claims: &Claims) -> Result<(), Problem> {
    let own = app.names.require_own(claims).await.map_err(refusal)?;
    if own == Binding::Created {
        let mut entry = Entry::new(Event::IdentityBind, Outcome::Done).who(&claims.username, &claims.subject);
        if let Some(request_id) = parts.extensions.get::<RequestId>() {
            entry = entry.request(request_id.as_str());
        }
        // A log that fails here fails for the answer too, and its cause is in the service's log.
        let _ = app.audit.record(entry).await;
    }
    Ok(())
}

/// What the caller is told is the rejection's own text, the same for every bad token.
pub(crate) fn refusal(rejection: Rejection) -> Problem {
    let kind = match rejection {
        Rejection::Missing | Rejection::Invalid(_) => ProblemKind::InvalidToken,
        Rejection::InvalidRequest(_) => ProblemKind::BadRequest,
        Rejection::Forbidden(_) => ProblemKind::InsufficientScope,
        Rejection::Unavailable(_) => ProblemKind::Unavailable,
    };
    let mut problem = Problem::new(kind).detail(rejection.detail()).reason(rejection.reason().as_str());
    if let Some(challenge) = rejection.challenge() {
        problem = problem.challenge(challenge);
    }
    match kind {
        ProblemKind::Unavailable => problem.retry_after(RETRY_AFTER_KEYS_S),
        ProblemKind::BadRequest => problem.of_credential(),
        _ => problem,
    }
}

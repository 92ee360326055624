//! Who may read reports: a verified person with the role, within their rate. Handlers hold it as a value.

use std::time::Instant;

use axum::extract::FromRequestParts;
use bionicpro_audit::{Entry, Event, Outcome};
use bionicpro_auth::{Caller, Claims, Own, Rejection};
use bionicpro_edge::RequestId;
use http::request::Parts;

use crate::access;
use crate::app::App;
use crate::problem::{Problem, Slug};

/// Seconds after which tokens may be checked again when the issuer's keys are not at hand.
const RETRY_AFTER_KEYS_S: u64 = 5;

/// A person who may read their own reports. Whose reports, comes from here and from nothing else in a request.
pub(crate) struct Wearer {
    /// The login name of the verified token. For the caller's own answer and the mart, never for a log.
    pub(crate) name: String,
}

impl FromRequestParts<App> for Wearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let claims = signed_in(parts, app).await?;
        claims.require_role(app.verifier.required_role()).map_err(refusal)?;
        // Not before the role: an account without it would take the name from the person whose reports go by it.
        own_name(parts, app, &claims).await?;
        Ok(Wearer { name: claims.username })
    }
}

/// Verifies the request's token: a person, within their rate. What they may do, and whether the name is theirs, is still to
/// be asked.
pub(crate) async fn signed_in(parts: &Parts, app: &App) -> Result<Claims, Problem> {
    let caller = Caller::authenticate(&parts.headers, &parts.uri, &app.verifier).await.map_err(refusal)?;
    let claims = caller.claims();
    access::by(parts, &claims.username, &claims.subject);
    app.people.allow(claims.subject.clone(), Instant::now())?;
    claims.require_person().map_err(refusal)?;
    Ok(claims.clone())
}

/// Fails when the login name belongs to another account. The first use of a name is written down.
async fn own_name(parts: &Parts, app: &App, claims: &Claims) -> Result<(), Problem> {
    let own = app.names.require_own(claims).await.map_err(refusal)?;
    if own == Own::Now {
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
    let slug = match rejection {
        Rejection::Missing | Rejection::Invalid(_) => Slug::InvalidToken,
        Rejection::InvalidRequest(_) => Slug::BadRequest,
        Rejection::Forbidden(_) => Slug::InsufficientScope,
        Rejection::Unavailable(_) => Slug::Unavailable,
    };
    let mut problem = Problem::new(slug).detail(rejection.detail()).reason(rejection.reason().as_str());
    if let Some(challenge) = rejection.challenge() {
        problem = problem.challenge(challenge);
    }
    match slug {
        Slug::Unavailable => problem.retry_after(RETRY_AFTER_KEYS_S),
        Slug::BadRequest => problem.of_credential(),
        _ => problem,
    }
}

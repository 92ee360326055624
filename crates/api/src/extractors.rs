//! Authorization as values: a handler that receives one of these may answer the request.
//!
//! [`Person`] is anyone who is signed in, [`Wearer`] may read their own reports, [`Staff`] may see the
//! pipeline.

use std::time::Instant;

use axum::extract::FromRequestParts;
use bionicpro_audit::{Entry, Event, Outcome};
use bionicpro_auth::{Binding, Caller, Claims, Rejection};
use bionicpro_edge::RequestId;
use bionicpro_model::Username;
use http::request::Parts;

use crate::access;
use crate::problem::{Problem, ProblemKind};
use crate::state::AppState;

/// Seconds after which a client may retry when the issuer's keys are unavailable.
const RETRY_AFTER_KEYS_S: u64 = 5;

/// A person who may read their own reports. Only this value determines whose reports are read, nothing else
/// in a request.
pub(crate) struct Wearer {
    /// The login name of the verified token, for the caller's own answer and for queries of the mart. It must
    /// not be logged.
    pub(crate) username: Username,
}

impl FromRequestParts<AppState> for Wearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let claims = signed_in(parts, app).await?;
        claims.require_role(app.verifier.required_role()).map_err(refusal)?;
        // Checked after the role: otherwise an account without the role could claim the login name of the
        // person whose reports are stored under it.
        own_name(parts, app, &claims).await?;
        Ok(Wearer { username: claims.username })
    }
}

/// Verifies that the request's token belongs to a person within their rate limit. Roles, and the ownership of
/// the login name, remain to be checked.
pub(crate) async fn signed_in(parts: &Parts, app: &AppState) -> Result<Claims, Problem> {
    let caller = Caller::authenticate(&parts.headers, &parts.uri, &app.verifier).await.map_err(refusal)?;
    let claims = caller.claims();
    access::by(parts, claims.username.as_str(), &claims.subject);
    app.people.allow(claims.subject.clone(), Instant::now())?;
    claims.require_person().map_err(refusal)?;
    Ok(claims.clone())
}

/// Fails if the login name belongs to another account. The first use of a name is recorded in the audit log.
async fn own_name(parts: &Parts, app: &AppState, claims: &Claims) -> Result<(), Problem> {
    let own = app.names.require_own(claims).await.map_err(refusal)?;
    if own == Binding::Created {
        let mut entry =
            Entry::new(Event::IdentityBind, Outcome::Done).who(claims.username.as_str(), &claims.subject);
        if let Some(request_id) = parts.extensions.get::<RequestId>() {
            entry = entry.request(request_id.as_str());
        }
        // If the audit log fails here, it fails for the answer too; the cause is in the service's log.
        let _ = app.audit.record(entry).await;
    }
    Ok(())
}

/// Converts a rejection to a problem with the rejection's own text, which is the same for every invalid
/// token.
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

/// A signed-in person. This grants no access to reports.
pub(crate) struct Person {
    /// The permanent id of the account, under which preferences are stored. It must not be logged.
    pub(crate) subject: String,
}

impl FromRequestParts<AppState> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        Ok(Person { subject: signed_in(parts, app).await?.subject })
    }
}

/// The role of people who operate the system. The realm defines its name, as it does that of the wearers'
/// role.
const ROLE: &str = "administrator";

/// An administrator.
pub(crate) struct Staff(());

impl FromRequestParts<AppState> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let claims = signed_in(parts, app).await?;
        match claims.require_role(ROLE) {
            Ok(()) => Ok(Staff(())),
            Err(rejection) => Err(refusal(rejection).detail("This account may not see the pipeline")),
        }
    }
}

//! Failures behind the BFF as problems: the cause goes to the log, the browser gets constant text.

use bionicpro_edge::{Problem, ProblemKind};
use bionicpro_model::{Error, Kind};

/// `Retry-After` in seconds.
const RETRY_AFTER_S: u64 = 5;

/// Returns the problem for a failed store operation. Such a failure does not sign the user in or out.
pub(crate) fn store(error: Error) -> Problem {
    let kind = error.kind();
    tracing::error!(kind = kind.as_str(), error = %error.report(), "the session store failed");
    match kind {
        Kind::Internal => Problem::new(ProblemKind::Internal).reason("internal"),
        _ => unavailable("store"),
    }
}

/// Returns the problem for an unavailable dependency; `reason` names it in the log.
pub(crate) fn unavailable(reason: &'static str) -> Problem {
    Problem::new(ProblemKind::Unavailable)
        .detail("This cannot be done at the moment; try again in a few seconds")
        .retry_after(RETRY_AFTER_S)
        .reason(reason)
}

/// Returns the problem for a request without a session.
pub(crate) fn nobody(reason: &'static str) -> Problem {
    Problem::new(ProblemKind::InvalidToken)
        .detail("No one is signed in here, or the session has ended")
        .reason(reason)
}

/// Returns the problem for a page that belongs to another session than the cookie.
pub(crate) fn other_session() -> Problem {
    Problem::new(ProblemKind::InvalidToken)
        .detail("This page belongs to another session than the one signed in here; load it again")
        .reason("other_session")
}

//! What goes wrong behind the BFF, as a problem: the cause for the log, constant text for the browser.

use bionicpro_edge::{Problem, ProblemKind};
use bionicpro_model::{Error, Kind};

/// Seconds after which a browser may try again.
const RETRY_AFTER_S: u64 = 5;

/// The store did not do what it was asked. Nobody is signed in or out by that.
pub(crate) fn store(error: Error) -> Problem {
    let kind = error.kind();
    tracing::error!(kind = kind.as_str(), error = %error.report(), "the store of the sessions failed");
    match kind {
        Kind::Internal => Problem::new(ProblemKind::Internal).reason("internal"),
        _ => unavailable("store"),
    }
}

/// Something that is needed is away; `reason` says what, for the log.
pub(crate) fn unavailable(reason: &'static str) -> Problem {
    Problem::new(ProblemKind::Unavailable)
        .detail("This cannot be done at the moment; try again in a few seconds")
        .retry_after(RETRY_AFTER_S)
        .reason(reason)
}

/// There is no session.
pub(crate) fn nobody(reason: &'static str) -> Problem {
    Problem::new(ProblemKind::InvalidToken).detail("Nobody is signed in here, or not any more").reason(reason)
}

/// There is a session, and the page that asks is not of it.
pub(crate) fn other_session() -> Problem {
    Problem::new(ProblemKind::InvalidToken)
        .detail("This page is not of the session that is signed in here; load it again")
        .reason("other_session")
}

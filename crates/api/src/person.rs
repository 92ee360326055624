//! Anybody who is signed in, whatever they may read: for what is nobody's data, and for one's own preferences.

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::problem::Problem;
use crate::state::AppState;
use crate::wearer::signed_in;

/// A person with an account. Reads no report.
pub(crate) struct Person {
    /// The account, for ever: what preferences are kept under. Never for a log.
    pub(crate) subject: String,
}

impl FromRequestParts<AppState> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        Ok(Person { subject: signed_in(parts, app).await?.subject })
    }
}

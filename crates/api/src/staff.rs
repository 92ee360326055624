//! Who may see the pipeline: a verified administrator. Whoever holds this reads nobody's report by it.

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::problem::Problem;
use crate::state::AppState;
use crate::wearer::{refusal, signed_in};

/// The role of people who run the system. It is the realm's word, as the role of those who wear a prosthesis is.
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

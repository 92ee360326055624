//! Who is signed in: a value that a handler must hold to do anything for somebody.

use axum::extract::FromRequestParts;
use bionicpro_edge::Problem;
use http::request::Parts;

use crate::session::{CookieSecret, Session};
use crate::state::Bff;
use crate::trouble;

/// A living session and the secret that opens it. It comes from the cookie and from nothing else in a request.
pub(crate) struct SignedIn {
    pub(crate) session: Session,
    pub(crate) secret: CookieSecret,
}

impl FromRequestParts<Bff> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, bff: &Bff) -> Result<Self, Problem> {
        let secret = bff.cookies.session(&parts.headers).ok_or_else(|| trouble::nobody("no_cookie"))?;
        let found = bff.sessions.find(&secret).await.map_err(trouble::store)?;
        let session = found.ok_or_else(|| trouble::nobody("no_session"))?;
        Ok(SignedIn { session, secret })
    }
}

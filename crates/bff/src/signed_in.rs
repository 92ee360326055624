//! The signed-in person: extractors that a handler must hold to act for a person.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use bionicpro_edge::Problem;
use http::request::Parts;
use http::{HeaderMap, HeaderName};

use crate::errors;
use crate::guard::only;
use crate::session::{CookieSecret, Session};
use crate::state::AppState;

/// The header with the session that a page was opened in. A browser sends its cookie with every request, even
/// from a page that was opened in an earlier session; such a page must not be served as the person who is
/// signed in now.
const SESSION: HeaderName = HeaderName::from_static("x-session");

/// A live session, the secret that opens it, and a page that belongs to this very session. Every handler that
/// acts for a person requires it.
pub(crate) struct SignedIn {
    pub(crate) session: Session,
    pub(crate) secret: CookieSecret,
}

/// The live session of the cookie, whatever session the page names. Only for reporting it to the page.
pub(crate) struct CookieOwner(pub(crate) Session);

impl FromRequestParts<AppState> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, bff: &AppState) -> Result<Self, Problem> {
        let secret = secret(&parts.headers, bff)?;
        let found = bff.sessions.find(&secret).await.map_err(errors::store)?;
        let session = found.ok_or_else(|| errors::nobody("no_session"))?;
        of_page(&parts.headers, session, secret)
    }
}

/// `None` if there is no live session: then no person can be mistaken for another.
impl OptionalFromRequestParts<AppState> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, bff: &AppState) -> Result<Option<Self>, Problem> {
        let Some(secret) = bff.cookies.session(&parts.headers) else { return Ok(None) };
        match bff.sessions.find(&secret).await.map_err(errors::store)? {
            Some(session) => of_page(&parts.headers, session, secret).map(Some),
            None => Ok(None),
        }
    }
}

impl FromRequestParts<AppState> for CookieOwner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, bff: &AppState) -> Result<Self, Problem> {
        let found = bff.sessions.find(&secret(&parts.headers, bff)?).await.map_err(errors::store)?;
        found.map(CookieOwner).ok_or_else(|| errors::nobody("no_session"))
    }
}

fn secret(headers: &HeaderMap, bff: &AppState) -> Result<CookieSecret, Problem> {
    bff.cookies.session(headers).ok_or_else(|| errors::nobody("no_cookie"))
}

fn of_page(headers: &HeaderMap, session: Session, secret: CookieSecret) -> Result<SignedIn, Problem> {
    match only(headers, &SESSION) {
        Some(named) if named == session.id => Ok(SignedIn { session, secret }),
        _ => Err(errors::other_session()),
    }
}

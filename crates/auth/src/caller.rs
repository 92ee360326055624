//! Authenticates a request by its headers. The result is a [`Caller`], which says who sent the request.
//!
//! Routes check what a caller may do by its [`Claims`]. A token is read only from a single `Authorization`
//! header: not from the query, the body or a cookie.

use http::{HeaderMap, Uri, header};

use crate::rejection::{Checked, Reason, Rejection};
use crate::{Claims, Verifier};

/// The scheme of RFC 6750; compared without regard to case.
const SCHEME: &str = "bearer";

/// A caller with a verified access token: authenticated, but not yet authorized.
#[derive(Debug, Clone)]
pub struct Caller(Claims);

impl Caller {
    /// Authenticates a request by its headers. The URI only serves to distinguish a token in the query from a
    /// missing one.
    ///
    /// Counts every outcome but logs none: the calling service writes the reason to the single log line of
    /// the request.
    pub async fn authenticate(headers: &HeaderMap, uri: &Uri, verifier: &Verifier) -> Checked<Self> {
        match bearer_token(headers, uri) {
            Ok(unverified_jwt) => verifier.verify(unverified_jwt).await.map(Caller),
            Err(rejection) => {
                verifier.count(rejection.reason().as_str());
                Err(rejection)
            }
        }
    }

    /// The claims of the token.
    pub fn claims(&self) -> &Claims {
        &self.0
    }
}

/// The text after `Bearer ` in the only `Authorization` header.
fn bearer_token<'a>(headers: &'a HeaderMap, uri: &Uri) -> Checked<&'a str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err(match has_token_in_query(uri) {
            true => Rejection::Invalid(Reason::TokenInQuery),
            false => Rejection::Missing,
        });
    };
    if values.next().is_some() {
        return Err(Rejection::InvalidRequest(Reason::SeveralCredentials));
    }
    let (scheme, unverified_jwt) = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or(Rejection::Invalid(Reason::Scheme))?;
    match scheme.eq_ignore_ascii_case(SCHEME) && !unverified_jwt.is_empty() {
        true => Ok(unverified_jwt),
        false => Err(Rejection::Invalid(Reason::Scheme)),
    }
}

/// Returns true if the client sent the token in the query, a form that RFC 6750 deprecates and this system
/// refuses.
fn has_token_in_query(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
}

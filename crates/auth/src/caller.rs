//! From the headers of a request to the caller: the value that says who it is.
//!
//! What a caller may do is for the routes to ask of its [`Claims`]. A token is taken from exactly one `Authorization` header and from nowhere else: not from the query, the body
//! or a cookie.

use http::{HeaderMap, Uri, header};

use crate::rejection::{Checked, Reason, Rejection};
use crate::{Claims, Verifier};

/// The scheme of RFC 6750; compared without regard to case.
const SCHEME: &str = "bearer";

/// Somebody whose access token was verified. It says who, not what they may do.
#[derive(Debug, Clone)]
pub struct Caller(Claims);

impl Caller {
    /// Authenticates a request by its headers; the URI only tells a token in the query from none.
    ///
    /// Counts every outcome and logs none: the caller writes the reason to the request's one log line.
    pub async fn authenticate(headers: &HeaderMap, uri: &Uri, verifier: &Verifier) -> Checked<Self> {
        match bearer_token(headers, uri) {
            Ok(unverified_jwt) => verifier.verify(unverified_jwt).await.map(Caller),
            Err(rejection) => {
                verifier.count(rejection.reason().as_str());
                Err(rejection)
            }
        }
    }

    /// What the token says.
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

/// Whether the client used the form that RFC 6750 deprecates and this system refuses.
fn has_token_in_query(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
}

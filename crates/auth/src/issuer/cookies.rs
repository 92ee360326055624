//! The issuer's two cookies: which browser it is, and whose session it has.
//!
//! Ports of one host share their cookies, hence names and a path of their own. The demo has no TLS, so they are not
//! `Secure`; Keycloak's are.

use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};

/// Ties a sign-in to the browser in which it began: nobody signs another person's browser in (login CSRF).
pub(super) const VISITOR: &str = "bionicpro_demo_issuer_visitor";

/// Proves the session of whoever has signed in.
pub(super) const SESSION: &str = "bionicpro_demo_issuer_session";

/// The value of a cookie that stands once.
pub(super) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut values = pairs
        .flat_map(|pairs| pairs.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(found, _)| *found == name)
        .map(|(_, value)| value);
    values.next().filter(|value| !value.is_empty() && values.next().is_none())
}

/// Sets a cookie until the browser is closed.
pub(super) fn set(response: &mut Response, name: &str, value: &str) {
    append(response, &format!("{name}={value}; Path={}; HttpOnly; SameSite=Lax", super::REALM_PATH));
}

/// Takes a cookie away.
pub(super) fn remove(response: &mut Response, name: &str) {
    append(response, &format!("{name}=; Path={}; Max-Age=0; HttpOnly; SameSite=Lax", super::REALM_PATH));
}

fn append(response: &mut Response, cookie: &str) {
    // Names are constants, and values are base64url and UUIDs that the issuer has made.
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

//! The issuer's two cookies: one identifies the browser, the other its session.
//!
//! The ports of a host share their cookies, so these have their own names and path. The demo has no TLS, so
//! they are not `Secure`; Keycloak's are.
use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};

/// Ties a sign-in to the browser in which it began, so that an attacker cannot sign in the browser of another
/// person (login CSRF).
pub(crate) const VISITOR: &str = "bionicpro_demo_issuer_visitor";

/// Proves the session of the signed-in account.
pub(crate) const SESSION: &str = "bionicpro_demo_issuer_session";

/// The value of a cookie; `None` if it is empty or occurs more than once.
pub(crate) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut values = pairs
        .flat_map(|pairs| pairs.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(found, _)| *found == name)
        .map(|(_, value)| value);
    values.next().filter(|value| !value.is_empty() && values.next().is_none())
}

/// Sets a cookie until the browser is closed.
pub(crate) fn set(response: &mut Response, name: &str, value: &str) {
    append(response, &format!("{name}={value}; Path={}; HttpOnly; SameSite=Lax", crate::REALM_PATH));
}

/// Removes a cookie.
pub(crate) fn remove(response: &mut Response, name: &str) {
    append(response, &format!("{name}=; Path={}; Max-Age=0; HttpOnly; SameSite=Lax", crate::REALM_PATH));
}

fn append(response: &mut Response, cookie: &str) {
    // Names are constants, and values are base64url and UUIDs that the issuer has generated.
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

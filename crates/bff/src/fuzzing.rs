//! The layers below [`crate::Server`], exposed for fuzzing: decisions made about untrusted bytes.

use axum::Router;
use axum::extract::{MatchedPath, Request};
use http::HeaderMap;
use tower::ServiceExt;

use crate::proxy;
use crate::return_to::ReturnTo;
use crate::session::Cookies;

/// Returns the value of the session cookie, if the request carries a valid one.
pub fn session_cookie(is_secure: bool, headers: &HeaderMap) -> Option<String> {
    Cookies::new(is_secure).session(headers).map(|secret| secret.text())
}

/// Returns the value of the cookie of the sign-in with this `state`, if the request carries a valid one.
pub fn sign_in_cookie(is_secure: bool, headers: &HeaderMap, state: &str) -> Option<String> {
    Cookies::new(is_secure).sign_in(headers, state).map(|secret| secret.text())
}

/// Returns the page to return to after sign-in, if it is one of ours.
pub fn return_to(text: &str) -> Option<String> {
    ReturnTo::parse(text).map(|page| page.as_str().to_owned())
}

/// Returns the request headers that are passed on to the Reports API.
pub fn headers_to_api(headers: &HeaderMap) -> HeaderMap {
    proxy::headers_to_api(headers)
}

/// The table of requests that are passed on to the Reports API.
#[derive(Debug, Clone)]
pub struct Passage(Router);

impl Passage {
    /// Creates the service's own table.
    pub fn new() -> Self {
        Passage(proxy::table::routes(async |path: MatchedPath| axum::Extension(path)))
    }

    /// Returns the template that the request matches, if it may pass.
    pub async fn template(&self, request: Request) -> Option<String> {
        if !proxy::is_plain(request.uri().path()) {
            return None;
        }
        let Ok(response) = self.0.clone().oneshot(request).await;
        response.extensions().get().map(|path: &MatchedPath| path.as_str().to_owned())
    }
}

impl Default for Passage {
    fn default() -> Self {
        Passage::new()
    }
}

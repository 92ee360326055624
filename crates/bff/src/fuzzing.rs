//! The layers below [`crate::Server`], for fuzzing: what is decided about bytes that a stranger wrote.

use axum::Router;
use axum::extract::{MatchedPath, Request};
use http::HeaderMap;
use tower::ServiceExt;

use crate::proxy;
use crate::return_to::ReturnTo;
use crate::session::Cookies;

/// The value of the session's cookie, where the request carries one that counts.
pub fn session_cookie(is_secure: bool, headers: &HeaderMap) -> Option<String> {
    Cookies::new(is_secure).session(headers).map(|secret| secret.text())
}

/// The value of the cookie of the sign-in with this `state`, where the request carries one that counts.
pub fn sign_in_cookie(is_secure: bool, headers: &HeaderMap, state: &str) -> Option<String> {
    Cookies::new(is_secure).sign_in(headers, state).map(|secret| secret.text())
}

/// The page that somebody comes back to, where it is one of ours.
pub fn return_to(text: &str) -> Option<String> {
    ReturnTo::parse(text).map(|page| page.as_str().to_owned())
}

/// The headers of a request that the Reports API sees.
pub fn headers_to_api(headers: &HeaderMap) -> HeaderMap {
    proxy::headers_to_api(headers)
}

/// Which requests pass on to the Reports API.
#[derive(Debug, Clone)]
pub struct Passage(Router);

impl Passage {
    /// The table that the service has.
    pub fn new() -> Self {
        Passage(proxy::table::routes(async |path: MatchedPath| axum::Extension(path)))
    }

    /// The template that the request passes by, if it passes.
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

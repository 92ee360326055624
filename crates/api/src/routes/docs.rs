//! `GET /docs`: the reference as a page. Its script and style are embedded in this binary; nothing else is
//! loaded.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

use crate::parameters::{NoParameters, Strict};

/// The page may load its own script and style and read `/openapi.json`, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'";

pub(crate) async fn page(_: Strict<NoParameters>) -> Response {
    asset("text/html; charset=utf-8", include_str!("docs/index.html"))
}

pub(crate) async fn script(_: Strict<NoParameters>) -> Response {
    asset("text/javascript; charset=utf-8", include_str!("docs/reference.js"))
}

pub(crate) async fn style(_: Strict<NoParameters>) -> Response {
    asset("text/css; charset=utf-8", include_str!("docs/reference.css"))
}

fn asset(media_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    (headers, text).into_response()
}

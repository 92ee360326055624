//! The pages that a browser shows: files of this binary. What is not one of them is a page's address, and gets the page;
//! what looks like a file and is none is missing, so that a broken build is seen.

use axum::response::{IntoResponse, Response};
use bionicpro_edge::{Problem, Slug};
use http::{HeaderValue, Method, Uri, header};

/// The page may load its own script and ask its own origin, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// Addresses that begin so are endpoints, never pages.
const ENDPOINTS: [&str; 3] = ["/api", "/auth", "/health"];

pub(crate) async fn serve(method: Method, uri: Uri) -> Result<Response, Problem> {
    let path = uri.path();
    let is_endpoint = |prefix: &&str| {
        path.strip_prefix(*prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if ENDPOINTS.iter().any(is_endpoint) {
        return Err(missing());
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        return Err(Problem::new(Slug::MethodNotAllowed));
    }
    match path {
        "/app.js" => Ok(file("text/javascript; charset=utf-8", include_str!("app.js"))),
        _ if path.rsplit('/').next().is_some_and(|name| name.contains('.')) => Err(missing()),
        _ => Ok(file("text/html; charset=utf-8", include_str!("index.html"))),
    }
}

fn file(media_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    (headers, text).into_response()
}

fn missing() -> Problem {
    Problem::new(Slug::NotFound).detail("There is nothing at this address")
}

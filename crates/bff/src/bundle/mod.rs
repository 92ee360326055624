//! The web app's files, embedded at compile time and served at every path that is not `/auth`, `/api` or
//! `/health`.
//!
//! A view's path returns the single document. A missing file is 404 and never the document, so that a broken
//! build is noticed.

mod files;

use axum::response::{IntoResponse, Response};
use bionicpro_edge::{KnownTags, Problem, ProblemKind};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};

use files::File;

/// The app's content security policy: scripts and styles from its own files, requests to its own origin, and
/// nothing else. Script URLs pass the page's Trusted Types policy `bionicpro`, which allows one: the
/// worker's.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types bionicpro";
/// File names under this prefix contain a hash of the content.
const HASHED: &str = "/assets/";
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Cached, and revalidated on each use.
const ASK: HeaderValue = HeaderValue::from_static("no-cache");

/// The app's single document.
const DOCUMENT: &str = "/index.html";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><title>BionicPRO Reports</title><h1>The web app is not in this program</h1>\
                         <p>Run <code>make build</code>: it builds the app first and then the program around it.</p></html>\n";

/// Paths with these prefixes are endpoints, never views.
const ENDPOINTS: [&str; 3] = ["/api", "/auth", "/health"];

/// Serves every path that no route matches.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let path = uri.path();
    let is_endpoint = |prefix: &&str| {
        path.strip_prefix(*prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if ENDPOINTS.iter().any(is_endpoint) {
        return Err(missing());
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        return Err(Problem::new(ProblemKind::MethodNotAllowed));
    }
    match files::find(path).or_else(|| if is_file(path) { None } else { files::find(DOCUMENT) }) {
        Some(file) => Ok(send(file, &headers)),
        None if is_file(path) => Err(missing()),
        None => Ok(not_built()),
    }
}

fn missing() -> Problem {
    Problem::new(ProblemKind::NotFound).detail("There is nothing at this address")
}

fn not_built() -> Response {
    let media_type = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (StatusCode::SERVICE_UNAVAILABLE, media_type, NOT_BUILT).into_response()
}

/// Returns true if a path names a file and not a view.
fn is_file(path: &str) -> bool {
    path.starts_with(HASHED) || path.rsplit('/').next().is_some_and(|name| name.contains('.'))
}

fn send(file: &'static File, asked: &HeaderMap) -> Response {
    let (encoding, bytes) = file.best(asked);
    let hashed = file.path.starts_with(HASHED);
    let tag = file.tag(encoding);
    let known = KnownTags::of(asked);
    let mut response = match known.is_any() || tag.to_str().is_ok_and(|tag| known.has(tag)) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(header::CONTENT_TYPE, file.media_type())], bytes).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, if hashed { FOR_EVER } else { ASK });
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::ETAG, tag);
    if let Some(name) = encoding.name() {
        headers.insert(header::CONTENT_ENCODING, name);
    }
    response
}

#[cfg(test)]
mod tests;

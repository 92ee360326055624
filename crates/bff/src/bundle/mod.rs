//! The web app's files, embedded at compile time: what a browser gets for any path that is not `/auth` or `/api`.
//!
//! An address of the app gives the one document. A file that is not there is 404 and never the document, so that a broken
//! build is seen as one.

mod files;

use axum::response::{IntoResponse, Response};
use bionicpro_edge::{KnownTags, Problem, ProblemKind};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};

use files::File;

/// What the app may do: run and style itself by its own files, call its own origin, and nothing else. Script addresses
/// pass the policy `bionicpro` of the page, which knows one: the worker's.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types bionicpro";
/// Names of files under it carry a hash of their content.
const HASHED: &str = "/assets/";
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Kept, and asked for each time whether it is still so.
const ASK: HeaderValue = HeaderValue::from_static("no-cache");

/// The one document of the app.
const DOCUMENT: &str = "/index.html";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><title>BionicPRO Reports</title><h1>The web app is not in this program</h1>\
                         <p>Run <code>make build</code>: it builds the app first and then the program around it.</p></html>\n";

/// Addresses that begin so are endpoints, never views.
const ENDPOINTS: [&str; 3] = ["/api", "/auth", "/health"];

/// Answers whatever nothing else answers.
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

/// Whether a path names a file, not a view.
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

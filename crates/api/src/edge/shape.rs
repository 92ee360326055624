//! Which requests are looked at at all: HTTP/1.1, one Host, modest headers, a plain path, no body.
//!
//! No endpoint of this service reads a body or a percent-encoded path, so what needs one of them is a mistake or
//! an attempt at one, and nothing behind this file has to think about it.

use http::uri::Authority;
use http::{HeaderMap, Request, Uri, Version, header};
use hyper::body::Body;

use crate::problem::{Problem, Slug};

/// Longest path and query, in bytes.
const MAX_TARGET_BYTES: usize = 2048;
/// Most header lines.
const MAX_HEADER_LINES: usize = 64;
/// Most bytes of header names and values: the longest token that is verified, twice.
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// A body longer than this is refused as too large, a shorter one as not wanted.
const MAX_BODY_BYTES: u64 = 64 * 1024;

/// Refuses what no endpoint could mean.
pub(super) fn check<B: Body>(request: &Request<B>) -> Result<(), Problem> {
    if request.version() != Version::HTTP_11 {
        return Err(Problem::new(Slug::HttpVersion).detail("This service speaks HTTP/1.1"));
    }
    check_headers(request.headers())?;
    check_host(request.headers())?;
    check_body(request)?;
    check_target(request.uri())
}

fn check_headers(headers: &HeaderMap) -> Result<(), Problem> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > MAX_HEADER_LINES || bytes > MAX_HEADER_BYTES {
        return Err(Problem::new(Slug::HeadersTooLarge).detail(format!(
            "At most {MAX_HEADER_LINES} header lines of {MAX_HEADER_BYTES} bytes are read"
        )));
    }
    Ok(())
}

/// RFC 9112, section 3.2: a request with no Host, or with several, gets 400.
fn check_host(headers: &HeaderMap) -> Result<(), Problem> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| Authority::try_from(host.as_bytes()).ok());
    match (host, hosts.next()) {
        // User names do not belong there, and a comma is how a proxy folds two of them.
        (Some(host), None) if !host.as_str().contains(['@', ',']) => Ok(()),
        _ => Err(Problem::new(Slug::BadRequest).detail("The request must carry exactly one Host header")),
    }
}

fn check_body<B: Body>(request: &Request<B>) -> Result<(), Problem> {
    let length = request.body().size_hint();
    if length.lower() > MAX_BODY_BYTES {
        return Err(Problem::new(Slug::BodyTooLarge).detail("This service reads no request bodies"));
    }
    if request.headers().contains_key(header::TRANSFER_ENCODING) || !request.body().is_end_stream() {
        return Err(Problem::new(Slug::BadRequest).detail("This service reads no request bodies; send none"));
    }
    Ok(())
}

/// Letters, digits and `- . _ ~` between single slashes, as every path of this service.
fn check_target(uri: &Uri) -> Result<(), Problem> {
    if uri.path_and_query().is_some_and(|target| target.as_str().len() > MAX_TARGET_BYTES) {
        return Err(Problem::new(Slug::UriTooLong)
            .detail(format!("Path and query may have {MAX_TARGET_BYTES} bytes")));
    }
    let refuse = |detail: &'static str| Err(Problem::new(Slug::BadRequest).detail(detail));
    let Some(segments) = uri.path().strip_prefix('/') else {
        return refuse("The request target must be a path");
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    if !segments.bytes().all(plain) {
        return refuse("The path holds a character that no address of this service has");
    }
    let bare = |segment: &str| segment.is_empty() || segment.bytes().all(|byte| byte == b'.');
    if !segments.is_empty() && segments.split('/').any(bare) {
        return refuse("The path holds an empty segment, or one of dots only");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(change: impl FnOnce(http::request::Builder) -> http::request::Builder) -> u16 {
        let request = change(Request::get("/api/reports/2024-01-15").header("host", "localhost"));
        check(&request.body(String::new()).unwrap())
            .map_or_else(|problem| problem.slug.status().as_u16(), |()| 200)
    }

    #[test]
    fn paths_that_try_to_leave_are_refused() {
        for path in [
            "/api/reports/%2e%2e%2f",
            "/api/reports/..%5c",
            "/api/reports/....//",
            "/api/reports/%252e%252e",
            "/api/reports/%c0%ae",
            "/api/reports//etc/passwd",
            "/api/reports/C:%5C",
            "/api/reports/C:/",
            "/api/reports/2024-01-01/../../bob/2024-01-01",
            "/api/reports/2024-01-01%2f..%2f",
            "/api/reports/",
            "/api/reports/.",
            "//",
            "/api/reports/a;b",
            "/api/reports/%ff",
            "/api/reports/2024-01-15%00",
            "*",
        ] {
            assert_eq!(status(|request| request.uri(path)), 400, "{path}");
        }
        for path in
            ["/", "/api/reports/2024-01-15", "/docs/reference.js", "/api/reports?date=%2e%2e", "/no/such"]
        {
            assert_eq!(status(|request| request.uri(path)), 200, "{path}");
        }
    }

    #[test]
    fn there_is_exactly_one_host() {
        assert_eq!(status(|request| request.header("host", "localhost")), 400);
        for host in ["", "a b", "user@localhost", "a,b", "http://a"] {
            let request = Request::get("/").header("host", host).body(String::new()).unwrap();
            assert!(check(&request).is_err(), "{host:?}");
        }
        assert!(check(&Request::get("/").body(String::new()).unwrap()).is_err(), "no Host at all");
    }

    #[test]
    fn sizes_have_limits_that_say_so() {
        assert_eq!(status(|request| request.uri(format!("/{}", "a".repeat(2048)))), 414);
        assert_eq!(status(|request| request.header("x-long", "a".repeat(16 * 1024))), 431);
        assert_eq!(status(|request| (0..64).fold(request, |request, _| request.header("x", "y"))), 431);
        let body = |length: usize| Request::get("/").header("host", "a").body("b".repeat(length)).unwrap();
        assert_eq!(check(&body(1)).unwrap_err().slug, Slug::BadRequest);
        assert_eq!(check(&body(65 * 1024)).unwrap_err().slug, Slug::BodyTooLarge);
    }

    #[test]
    fn only_http_1_1_is_spoken() {
        for version in [Version::HTTP_09, Version::HTTP_10, Version::HTTP_2] {
            assert_eq!(status(|request| request.version(version)), 505, "{version:?}");
        }
    }
}

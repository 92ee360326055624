//! The requests that are accepted at all: HTTP/1.1, one Host that is ours, limited headers, a plain path, and
//! a body only for methods where it has a meaning.
//!
//! No path of this program needs percent-encoding, so an encoded path is a mistake or an attack, and no code
//! behind this file has to consider it. Chunked bodies are rejected altogether: clients of this program send
//! a length, and once hyper has read a request with both headers it cannot be told from one with
//! `Transfer-Encoding` alone.

use http::uri::Authority;
use http::{HeaderMap, Method, Request, Uri, Version, header};
use hyper::body::Body;

use crate::Connection;
use crate::body::too_large;
use crate::hosts::Hosts;
use crate::problem::{Problem, ProblemKind};

/// Maximum number of header lines.
const MAX_HEADER_LINES: usize = 64;
/// Maximum bytes of header names and values: twice the longest token that is verified.
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// If no body is read, one longer than this is rejected as too large, and a shorter one as unwanted.
const UNWANTED_BODY_BYTES: u64 = 64 * 1024;

/// Rejects requests that no endpoint could mean. `body_bytes` is the largest allowed body; 0 means that no
/// body is read.
pub(crate) fn check<B: Body>(
    connection: &Connection,
    request: &Request<B>,
    body_bytes: u64,
) -> Result<(), Problem> {
    if request.version() != Version::HTTP_11 {
        return Err(Problem::new(ProblemKind::HttpVersion).detail("This service speaks HTTP/1.1"));
    }
    check_headers(request.headers())?;
    check_host(request.headers(), &connection.rules.hosts)?;
    check_body(request, body_bytes)?;
    check_target(request.uri(), connection.rules.limits.target_bytes)
}

fn check_headers(headers: &HeaderMap) -> Result<(), Problem> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > MAX_HEADER_LINES || bytes > MAX_HEADER_BYTES {
        return Err(Problem::new(ProblemKind::HeadersTooLarge).detail(format!(
            "At most {MAX_HEADER_LINES} header lines with {MAX_HEADER_BYTES} bytes in total are read"
        )));
    }
    Ok(())
}

/// Requires exactly one Host header, or responds with 400 (RFC 9112, section 3.2). A request meant for
/// another host gets 421 (RFC 9110, section 7.4).
pub(crate) fn check_host(headers: &HeaderMap, hosts: &Hosts) -> Result<(), Problem> {
    let mut named = headers.get_all(header::HOST).iter();
    let host = named.next().and_then(|host| Authority::try_from(host.as_bytes()).ok());
    match (host, named.next()) {
        (Some(host), None) if hosts.allow(&host) => Ok(()),
        // User names are not allowed, and a comma is how a proxy joins two Host headers.
        (Some(host), None) if !host.as_str().contains(['@', ',']) => Err(Problem::new(ProblemKind::Misdirected)
            .detail("This service does not answer under that host name; its operator lists the names in the configuration")
            .reason("host")),
        _ => Err(Problem::new(ProblemKind::BadRequest).detail("The request must carry exactly one Host header")),
    }
}

fn check_body<B: Body>(request: &Request<B>, body_bytes: u64) -> Result<(), Problem> {
    let length = request.body().size_hint().lower();
    let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    if !is_chunked && request.body().is_end_stream() {
        return Ok(());
    }
    if length > UNWANTED_BODY_BYTES.max(body_bytes) {
        return Err(match body_bytes {
            0 => Problem::new(ProblemKind::BodyTooLarge).detail("This service reads no request bodies"),
            limit => too_large(limit),
        });
    }
    let has_use = [Method::POST, Method::PUT, Method::PATCH].contains(request.method());
    let refuse = |detail: &'static str| Err(Problem::new(ProblemKind::BadRequest).detail(detail));
    match body_bytes {
        0 => refuse("This service reads no request bodies; send none"),
        _ if is_chunked => refuse("Send the body with a Content-Length; chunked bodies are not read"),
        _ if !has_use => refuse("A request of this method has no body; send none"),
        limit if length > limit => Err(too_large(limit)),
        _ => Ok(()),
    }
}

/// Allows letters, digits and `- . _ ~` between single slashes, as in every path of this program.
fn check_target(uri: &Uri, most: usize) -> Result<(), Problem> {
    if uri.path_and_query().is_some_and(|target| target.as_str().len() > most) {
        return Err(Problem::new(ProblemKind::UriTooLong)
            .detail(format!("Path and query may have at most {most} bytes")));
    }
    let refuse = |detail: &'static str| Err(Problem::new(ProblemKind::BadRequest).detail(detail));
    // The absolute form is for proxies (RFC 9112, section 3.2.2), and its host could contradict the Host
    // header.
    let Some(segments) = uri.path().strip_prefix('/').filter(|_| uri.authority().is_none()) else {
        return refuse("The request target must be a path");
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    if !segments.bytes().all(plain) {
        return refuse("The path contains a character that no address of this service has");
    }
    let bare = |segment: &str| segment.is_empty() || segment.bytes().all(|byte| byte == b'.');
    if !segments.is_empty() && segments.split('/').any(bare) {
        return refuse("The path contains an empty segment, or one of dots only");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Connection {
        Connection::from_loopback(([127, 0, 0, 1], 9).into())
    }

    fn status(change: impl FnOnce(http::request::Builder) -> http::request::Builder) -> u16 {
        let request = change(Request::get("/api/reports/2024-01-15").header("host", "localhost"));
        check(&connection(), &request.body(String::new()).unwrap(), 0)
            .map_or_else(|problem| problem.kind().status().as_u16(), |()| 200)
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
            "http://localhost/health",
            "https://evil.example/health",
            "localhost:8001",
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
        let refusal = |request: http::request::Builder| {
            check(&connection(), &request.body(String::new()).unwrap(), 0).unwrap_err().kind()
        };
        for host in ["", "a b", "user@localhost", "localhost,localhost", "http://a"] {
            assert_eq!(refusal(Request::get("/").header("host", host)), ProblemKind::BadRequest, "{host:?}");
        }
        assert_eq!(refusal(Request::get("/").header("host", "evil.example")), ProblemKind::Misdirected);
        assert_eq!(refusal(Request::get("/")), ProblemKind::BadRequest, "no Host at all");
    }

    #[test]
    fn sizes_have_limits_that_say_so() {
        assert_eq!(status(|request| request.uri(format!("/{}", "a".repeat(2048)))), 414);
        assert_eq!(status(|request| request.header("x-long", "a".repeat(16 * 1024))), 431);
        assert_eq!(status(|request| (0..64).fold(request, |request, _| request.header("x", "y"))), 431);
    }

    #[test]
    fn a_body_passes_where_one_is_read_and_has_a_use() {
        let send = |method: &str, length: usize, limit: u64, header: &'static str| {
            let request = Request::builder()
                .method(method)
                .uri("/")
                .header("host", "localhost")
                .header(header, "chunked");
            check(&connection(), &request.body("b".repeat(length)).unwrap(), limit)
                .map_err(|problem| problem.kind())
        };
        let plain = "x-header";
        assert_eq!(send("POST", 1, 0, plain), Err(ProblemKind::BadRequest));
        assert_eq!(send("POST", 65 * 1024, 0, plain), Err(ProblemKind::BodyTooLarge));
        assert_eq!(send("POST", 100, 100, plain), Ok(()));
        assert_eq!(send("POST", 101, 100, plain), Err(ProblemKind::BodyTooLarge));
        assert_eq!(send("POST", 100, 100, "transfer-encoding"), Err(ProblemKind::BadRequest));
        for method in ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "FOO"] {
            assert_eq!(send(method, 1, 100, plain), Err(ProblemKind::BadRequest), "{method}");
            assert_eq!(send(method, 0, 100, plain), Ok(()), "{method}");
        }
    }

    #[test]
    fn only_http_1_1_is_spoken() {
        for version in [Version::HTTP_09, Version::HTTP_10, Version::HTTP_2] {
            assert_eq!(status(|request| request.version(version)), 505, "{version:?}");
        }
    }
}

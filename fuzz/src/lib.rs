//! The code that the fuzz targets share: how an input becomes a request.
//!
//! A target takes bytes, lets the program decide about them, and asserts of each decision what must hold, by
//! other means than the program's own. A panic, an assertion, ten seconds or two gigabytes are a finding.

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Request};

/// Reads `METHOD TARGET`, header lines and, after an empty line, a body; none where no such request can reach
/// a service.
pub fn request(data: &[u8]) -> Option<Request<Vec<u8>>> {
    let at = data.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = at.map_or((data, &b""[..]), |at| (&data[..at], &data[at + 2..]));
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = lines.next()?;
    let (method, target) = std::str::from_utf8(first).ok()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(target).body(body.to_vec()).ok()?;
    *request.headers_mut() = headers(lines)?;
    Some(request)
}

/// Reads `name: value` lines; none where a line is no header.
pub fn headers<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        headers.try_append(name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?).ok()?;
    }
    Some(headers)
}

/// The same request with a body that a service reads.
pub fn with_body(request: Request<Vec<u8>>) -> Request<Body> {
    request.map(Body::from)
}

//! The headers that are passed on, in either direction. All others are dropped: cookies, credentials,
//! hop-by-hop headers, a client's claims about where it comes from, and anything invented later.

use http::{HeaderMap, HeaderName, header};

/// Request headers that are passed on to the API.
const REQUEST: [HeaderName; 5] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::IF_NONE_MATCH,
    header::CONTENT_TYPE,
];

/// Response headers that are passed on to the browser.
const RESPONSE: [HeaderName; 8] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_DISPOSITION,
    header::CONTENT_LANGUAGE,
    header::ETAG,
    HeaderName::from_static("data-as-of"),
    header::RETRY_AFTER,
    header::ALLOW,
];

pub(crate) fn of_request(headers: &HeaderMap) -> HeaderMap {
    pick(headers, &REQUEST)
}

pub(super) fn of_response(headers: &HeaderMap) -> HeaderMap {
    pick(headers, &RESPONSE)
}

/// Picks headers that occur exactly once. If a header occurs several times, it is unclear which value is
/// meant.
fn pick(headers: &HeaderMap, names: &[HeaderName]) -> HeaderMap {
    let mut picked = HeaderMap::new();
    for name in names {
        let mut values = headers.get_all(name).iter();
        if let (Some(value), None) = (values.next(), values.next()) {
            picked.insert(name, value.clone());
        }
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b28_only_what_is_on_the_list_passes() {
        let all = [
            "accept",
            "cookie",
            "authorization",
            "connection",
            "te",
            "trailer",
            "upgrade",
            "host",
            "origin",
            "x-forwarded-for",
            "x-forwarded-user",
            "x-user-id",
            "forwarded",
            "x-http-method-override",
            "x-csrf",
            "x-session",
            "proxy-authorization",
            "transfer-encoding",
            "content-length",
            "referer",
            "range",
            "expect",
        ];
        let headers = all.iter().map(|name| (HeaderName::from_static(name), "x".parse().unwrap())).collect();
        assert_eq!(of_request(&headers).len(), 1);
        let all =
            ["etag", "set-cookie", "www-authenticate", "location", "server", "access-control-allow-origin"];
        let headers = all.iter().map(|name| (HeaderName::from_static(name), "x".parse().unwrap())).collect();
        assert_eq!(of_response(&headers).len(), 1);
    }
}

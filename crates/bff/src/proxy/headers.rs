//! Which headers pass, in either direction. All others stay where they are: cookies, credentials, hop-by-hop headers,
//! what a client says about where it comes from, and whatever will be invented.

use http::{HeaderMap, HeaderName, header};

/// Of a request, to the API.
const REQUEST: [HeaderName; 5] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::IF_NONE_MATCH,
    header::CONTENT_TYPE,
];

/// Of an answer, to the browser.
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

/// Those that stand once; of several, nobody knows which is meant.
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

//! Input of the BFF from a browser, or from a client that imitates one: cookies, the page to return to,
//! requests to `/api`.
#![no_main]

use std::sync::LazyLock;

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bionicpro_bff::fuzzing::{Passage, headers_to_api, return_to, session_cookie, sign_in_cookie};
use bionicpro_fuzz::request;
use http::{HeaderMap, Request};
use libfuzzer_sys::{Corpus, fuzz_target};
use tokio::runtime::Runtime;
use url::Url;

/// Headers of a browser's request that may be passed on to the API.
const PASSED_ON: [&str; 4] = ["accept", "accept-language", "if-none-match", "content-type"];
const STATE: &str = "abcdefghijklmnop";

static WORLD: LazyLock<(Runtime, Passage)> =
    LazyLock::new(|| (tokio::runtime::Builder::new_current_thread().build().unwrap(), Passage::new()));

fuzz_target!(|data: &[u8]| -> Corpus {
    if let Ok(text) = std::str::from_utf8(data) {
        check_return(text);
    }
    let Some(request) = request(data) else { return Corpus::Keep };
    for (is_secure, name) in [(true, "__Host-Http-sid"), (false, "bionicpro-sid")] {
        check_cookie(request.headers(), name, session_cookie(is_secure, request.headers()));
    }
    let found = sign_in_cookie(true, request.headers(), STATE);
    check_cookie(request.headers(), "__Host-Http-signin-abcdefghijkl", found);
    check_headers(request.headers());
    check_passage(request.map(Body::from));
    Corpus::Keep
});

/// Checks that an accepted cookie occurs once, under its exact name, and is the one spelling of 32 bytes.
fn check_cookie(headers: &HeaderMap, name: &str, found: Option<String>) {
    let Some(found) = found else { return };
    assert_eq!(URL_SAFE_NO_PAD.decode(&found).expect("base64url").len(), 32);
    let pair = format!("{name}={found}");
    let lines = headers.get_all("cookie").iter().filter_map(|line| line.to_str().ok());
    let pairs: Vec<&str> = lines.flat_map(|line| line.split(';')).map(str::trim).collect();
    assert_eq!(pairs.iter().filter(|text| **text == pair).count(), 1, "{pairs:?}");
    let same_name = |text: &&&str| text.split('=').next() == Some(name) && text.contains('=');
    assert_eq!(pairs.iter().filter(same_name).count(), 1, "{pairs:?}");
}

/// Checks that the address of a page to return to leads to our site in every reading, and never to an
/// endpoint.
fn check_return(text: &str) {
    let Some(page) = return_to(text) else { return };
    assert_eq!(page, text);
    assert!(page.starts_with('/') && !page.starts_with("//") && page.is_ascii());
    assert!(!page.bytes().any(|byte| byte.is_ascii_control() || byte == b'\\' || byte == b' '));
    for site in [
        "https://reports.example.com",
        "http://127.0.0.1:8000",
        "https://reports.example.com/auth/callback?x=y",
    ] {
        let site = Url::parse(site).unwrap();
        let there = site.join(&page).expect("an address");
        assert_eq!(there.origin(), site.origin(), "{page}");
        let path = there.path();
        assert!(
            !["/auth", "/api"].iter().any(|part| path == *part || path.starts_with(&format!("{part}/"))),
            "{page}"
        );
    }
}

fn check_headers(headers: &HeaderMap) {
    let passed = headers_to_api(headers);
    for (name, value) in &passed {
        assert!(PASSED_ON.contains(&name.as_str()), "{name}");
        assert_eq!(headers.get_all(name).iter().collect::<Vec<_>>(), [value]);
    }
}

/// Checks that a request that is passed on matches a row of the table, segment by segment, and that every
/// parser reads its path alike.
fn check_passage(request: Request<Body>) {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let Some(template) = WORLD.0.block_on(WORLD.1.template(request)) else { return };
    assert!(
        method == "GET" || method == "HEAD" || (method == "PUT" && template == "/api/preferences"),
        "{method}"
    );
    let (path, template): (Vec<_>, Vec<_>) = (uri.path().split('/').collect(), template.split('/').collect());
    assert_eq!(path.len(), template.len(), "{uri}");
    for (segment, expected) in path.iter().zip(&template) {
        assert!(expected == segment || expected.starts_with('{'), "{uri}");
        assert!(!segment.contains(['%', '\\', ';', ':', '@']), "{uri}");
    }
    assert_eq!(path[1], "api");
    let joined = Url::parse("http://127.0.0.1:8001").unwrap().join(uri.path()).unwrap();
    assert_eq!((joined.path(), joined.host_str()), (uri.path(), Some("127.0.0.1")));
}

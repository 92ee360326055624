//! Requests that other sites make a browser send.

use reqwest::Method;

use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn b21_without_the_header_no_call_is_answered() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    for path in ["/api/reports", "/api/reports/summary", "/api/reports/2026-01-02"] {
        let url = browser.url(path);
        for headers in [
            vec![],
            vec![("sec-fetch-site", "same-origin")],
            vec![("x-csrf", "0")],
            vec![("x-csrf", "")],
            vec![("x-csrf", "1, 1")],
            vec![("x-csrf", "1"), ("x-csrf", "1")],
        ] {
            let page = browser.send(Method::GET, &url, &headers, None).await;
            assert_eq!(page.status, 403, "{path} {headers:?}");
            assert_eq!(page.json()["type"], "urn:bionicpro:problem:forbidden");
        }
    }
    assert!(world.upstream.take().is_empty());
    assert_eq!(world.browser().send(Method::GET, &browser.url("/api/reports"), &[], None).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn b22_b23_what_changes_something_comes_from_our_own_page() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    let own = world.origin.clone();
    let other_scheme = own.replace("http:", "https:");
    let longer = format!("{own}.evil.tld");
    let rows: Vec<(Vec<(&str, &str)>, u16)> = vec![
        (vec![("sec-fetch-site", "same-origin")], 200),
        (vec![("origin", &own)], 200),
        (vec![("sec-fetch-site", "same-origin"), ("origin", &own)], 200),
        (vec![("sec-fetch-site", "cross-site")], 403),
        (vec![("sec-fetch-site", "same-site")], 403),
        (vec![("sec-fetch-site", "none")], 403),
        (vec![("sec-fetch-site", "cross-site"), ("origin", &own)], 403),
        (vec![("origin", "null")], 403),
        (vec![("origin", "https://evil.example")], 403),
        (vec![("origin", &other_scheme)], 403),
        (vec![("origin", &longer)], 403),
        (vec![("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")], 403),
        (vec![], 403),
    ];
    let url = browser.url("/auth/extend");
    let session = browser.session_id();
    for (mut headers, expected) in rows {
        headers.extend([("x-csrf", "1"), ("x-session", session.as_str())]);
        let page = browser.send(Method::POST, &url, &headers, None).await;
        assert_eq!(page.status, expected, "{headers:?}");
        assert!(page.headers.keys().all(|name| !name.as_str().starts_with("access-control")), "{headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b24_nobody_is_ever_allowed_to_read_across_origins() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    for path in ["/api/reports", "/auth/me", "/auth/logout", "/"] {
        let url = browser.url(path);
        let preflight = [
            ("origin", "https://evil.example"),
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "x-csrf"),
        ];
        let page = browser.send(Method::OPTIONS, &url, &preflight, None).await;
        assert_eq!(page.status, 405, "{path}");
        assert!(page.headers.keys().all(|name| !name.as_str().starts_with("access-control")), "{path}");
        assert!(page.header("vary").contains("Origin"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b25_a_form_of_another_site_changes_nothing() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    let url = browser.url("/auth/logout");
    for media_type in ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"] {
        let headers = [
            ("content-type", media_type),
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ];
        assert_eq!(browser.send(Method::POST, &url, &headers, None).await.status, 403, "{media_type}");
    }
    assert_eq!(browser.get("/auth/me").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_or_a_picture_begins_no_sign_in() {
    let world = World::start().await;
    let mut browser = world.browser();
    for path in ["/auth/login", "/auth/callback?code=x&state=y"] {
        let url = browser.url(path);
        for mode in ["cors", "no-cors", "websocket"] {
            assert_eq!(browser.send(Method::GET, &url, &[("sec-fetch-mode", mode)], None).await.status, 403);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b29_nobody_gets_a_problem_and_never_a_redirect() {
    let world = World::start().await;
    for path in ["/auth/me", "/auth/sessions", "/api/reports", "/api/reports/2026-01-02"] {
        let page = world.browser().get(path).await;
        assert_eq!((page.status, page.location()), (401, ""), "{path}");
        assert_eq!(page.header("content-type"), "application/problem+json");
        let problem = page.json();
        assert_eq!(problem["type"], "urn:bionicpro:problem:invalid-token");
        assert_eq!(problem["request_id"], page.header("x-request-id"));
    }
}

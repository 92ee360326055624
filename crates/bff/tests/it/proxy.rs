//! The requests and headers that are passed on to the Reports API, and those that are not.

use bionicpro_edge::ListenerConfig;
use reqwest::Method;

use crate::support::{ReportsApi, World};

#[tokio::test(flavor = "multi_thread")]
async fn b28_a_request_arrives_with_the_token_and_without_anything_else_of_the_browser() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    let url = browser.url("/api/reports?limit=2&before=2026-01-02");
    let session = browser.session_id();
    let headers = [
        ("x-csrf", "1"),
        ("x-session", session.as_str()),
        ("accept", "application/json"),
        ("authorization", "Bearer forged"),
        ("x-user-id", "bob"),
        ("x-forwarded-user", "bob"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-http-method-override", "DELETE"),
        ("te", "trailers"),
        ("range", "bytes=0-1"),
    ];
    assert_eq!(browser.send(Method::GET, &url, &headers, None).await.status, 200);
    let arrived = world.upstream.take().pop().unwrap();
    assert_eq!(
        (arrived.method.as_str(), arrived.uri.to_string()),
        ("GET", "/api/reports?limit=2&before=2026-01-02".into())
    );
    assert!(arrived.token().starts_with("eyJ"));
    let mut names: Vec<_> = arrived.headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "authorization", "host", "user-agent", "x-forwarded-for"]);
    assert_eq!(
        arrived.headers["x-forwarded-for"], "127.0.0.1",
        "the address that we see, not the one that was sent"
    );
    assert_eq!(arrived.headers["host"], world.upstream.address.to_string());
    assert_eq!(arrived.headers["accept"], "application/json");
}

#[tokio::test(flavor = "multi_thread")]
async fn b28_b30_of_an_answer_only_what_is_on_the_list_passes() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    let page = browser.get("/api/reports").await;
    assert_eq!(page.body, r#"{"reports":[]}"#);
    assert_eq!(
        (page.header("etag"), page.header("content-type")),
        ("\"tag\"", "application/json; charset=utf-8")
    );
    for name in ["set-cookie", "server", "access-control-allow-origin", "location", "www-authenticate"] {
        assert_eq!(page.header(name), "", "{name}");
    }
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cross-origin-resource-policy"), "same-origin");
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
    assert_ne!(page.header("x-request-id"), "of the api");
}

#[tokio::test(flavor = "multi_thread")]
async fn b28_only_what_the_table_names_is_asked() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    for (path, expected) in [
        ("/api/unknown", 404),
        ("/api", 404),
        ("/api/reports/2026-01-02/more", 404),
        ("/openapi.json", 404),
        ("/api/reports/..%2f..%2fadmin", 400),
        ("/api/reports/%2e%2e", 400),
        ("/api/reports/...", 400),
        ("/api//reports", 400),
        ("/api/reports/", 400),
    ] {
        assert_eq!(browser.get(path).await.status, expected, "{path}");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let page = browser.ask(method.clone(), "/api/reports").await;
        assert_eq!((page.status, page.header("allow")), (405, "GET,HEAD"), "{method}");
    }
    assert!(world.upstream.take().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_problem_of_the_api_passes_under_this_requests_name() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    let page = browser.get("/api/reports/2024-01-15").await;
    assert_eq!(page.status, 404);
    assert_eq!(page.json()["type"], "urn:bionicpro:problem:not-found");
    assert_eq!(page.json()["request_id"], page.header("x-request-id"));
}

#[tokio::test(flavor = "multi_thread")]
async fn b29_a_redirect_of_the_api_does_not_pass() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    let page = browser.get("/api/reports/2024-01-16").await;
    assert_eq!((page.status, page.location()), (503, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reports_api_answers_people_who_come_with_a_cookie() {
    let (world, _api) = ReportsApi::start(ListenerConfig::default()).await;
    let mut ivan = world.signed_in("ivan.petrov").await;
    let page = ivan.get("/api/reports").await;
    assert_eq!((page.status, &page.json()["user"]), (200, &"ivan.petrov".into()));
    let mut maria = world.signed_in("maria.sidorova").await;
    let page = maria.get("/api/reports").await;
    assert_eq!(
        (page.status, &page.json()["type"]),
        (403, &"urn:bionicpro:problem:insufficient-scope".into())
    );
    let page = ivan.get("/api/reports?user_id=bob").await;
    assert_eq!((page.status, &page.json()["request_id"]), (400, &page.header("x-request-id").into()));
}

//! Every error is a problem document, even if no endpoint was reached.

use insta::assert_snapshot;

use crate::support::{App, raw};

#[tokio::test]
async fn an_address_that_does_not_exist_is_404() {
    let app = App::start().await;
    assert_snapshot!(app.anonymous().get("/api/report").await.shown(), @r#"
    404
    {
      "detail": "There is nothing at this address; /docs lists the endpoints",
      "request_id": "[request id]",
      "status": 404,
      "title": "Not found",
      "type": "urn:bionicpro:problem:not-found"
    }
    "#);
}

#[tokio::test]
async fn other_methods_are_405_and_name_those_that_are_allowed() {
    let app = App::start().await;
    for path in ["/api/reports", "/api/reports/summary", "/api/reports/2024-01-15", "/health", "/docs"] {
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"] {
            let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
            let answered = app.wearer("alice").send(method.clone(), path, &[], None).await;
            assert_eq!(answered.checked_status(), 405, "{method} {path}");
            assert_eq!(answered.header("allow"), "GET,HEAD");
        }
    }
    let answered = app.anonymous().send(reqwest::Method::DELETE, "/api/reports", &[], None).await;
    assert_snapshot!(answered.shown(), @r#"
    405
    allow: GET,HEAD
    {
      "detail": "This address does not support this method; the header Allow lists those it supports",
      "request_id": "[request id]",
      "status": 405,
      "title": "Method not allowed",
      "type": "urn:bionicpro:problem:method-not-allowed"
    }
    "#);
}

#[tokio::test]
async fn a_page_of_another_origin_is_given_no_permission() {
    let app = App::start().await;
    let headers = [("origin", "https://evil.example"), ("access-control-request-method", "GET")];
    for method in [reqwest::Method::GET, reqwest::Method::OPTIONS] {
        let answered = app.wearer("alice").send(method, "/api/reports", &headers, None).await;
        assert!(
            answered.headers.keys().all(|name| !name.as_str().starts_with("access-control-")),
            "{answered:?}"
        );
        assert_eq!(answered.header("cross-origin-resource-policy"), "same-origin");
    }
}

#[tokio::test]
async fn a_request_id_that_a_client_sends_is_not_used() {
    let app = App::start().await;
    let answered = app.anonymous().get_with("/health", &[("x-request-id", "mine")]).await;
    assert_ne!(answered.header("x-request-id"), "mine");
    let again = app.anonymous().get("/health").await;
    assert_ne!(answered.header("x-request-id"), again.header("x-request-id"));
}

#[tokio::test]
async fn what_is_not_http_1_1_with_one_host_is_refused() {
    let app = App::start().await;
    for (request, status) in [
        ("GET /health HTTP/1.1\r\n", 400),
        ("GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n", 400),
        ("GET /health HTTP/1.1\r\nHost:\r\n", 400),
        ("GET /health HTTP/1.1\r\nHost: evil.example\r\n", 421),
        ("GET http://localhost/health HTTP/1.1\r\nHost: localhost\r\n", 400),
        ("GET /health HTTP/1.0\r\nHost: localhost\r\n", 505),
        ("GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n", 400),
        ("GET /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n", 400),
        (
            "GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n",
            400,
        ),
        (
            "POST /health HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n",
            413,
        ),
    ] {
        let answered = raw(app.address, format!("{request}Connection: close\r\n\r\n")).await;
        assert_eq!(answered.checked_status(), status, "{request}");
    }
    let target = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(4000));
    assert_eq!(raw(app.address, target).await.checked_status(), 414);
    let header = format!("GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "a".repeat(20_000));
    assert_eq!(raw(app.address, header).await.checked_status(), 431);
    let headers = "X-Many: 1\r\n".repeat(100);
    let lines = format!("GET /health HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
    assert_eq!(raw(app.address, lines).await.checked_status(), 431);
    // Far beyond the limit, hyper itself stops reading.
    let huge =
        format!("GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "a".repeat(1_000_000));
    assert_eq!(raw(app.address, huge).await.status, 431);
}

#[tokio::test]
async fn http_2_is_not_spoken() {
    let app = App::start().await;
    let answered = raw(app.address, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!([0, 400].contains(&answered.status), "{answered:?}");
    let upgrade = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings, close\r\n\
                   Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n";
    assert_eq!(raw(app.address, upgrade).await.status, 200);
}

#[tokio::test]
async fn bytes_after_a_refused_body_are_no_second_request() {
    let app = App::start().await;
    let smuggled = "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
                    0\r\n\r\nGET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answered = raw(app.address, smuggled).await;
    assert_eq!(answered.status, 400);
    assert!(!answered.body.contains("HTTP/1.1"), "{}", answered.body);
}

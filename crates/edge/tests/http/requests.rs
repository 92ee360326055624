//! The requests that are accepted, and the headers of every response.

use crate::support::{BODY_BYTES, Service, get_once};

async fn status(service: &Service, request: &str) -> u16 {
    let answers = service.send(request).await;
    assert_eq!(answers.statuses().len(), 1, "{request:?}: {answers:?}");
    answers.statuses()[0]
}

#[tokio::test]
async fn there_is_one_host_and_it_is_ours() {
    let service = Service::with(|listen| listen.hosts = vec!["reports.example.com".to_owned()]).await;
    for (hosts, expected) in [
        ("Host: reports.example.com\r\n", 200),
        ("Host: REPORTS.example.com:8443\r\n", 200),
        ("", 400),
        ("Host:\r\n", 400),
        ("Host: reports.example.com\r\nHost: reports.example.com\r\n", 400),
        ("Host: reports.example.com\r\nHost: evil.example\r\n", 400),
        ("Host: reports.example.com, evil.example\r\n", 400),
        ("Host: user@reports.example.com\r\n", 400),
        ("Host: http://reports.example.com\r\n", 400),
        ("Host: reports.example.com:\r\n", 421),
        ("Host: reports.example.com.\r\n", 421),
        ("Host: reports.example.com.evil.example\r\n", 421),
        ("Host: localhost\r\n", 421),
        ("Host: evil.example\r\nX-Forwarded-Host: reports.example.com\r\n", 421),
    ] {
        let request = format!("GET /fine HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        assert_eq!(status(&service, &request).await, expected, "{hosts:?}");
    }
}

#[tokio::test]
async fn a_target_is_a_path() {
    let service = Service::start().await;
    for target in [
        "http://localhost/fine",
        "http://evil.example/fine",
        "https://localhost/fine",
        "//localhost/fine",
        "*",
        "/fine/../fine",
        "/fine/",
        "/%66ine",
        "/fine;x",
        "/fine\\x",
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assert_eq!(status(&service, &request).await, 400, "{target}");
    }
    let long = format!("/fine?{}", "a".repeat(4000));
    assert_eq!(status(&service, &get_once(&long)).await, 414);
    assert_eq!(status(&service, &get_once(&format!("/{}", "a".repeat(70_000)))).await, 431);
}

#[tokio::test]
async fn h12_other_methods_are_refused_and_the_answer_says_which_are_not() {
    let service = Service::start().await;
    for method in ["TRACE", "FOO", "get", "Get", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"] {
        let request = format!("{method} /fine HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answers = service.send(&request).await;
        assert_eq!(answers.statuses(), [405], "{method}");
        assert_eq!(answers.header("allow"), Some("GET,HEAD,POST"), "{method}");
    }
    for request in [
        "CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "CONNECT /fine HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ] {
        let answers = service.send(request).await;
        assert!([400, 405].contains(&answers.statuses()[0]), "{request}: {answers:?}");
    }
}

#[tokio::test]
async fn h13_no_header_changes_the_method() {
    let service = Service::start().await;
    for name in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
        let request =
            format!("GET /fine HTTP/1.1\r\nHost: localhost\r\n{name}: POST\r\nConnection: close\r\n\r\n");
        assert_eq!(status(&service, &request).await, 200, "{name}");
    }
}

#[tokio::test]
async fn h14_head_has_the_headers_of_get_and_no_body() {
    let service = Service::start().await;
    let get = service.send(get_once("/fine")).await;
    let head = service.send(get_once("/fine").replacen("GET", "HEAD", 1)).await;
    assert!(get.0.ends_with("\r\n\r\nfine") && head.0.ends_with("\r\n\r\n"), "{head:?}");
    for name in ["content-length", "content-type", "cache-control", "content-security-policy"] {
        assert_eq!(get.header(name), head.header(name), "{name}");
    }
}

#[tokio::test]
async fn h16_a_body_has_a_use_a_limit_and_a_length() {
    let service = Service::start().await;
    let post = |length: usize| {
        format!(
            "POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{}",
            "b".repeat(length)
        )
    };
    let limit = usize::try_from(BODY_BYTES).unwrap();
    assert_eq!(status(&service, &post(limit)).await, 200);
    assert_eq!(status(&service, &post(limit + 1)).await, 413);
    assert_eq!(status(&service, &post(1_000_000)).await, 413);
    assert_eq!(status(&service, &post(3).replacen("POST /echo", "GET /fine", 1)).await, 400);
}

#[tokio::test]
async fn h17_a_range_is_not_taken_apart() {
    let service = Service::start().await;
    let ranges = (0..2000).map(|at| format!("{at}-")).collect::<Vec<_>>().join(",");
    for range in ["0-0".to_owned(), "-1".to_owned(), "5-1".to_owned(), ranges] {
        let request = get_once("/fine")
            .replace("\r\n\r\n", &format!("\r\nRange: bytes={range}\r\nIf-Range: x\r\n\r\n"));
        let answers = service.send(&request).await;
        assert_eq!(answers.statuses(), [200]);
        assert!(answers.0.ends_with("\r\n\r\nfine") && answers.0.len() < 1000);
    }
}

#[tokio::test]
async fn h18_what_is_too_large_is_refused_before_it_is_asked_for() {
    let service = Service::start().await;
    let expect = |expectation: &str, length: u64| {
        format!(
            "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: {expectation}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        )
    };
    let answers = service.send(expect("100-continue", 99_999_999)).await;
    assert_eq!(answers.statuses(), [413], "{answers:?}");
    let answers = service.send(format!("{}abc", expect("100-continue", 3))).await;
    assert_eq!(answers.statuses(), [100, 200], "{answers:?}");
    for _ in 0..3 {
        let answers = service.send(format!("{}abc", expect("weird", 3))).await;
        assert_eq!(answers.statuses(), [200], "{answers:?}");
    }
}

#[tokio::test]
async fn h25_a_panic_is_one_500_and_the_next_request_is_answered() {
    let service = Service::start().await;
    let answers = service.send(get_once("/panic")).await;
    assert_eq!(answers.statuses(), [500]);
    assert!(!answers.0.contains("the cause"), "{answers:?}");
    assert_eq!(status(&service, &get_once("/fine")).await, 200);
}

#[tokio::test]
async fn every_answer_has_the_headers_and_an_endpoint_may_set_its_own() {
    let service = Service::start().await;
    for path in ["/fine", "/no/such", "/panic"] {
        let answers = service.send(get_once(path)).await;
        assert_eq!(answers.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answers.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answers.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(answers.header("cross-origin-resource-policy"), Some("same-origin"), "{path}");
        assert_eq!(
            answers.header("content-security-policy"),
            Some("default-src 'none'; frame-ancestors 'none'"),
            "{path}"
        );
        assert!(answers.header("x-request-id").is_some(), "{path}");
        assert_eq!(answers.header("server"), None, "{path}");
        assert_eq!(answers.header("strict-transport-security"), None, "not over plain HTTP");
    }
    let page = service.send(get_once("/page")).await;
    assert_eq!(page.header("cache-control"), Some("max-age=60"));
    assert_eq!(page.header("content-security-policy"), Some("default-src 'self'"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn http_2_is_not_spoken() {
    let service = Service::start().await;
    let preface = service.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    assert!(preface.statuses().iter().all(|status| *status >= 400), "{preface:?}");
    let upgrade = "GET /fine HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings, close\r\n\
                   Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n";
    assert_eq!(service.send(upgrade).await.statuses(), [200]);
}

#[tokio::test]
async fn h22_only_a_trusted_proxy_says_where_a_request_comes_from() {
    let spoofed = get_once("/peer").replace("\r\n\r\n", "\r\nX-Forwarded-For: 1.1.1.1, 192.0.2.5\r\n\r\n");
    let direct = Service::start().await;
    assert!(direct.send(&spoofed).await.0.ends_with("\r\n\r\n127.0.0.1"));
    let behind = Service::with(|listen| listen.trusted_proxies = vec!["127.0.0.0/8".to_owned()]).await;
    assert!(behind.send(&spoofed).await.0.ends_with("\r\n\r\n192.0.2.5"));
}

//! Tests of the edge with misbehaving endpoints, and of its log line.

use std::cell::RefCell;
use std::sync::Once;

use axum::routing::get;
use http::StatusCode;
use http_body_util::BodyExt;
use serde_json::Value;

use super::*;

fn connection() -> Connection {
    Connection::from_loopback(([127, 0, 0, 1], 9).into())
}

fn options(deadline: Duration) -> Options {
    Options { deadline, body_bytes: 1000, methods: None, texts: DefaultDetails::default() }
}

fn edge(deadline: Duration) -> Edge {
    let router = Router::new()
        .route("/panic", get(|| async { panic!("the cause is for the log") as StatusCode }))
        .route("/slow", get(|| async { std::future::pending::<StatusCode>().await }))
        .route("/bare/{name}", get(|| async { (StatusCode::IM_A_TEAPOT, "text of a library") }))
        .route("/fine", get(|| async { "fine" }));
    Edge::new(router, options(deadline))
}

async fn ask(edge: &Edge, target: &str) -> (StatusCode, Value) {
    let request = Request::get(target).header("host", "localhost").body(String::new()).unwrap();
    let response = edge.clone().answer(&connection(), request).await;
    let (status, id) = (response.status(), response.headers()[REQUEST_ID].to_str().unwrap().to_owned());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    assert!(body.is_null() || body["request_id"] == id);
    (status, body)
}

#[tokio::test]
async fn a_panic_is_a_500_without_its_cause_and_the_next_request_is_answered() {
    let edge = edge(Duration::from_secs(5));
    let (status, body) = ask(&edge, "/panic").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(body["detail"], "The request failed because of a defect; tell us the request_id");
    assert_eq!(body["type"], "urn:bionicpro:problem:internal");
    assert_eq!(ask(&edge, "/fine").await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_endpoint_that_hangs_is_a_503_at_the_deadline() {
    let (status, body) = ask(&edge(Duration::from_millis(50)), "/slow").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body["type"], "urn:bionicpro:problem:unavailable");
}

#[tokio::test]
async fn an_error_that_a_library_wrote_becomes_a_problem() {
    let (status, body) = ask(&edge(Duration::from_secs(5)), "/bare/x").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(body["type"], "urn:bionicpro:problem:bad-request");
    assert!(!body.to_string().contains("library"));
}

thread_local! {
    /// The log output of this thread, on which a whole `tokio::test` runs.
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct ThreadLog;

impl std::io::Write for ThreadLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Installs one subscriber for the process: a scoped one misses spans whose callsite another test's thread
/// has already registered without a subscriber.
fn keep_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(|| ThreadLog);
        tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    });
    LOG.with_borrow_mut(Vec::clear);
}

#[tokio::test]
async fn d22_a_request_is_one_line_of_json_without_anything_that_the_caller_wrote() {
    keep_log();
    let edge = edge(Duration::from_secs(5));
    let request = Request::builder()
        .method("LOG\u{7c}INJECTION")
        .uri("/bare/recognizable?name=recognizable%0d%0a")
        .header("host", "localhost")
        .header("user-agent", "recognizable\" {}")
        .header("authorization", "Bearer recognizable")
        .header("x-request-id", "recognizable")
        .header("x-forwarded-for", "192.0.2.7");
    edge.clone().answer(&connection(), request.body(String::new()).unwrap()).await;

    let log = String::from_utf8(LOG.take()).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
    let line: Value = serde_json::from_str(&log).unwrap();
    assert_eq!(
        (&line["route"], &line["method"], &line["status"]),
        (&"/bare/{name}".into(), &"other".into(), &405.into())
    );
    assert!(line["span"]["request_id"].is_string());
    for secret in ["recognizable", "INJECTION", "192.0.2.7", "127.0.0.1"] {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
}

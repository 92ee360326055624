//! `/health`, `/health/live` and `/health/ready`.

use std::time::{Duration, Instant};

use bionicpro_auth::testing::Answer;
use bionicpro_model::SecretUrl;
use insta::assert_snapshot;

use crate::support::App;

#[tokio::test]
async fn health_says_that_the_service_answers() {
    let app = App::start().await;
    let answered = app.anonymous().get("/health").await;
    assert_eq!(answered.checked_status(), 200);
    assert_eq!(answered.json()["status"], "healthy");
    assert_eq!(answered.json()["version"], env!("CARGO_PKG_VERSION"));
    assert_snapshot!(app.anonymous().get("/health/live").await.body, @r#"{"status":"live"}"#);
}

#[tokio::test]
async fn ready_shows_each_dependency() {
    let app = App::start().await;
    let answered = app.anonymous().get("/health/ready").await;
    assert_eq!(answered.checked_status(), 200);
    assert_snapshot!(answered.body, @r#"{"status":"ready","dependencies":{"warehouse":"ok","issuer":"ok"}}"#);
}

#[tokio::test]
async fn ready_is_503_without_the_issuers_keys_and_recovers() {
    let app = App::start().await;
    app.issuer.answer_keys(Answer::HangUp);
    let answered = app.anonymous().get("/health/ready").await;
    assert_eq!(answered.status, 503);
    assert_snapshot!(answered.body, @r#"{"status":"unavailable","dependencies":{"warehouse":"ok","issuer":"unavailable"}}"#);
    let report = app.wearer("ivan.petrov").get("/api/reports").await;
    assert_eq!(report.checked_status(), 503);
    assert!(!report.header("retry-after").is_empty());
}

#[tokio::test]
async fn ready_is_503_without_the_warehouse() {
    let nobody = SecretUrl::parse("http://user:password@127.0.0.1:1/").unwrap();
    let app = App::builder().reading_through(nobody).start().await;
    let answered = app.anonymous().get("/health/ready").await;
    assert_eq!(answered.status, 503);
    assert_snapshot!(answered.body, @r#"{"status":"unavailable","dependencies":{"warehouse":"unavailable","issuer":"ok"}}"#);
    assert_eq!(app.anonymous().get("/health").await.status, 200);
}

#[tokio::test]
async fn a_probe_in_a_loop_asks_the_dependencies_once_a_second() {
    let app = App::start().await;
    app.issuer.answer_keys(Answer::HangUp);
    let (client, started) = (app.anonymous(), Instant::now());
    for _ in 0..200 {
        client.get("/health/ready").await;
    }
    let fetched = app.issuer.connections();
    let seconds = usize::try_from(started.elapsed().as_secs()).unwrap() + 1;
    assert!(fetched <= 4 * seconds, "{fetched} connections in {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(30));
}

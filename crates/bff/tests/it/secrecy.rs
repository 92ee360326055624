//! Tokens stay on the server, and the store reveals nothing.

use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn b04_no_token_ever_reaches_a_browser() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser.visit("/").await;
    browser.sign_in("ivan.petrov", "/day/2026-01-02").await;
    for path in [
        "/auth/me",
        "/auth/sessions",
        "/api/reports",
        "/api/reports/2024-01-15",
        "/api/unknown",
        "/health/ready",
    ] {
        browser.get(path).await;
    }
    world.clock.advance(301);
    browser.get("/api/reports").await;
    browser.post("/auth/extend").await;
    browser.visit("/auth/callback?code=x&state=y").await;
    browser.visit("/auth/login").await;
    browser.post("/auth/logout").await;
    browser.get("/auth/me").await;
    let received = browser.received.lock().unwrap().clone();
    assert!(received.len() > 5_000 && received.contains("ivan.petrov"), "the traffic was kept");
    assert_eq!(received.matches("eyJ").count(), 0);
    let access = world.upstream.take().pop().unwrap().token();
    assert!(!received.contains(access.rsplit('.').next().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn b19_a_dump_of_the_store_reveals_nobody() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    browser.go_to_issuer("ivan.petrov", "/day/2026-01-02").await;
    browser.get("/api/reports").await;
    let token = world.upstream.take().pop().unwrap().token();
    let dump = world.dump();
    let holds = |text: &str| dump.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("session:"), "the dump was read");
    let session = browser.session();
    let signature = token.rsplit('.').next().unwrap();
    for secret in [
        "eyJ",
        "ivan",
        "Petrov",
        "5b0a5c1e-5f0e",
        "prothetic",
        "2026-01-02",
        "Another browser",
        &session,
        signature,
    ] {
        assert!(!holds(secret), "{secret} is in the store");
    }
}

//! Refused cookies and tokens: many refusals from one address are delayed, without delaying other clients.

use std::time::Duration;

use bionicpro_edge::ListenerConfig;
use reqwest::Method;

use crate::support::{Browser, Page, ReportsApi, World};

/// Time within which a refusal without delay would have arrived.
const A_WHILE: Duration = Duration::from_millis(300);

/// Two refusals a minute are sent immediately. The delay of a third one is longer than any test.
fn two_a_minute() -> ListenerConfig {
    ListenerConfig {
        unauthenticated_per_minute: 2,
        refusal_delay_s: 60,
        trusted_proxies: vec!["127.0.0.1".to_owned()],
        ..ListenerConfig::default()
    }
}

/// Sends a request from an address as the web app does.
async fn from(browser: &mut Browser, address: &str, path: &str) -> Page {
    let url = browser.url(path);
    let session = browser.session_id();
    let headers = [
        ("x-csrf", "1"),
        ("x-session", session.as_str()),
        ("sec-fetch-site", "same-origin"),
        ("x-forwarded-for", address),
    ];
    browser.send(Method::GET, &url, &headers, None).await
}

async fn is_late(asking: impl Future<Output = Page>) -> bool {
    tokio::time::timeout(A_WHILE, asking).await.is_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_that_are_tried_are_refused_late_and_who_is_signed_in_is_not() {
    let world = World::builder().configure(|config| config.listener = two_a_minute()).start().await;
    let mut ivan = world.signed_in("ivan.petrov").await;
    let mut stranger = world.browser();
    let made_up = "A".repeat(43);
    stranger.own_cookies().insert("bionicpro-sid".to_owned(), made_up);
    for path in ["/auth/me", "/api/reports"] {
        assert_eq!(from(&mut stranger, "192.0.2.1", path).await.status, 401, "{path}");
    }
    for path in ["/auth/me", "/auth/sessions", "/api/reports"] {
        assert!(is_late(from(&mut stranger, "192.0.2.1", path)).await, "{path}");
        assert_eq!(from(&mut ivan, "192.0.2.1", path).await.status, 200, "{path}");
    }
    assert_eq!(from(&mut stranger, "192.0.2.2", "/auth/me").await.status, 401, "another address has its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn logout_tokens_that_are_tried_are_refused_late() {
    let world = World::builder().configure(|config| config.listener = two_a_minute()).start().await;
    let mut stranger = world.browser();
    let url = stranger.url("/auth/backchannel-logout");
    let mut deliver =
        async || stranger.send(Method::POST, &url, &[], Some("logout_token=a.b.c".to_owned())).await;
    assert_eq!((deliver().await.status, deliver().await.status), (400, 400));
    assert!(is_late(deliver()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_token_the_api_refuses_delays_nobody_at_another_address() {
    let world = World::builder().configure(|config| config.listener = two_a_minute()).start().await;
    let mut ivan = world.signed_in("ivan.petrov").await;
    let mut john = world.signed_in("john.mueller").await;
    let refused = "/api/reports/2024-01-17";
    for _ in 0..2 {
        assert_eq!(from(&mut ivan, "192.0.2.1", refused).await.status, 401);
    }
    assert!(is_late(from(&mut ivan, "192.0.2.1", refused)).await);
    assert_eq!(from(&mut john, "192.0.2.2", refused).await.status, 401);
    assert_eq!(from(&mut john, "192.0.2.1", "/api/reports").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_answered_while_bad_tokens_reach_the_api_from_the_same_address() {
    // It trusts no proxy, so all people have the BFF's address.
    let listener = ListenerConfig { trusted_proxies: Vec::new(), ..two_a_minute() };
    let (world, api) = ReportsApi::start(listener).await;
    let mut ivan = world.signed_in("ivan.petrov").await;
    let url = format!("http://{}/api/reports", api.address);
    let flood: Vec<_> = (0..40)
        .map(|_| {
            let mut stranger = world.browser();
            let url = url.clone();
            tokio::spawn(async move {
                let bad = [("authorization", "Bearer a.b.c")];
                stranger.send(Method::GET, &url, &bad, None).await.status
            })
        })
        .collect();
    let answered = || flood.iter().filter(|one| one.is_finished()).count();
    while answered() < 2 {
        tokio::time::sleep(A_WHILE).await;
    }
    for _ in 0..10 {
        assert_eq!(ivan.get("/api/reports").await.status, 200);
    }
    assert_eq!(answered(), 2, "the others are held");
    flood.iter().for_each(|one| one.abort());
}

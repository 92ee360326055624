//! New access tokens: one refresh for any number of simultaneous requests, and what happens if it fails.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::support::{Browser, World};

/// Sends fifty requests at once, over all replicas. Returns the tokens that arrived at the API.
async fn fifty_calls(world: &World, browser: &Browser, replicas: &[usize]) -> BTreeSet<String> {
    world.upstream.take();
    let calls = (0..50).map(|number| {
        let mut browser = browser.clone();
        browser.origin = world.replica(replicas[number % replicas.len()]);
        // The page's origin is that of the first replica, whichever of them serves the request.
        let cookies = browser.cookies.clone();
        async move {
            let jar = browser.origin.trim_start_matches("http://").to_owned();
            browser.cookies.insert(jar, cookies.values().next().unwrap().clone());
            browser.get("/api/reports").await.status
        }
    });
    let statuses = join_all(calls).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    let arrived = world.upstream.take();
    assert_eq!(arrived.len(), 50);
    arrived.iter().map(|request| request.token()).collect()
}

async fn one_refresh_for_fifty_calls(mut world: World) {
    let mut browser = world.signed_in("ivan.petrov").await;
    browser.cookies.retain(|jar, _| world.origin.ends_with(jar.as_str()));
    let second = world.replicate().await;
    browser.get("/api/reports").await;
    let old = world.upstream.take().pop().unwrap().token();
    // Three times: a refresh token that was used twice would end the session at the next refresh.
    for _ in 0..3 {
        world.clock.advance(301);
        let tokens = fifty_calls(&world, &browser, &[0, second]).await;
        // Each refresh returns a new token, and the request that refreshes uses it, so one token means one
        // refresh.
        assert_eq!(tokens.len(), 1);
        assert!(!tokens.contains(&old));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b17_fifty_calls_over_two_replicas_refresh_once() {
    one_refresh_for_fifty_calls(World::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b17_fifty_calls_over_two_replicas_refresh_once_with_sessions_in_redis() {
    let Some(world) = World::builder().start_on_redis().await else { return };
    one_refresh_for_fifty_calls(world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_renewed_before_it_ends_and_nobody_waits() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    browser.get("/api/reports").await;
    let first = world.upstream.take().pop().unwrap().token();
    world.clock.advance(269);
    browser.get("/api/reports").await;
    assert_eq!(world.upstream.take().pop().unwrap().token(), first);
    world.clock.advance(2);
    browser.get("/api/reports").await;
    assert_ne!(world.upstream.take().pop().unwrap().token(), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn b18_a_grant_that_the_issuer_refuses_ends_the_session() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    // The issuer's own session ends without notice, because nothing has refreshed it for thirty minutes.
    for _ in 0..6 {
        world.clock.advance(300);
        assert_eq!(browser.post("/auth/extend").await.status, 200);
    }
    let page = browser.get("/api/reports").await;
    assert_eq!(page.status, 401, "after thirty minutes without a refresh the issuer has ended its session");
    assert_eq!(browser.get("/auth/me").await.status, 401, "and neither do we");
    assert!(world.upstream.take().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn b18_an_issuer_that_does_not_answer_keeps_the_session() {
    let mut world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    world.stop_issuer().await;
    world.clock.advance(280);
    assert_eq!(browser.get("/api/reports").await.status, 200, "the old token is good for a while");
    world.clock.advance(20);
    let page = browser.get("/api/reports").await;
    assert_eq!(page.status, 503);
    assert!(!page.header("retry-after").is_empty());
    assert_eq!(browser.get("/auth/me").await.status, 200, "still signed in");
}

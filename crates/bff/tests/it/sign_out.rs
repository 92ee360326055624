//! Sign-out: here, and at the issuer.

use reqwest::Method;

use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn b03_b13_b30_who_signs_out_is_out_here_and_at_the_issuer() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    let mut thief = browser.clone();
    let page = browser.post("/auth/logout").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("clear-site-data"), "\"cache\", \"storage\"");
    assert_eq!(page.set_cookies(), ["bionicpro-sid=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"]);
    assert_eq!(thief.get("/auth/me").await.status, 401, "the cookie is worth nothing");
    assert_eq!(thief.get("/api/reports").await.status, 401);

    let location = page.json()["location"].as_str().unwrap().to_owned();
    assert!(!location.contains("token"), "{location}");
    let page = browser.follow(&location).await;
    assert_eq!(
        page.location(),
        format!("{}/signed-out", world.origin),
        "the issuer asks nothing: its session is over"
    );
    let page = browser.visit("/auth/login").await;
    let page = browser.follow(page.location()).await;
    assert_eq!(page.status, 200, "the issuer asks for a password again");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_signed_in_is_signed_out_all_the_same() {
    let world = World::start().await;
    let page = world.browser().post("/auth/logout").await;
    assert_eq!(page.status, 200);
    assert!(page.json()["location"].as_str().unwrap().contains("/logout?"));
}

#[tokio::test(flavor = "multi_thread")]
async fn b14_no_link_and_no_other_site_signs_anybody_out() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    let page = browser.visit("/auth/logout").await;
    assert_eq!((page.status, page.header("allow")), (405, "POST"));
    let url = browser.url("/auth/logout");
    for headers in [
        vec![("sec-fetch-site", "cross-site"), ("x-csrf", "1")],
        vec![("sec-fetch-site", "same-site"), ("x-csrf", "1")],
        vec![("sec-fetch-site", "same-origin")],
        vec![("x-csrf", "1")],
        vec![("x-csrf", "1"), ("origin", "null")],
    ] {
        let page = browser.send(Method::POST, &url, &headers, None).await;
        assert_eq!(page.status, 403, "{headers:?}");
    }
    assert_eq!(browser.get("/auth/me").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_works_while_the_issuer_is_away() {
    let mut world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    let mut thief = browser.clone();
    world.stop_issuer().await;
    assert_eq!(browser.post("/auth/logout").await.status, 200);
    assert_eq!(thief.get("/auth/me").await.status, 401);
}

//! A page that was opened in another session than the browser has now.

use bionicpro_store::{Key, Store};
use reqwest::Method;

use crate::support::{Browser, Page, World};

/// All requests that a page makes for a person.
const CALLS: [(Method, &str); 9] = [
    (Method::GET, "/api/reports"),
    (Method::GET, "/api/reports/2026-01-02"),
    (Method::GET, "/api/preferences"),
    (Method::PUT, "/api/preferences"),
    (Method::POST, "/auth/extend"),
    (Method::GET, "/auth/sessions"),
    (Method::DELETE, "/auth/sessions/unknown"),
    (Method::DELETE, "/auth/sessions"),
    (Method::POST, "/auth/logout"),
];

/// Returns the browser of a person who signed in there after another one, and the session that the first
/// person's page names.
async fn one_after_the_other(world: &World) -> (Browser, String) {
    let mut browser = world.signed_in("ivan.petrov").await;
    let ivans = browser.get("/auth/me").await.json()["session"].as_str().unwrap().to_owned();
    world.issuer().end_sessions("ivan.petrov").await.unwrap();
    assert_eq!(browser.get("/auth/me").await.status, 401);
    assert_eq!(browser.sign_in("john.mueller", "/").await.status, 303);
    (browser, ivans)
}

async fn call(browser: &mut Browser, method: &Method, path: &str, sessions: &[&str]) -> Page {
    let url = browser.url(path);
    let mut headers = vec![("x-csrf", "1"), ("sec-fetch-site", "same-origin")];
    headers.extend(sessions.iter().map(|session| ("x-session", *session)));
    browser.send(method.clone(), &url, &headers, None).await
}

/// Returns the sealed records of the browser's session as the store holds them.
async fn records(world: &World, browser: &mut Browser) -> Vec<Option<Vec<u8>>> {
    let store = Store::open(&world.store_config).await.unwrap();
    let keys = ["session", "session-life"].map(|kind| Key::new(kind, &browser.session_id()));
    store.get_many(&keys).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn b35_a_page_of_another_session_gets_nothing_and_changes_nothing() {
    let world = World::start().await;
    let (mut john, ivans) = one_after_the_other(&world).await;
    let johns = john.session_id();
    let before = records(&world, &mut john).await;
    assert!(before.iter().all(Option::is_some));
    world.clock.advance(60);
    let other_case = johns.to_ascii_lowercase();
    let padded = format!("{johns}=");
    let both = format!("{johns}, {johns}");
    let secret = john.session();
    let rows: [&[&str]; 9] = [
        &[&ivans],
        &[],
        &[""],
        &[&johns, &johns],
        &[&ivans, &johns],
        &[&other_case],
        &[&padded],
        &[&both],
        // A page that could send the cookie's own value would know the secret.
        &[&secret],
    ];
    for sessions in rows {
        for (method, path) in &CALLS {
            let page = call(&mut john, method, path, sessions).await;
            assert_eq!(page.status, 401, "{method} {path} {sessions:?}");
            let problem = page.json();
            assert_eq!(problem["type"], "urn:bionicpro:problem:invalid-token");
            assert_eq!(
                problem["detail"],
                "This page belongs to another session than the one signed in here; load it again"
            );
            assert!(page.set_cookies().is_empty() && page.header("clear-site-data").is_empty(), "{page:?}");
        }
    }
    assert!(world.upstream.take().is_empty(), "no request reached the API");
    assert_eq!(records(&world, &mut john).await, before, "nor was the session kept alive");
    for (method, path) in &CALLS {
        let page = john.ask(method.clone(), path).await;
        let expected = match *path {
            "/auth/sessions/unknown" => 404,
            "/auth/sessions" if method == Method::DELETE => 204,
            _ => 200,
        };
        assert_eq!(page.status, expected, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b35_a_write_of_another_sessions_page_does_not_delay_the_end_by_idleness() {
    let world = World::start().await;
    let (mut john, ivans) = one_after_the_other(&world).await;
    for _ in 0..3 {
        world.clock.advance(290);
        for (method, path) in [(Method::PUT, "/api/preferences"), (Method::POST, "/auth/extend")] {
            assert_eq!(call(&mut john, &method, path, &[&ivans]).await.status, 401, "{path}");
        }
    }
    world.clock.advance(30);
    assert_eq!(john.get("/auth/me").await.status, 401, "fifteen minutes after it began");
}

#[tokio::test(flavor = "multi_thread")]
async fn b35_a_session_has_one_name_as_long_as_it_lives_and_it_is_not_the_cookie() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    let name = |page: &Page| page.json()["session"].as_str().unwrap().to_owned();
    let first = name(&browser.get("/auth/me").await);
    assert_ne!(first, browser.session());
    let listed = browser.get("/auth/sessions").await.json();
    assert_eq!(listed["sessions"][0]["id"], first.as_str());
    browser.get("/api/reports").await;
    let token = world.upstream.take().pop().unwrap().token();
    world.clock.advance(301);
    assert_eq!(browser.ask_in(&first, Method::GET, "/api/reports").await.status, 200);
    assert_ne!(world.upstream.take().pop().unwrap().token(), token, "the tokens are new");
    assert_eq!(name(&browser.get("/auth/me").await), first);
    assert_eq!(name(&browser.ask_in(&first, Method::POST, "/auth/extend").await), first);

    let mut stranger = world.browser();
    stranger.own_cookies().insert("bionicpro-sid".to_owned(), first.clone());
    assert_eq!(stranger.ask_in(&first, Method::GET, "/auth/me").await.status, 401, "it opens nothing");
    assert_eq!(stranger.ask_in(&first, Method::GET, "/api/reports").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn b35_a_page_whose_session_is_over_signs_nobody_out_who_came_later() {
    let world = World::start().await;
    let (mut john, ivans) = one_after_the_other(&world).await;
    assert_eq!(john.ask_in(&ivans, Method::POST, "/auth/logout").await.status, 401);
    assert_eq!(john.get("/auth/me").await.json()["user"], "john.mueller");
    assert_eq!(john.get("/api/reports").await.status, 200);
}

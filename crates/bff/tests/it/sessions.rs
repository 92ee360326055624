//! The lifetimes of sessions, their number, and ending them.

use bionicpro_issuer::pause::PausePoint;

use crate::sign_in::is_known_to_issuer;
use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn b16_a_session_ends_after_fifteen_minutes_without_a_request() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    world.clock.advance(899);
    assert_eq!(browser.get("/auth/me").await.status, 200, "reading the session does not keep it alive");
    assert_eq!(browser.get("/api/reports").await.status, 200, "a request for data does");
    world.clock.advance(899);
    assert_eq!(browser.post("/auth/extend").await.status, 200, "and so does extending it");
    world.clock.advance(899);
    assert_eq!(browser.get("/auth/me").await.status, 200);
    world.clock.advance(1);
    assert_eq!(browser.get("/auth/me").await.status, 401);
    assert_eq!(browser.get("/api/reports").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn b16_a_session_ends_after_eight_hours_whatever_is_asked() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    for _ in 0..8 * 6 - 1 {
        world.clock.advance(600);
        assert_eq!(browser.get("/api/reports").await.status, 200);
    }
    world.clock.advance(599);
    assert_eq!(browser.get("/api/reports").await.status, 200);
    world.clock.advance(1);
    assert_eq!(browser.get("/api/reports").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn b20_what_is_not_exactly_the_cookie_is_nobody() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    let good = browser.session();
    let mut cut = good.clone();
    let last = cut.pop().unwrap();
    let flipped = format!("{}{}", if good.starts_with('A') { 'B' } else { 'A' }, &good[1..]);
    for bad in
        [cut.clone(), format!("{good}{last}"), flipped, "x".repeat(5000), String::new(), good.to_lowercase()]
    {
        browser.own_cookies().insert("bionicpro-sid".into(), bad.clone());
        assert_eq!(browser.get("/auth/me").await.status, 401, "{bad}");
        assert_eq!(browser.get("/api/reports").await.status, 401, "{bad}");
    }
    browser.own_cookies().insert("bionicpro-sid".into(), format!("{good}; bionicpro-sid={good}"));
    assert_eq!(browser.get("/auth/me").await.status, 401, "twice");
    browser.own_cookies().remove("bionicpro-sid");
    for name in ["sid", "__Host-Http-sid", "Bionicpro-sid"] {
        let mut renamed = browser.clone();
        renamed.own_cookies().insert(name.into(), good.clone());
        assert_eq!(renamed.get("/auth/me").await.status, 401, "{name}");
    }
    for n in 0..60 {
        browser.own_cookies().insert(format!("crowd-{n}"), "x".into());
    }
    browser.own_cookies().insert("bionicpro-sid".into(), good);
    assert_eq!(browser.get("/auth/me").await.status, 200, "a crowd around it does not matter");
    assert!(world.upstream.take().is_empty(), "no request reached the API");
}

#[tokio::test(flavor = "multi_thread")]
async fn b31_somebody_sees_their_sessions_ends_one_and_loses_the_oldest() {
    let world = World::builder().configure(|config| config.sessions_per_person = 3).start().await;
    let mut browsers = Vec::new();
    for _ in 0..4 {
        browsers.push(world.signed_in("ivan.petrov").await);
        world.clock.advance(20);
    }
    let mut stranger = world.signed_in("john.mueller").await;
    assert_eq!(browsers[0].get("/auth/me").await.status, 401, "the oldest made room");

    let list = browsers[3].get("/auth/sessions").await.json();
    let sessions = list["sessions"].as_array().unwrap();
    let current: Vec<_> = sessions.iter().map(|session| session["current"].as_bool().unwrap()).collect();
    assert_eq!(current, [true, false, false], "the newest first");
    assert_eq!(sessions[0]["agent"], "Another browser");
    let second = sessions[1]["id"].as_str().unwrap();

    assert_eq!(stranger.delete(&format!("/auth/sessions/{second}")).await.status, 404, "not theirs");
    assert_eq!(browsers[2].get("/auth/me").await.status, 200);
    assert_eq!(browsers[3].delete(&format!("/auth/sessions/{second}")).await.status, 204);
    assert_eq!(browsers[2].get("/auth/me").await.status, 401);
    assert_eq!(browsers[3].delete("/auth/sessions/unknown").await.status, 404);

    let page = browsers[3].delete("/auth/sessions").await;
    assert_eq!(page.status, 204);
    assert_eq!(browsers[3].session(), "", "this one too");
    assert_eq!(browsers[1].get("/auth/me").await.status, 401);
    assert_eq!(stranger.get("/auth/me").await.status, 200);
}

/// Otherwise a thief of the device could simply open the page again, because the issuer would still know it.
#[tokio::test(flavor = "multi_thread")]
async fn b31_a_session_that_is_ended_from_elsewhere_is_over_at_the_issuer_too() {
    let world = World::builder().configure(|config| config.sessions_per_person = 4).start().await;
    let mut browsers = Vec::new();
    for _ in 0..4 {
        browsers.push(world.signed_in("ivan.petrov").await);
        world.clock.advance(20);
    }
    // Each session has other tokens by now than those it began with.
    world.clock.advance(301);
    for browser in &mut browsers {
        assert_eq!(browser.get("/api/reports").await.status, 200);
    }
    let list = browsers[3].get("/auth/sessions").await.json();
    let second = list["sessions"][1]["id"].as_str().unwrap().to_owned();
    assert_eq!(browsers[3].delete(&format!("/auth/sessions/{second}")).await.status, 204);
    assert!(!is_known_to_issuer(&browsers[2]).await, "it was ended");
    for browser in [&browsers[0], &browsers[1], &browsers[3]] {
        assert!(is_known_to_issuer(browser).await);
    }
    // One session more than allowed.
    world.signed_in("ivan.petrov").await;
    world.signed_in("ivan.petrov").await;
    assert!(!is_known_to_issuer(&browsers[0]).await, "the oldest made room");
    assert_eq!(browsers[3].delete("/auth/sessions").await.status, 204);
    for browser in &browsers {
        assert!(!is_known_to_issuer(browser).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b31_a_session_that_is_ended_while_it_is_refreshed_is_over_at_the_issuer_too() {
    let world = World::start().await;
    let mut lost = world.signed_in("ivan.petrov").await;
    let mut own = world.signed_in("ivan.petrov").await;
    let id = lost.session_id();
    world.clock.advance(301);
    assert_eq!(own.get("/api/reports").await.status, 200);
    let paused = world.issuer().pause(PausePoint::AfterGrant);
    let ending = async {
        paused.until_held(1).await;
        assert_eq!(own.delete(&format!("/auth/sessions/{id}")).await.status, 204);
        drop(paused);
    };
    let (page, ()) = tokio::join!(lost.get("/api/reports"), ending);
    assert_eq!(page.status, 401);
    assert!(!is_known_to_issuer(&lost).await, "whichever of its refresh tokens was given back");
    assert!(is_known_to_issuer(&own).await);
}

/// Two tabs that wait for a sign-in: the second comes back too late, when a session has begun already.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_callback_leaves_the_session_that_began_meanwhile() {
    let world = World::start().await;
    let mut browser = world.browser();
    let late = browser.go_to_issuer("ivan.petrov", "/").await;
    world.clock.advance(599);
    let soon = browser.go_to_issuer("ivan.petrov", "/").await;
    assert_eq!(browser.come_back(&soon).await.status, 303);
    world.clock.advance(2);
    assert_eq!(browser.come_back(&late).await.status, 400);
    assert_eq!(browser.get("/auth/me").await.json()["user"], "ivan.petrov");
}

#[tokio::test(flavor = "multi_thread")]
async fn b31_a_thousand_sign_ins_leave_as_many_sessions_as_allowed() {
    let sign_ins = std::env::var("BIONICPRO_SIGN_INS").map_or(30, |text| text.parse().unwrap());
    let world = World::start().await;
    let mut browser = world.browser();
    for _ in 0..sign_ins {
        // Without its cookie, so that no session replaces another.
        browser.own_cookies().remove("bionicpro-sid");
        assert_eq!(browser.sign_in("ivan.petrov", "/").await.status, 303);
    }
    let list = browser.get("/auth/sessions").await.json();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn b32_a_session_in_the_address_is_nobody() {
    let world = World::start().await;
    let session = world.signed_in("ivan.petrov").await.session();
    for path in ["/auth/me?bionicpro-sid=", "/auth/me?sid=", "/api/reports?bionicpro-sid="] {
        assert_eq!(world.browser().get(&format!("{path}{session}")).await.status, 401, "{path}");
    }
}

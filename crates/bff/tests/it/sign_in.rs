//! Sign-in: the checks on a return from the issuer, and what happens if one fails.

use crate::support::{Browser, World};

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_in_and_comes_back_to_the_page_they_asked_for() {
    let world = World::start().await;
    let mut browser = world.browser();
    assert_eq!(browser.get("/auth/me").await.status, 401);
    let page = browser.sign_in("ivan.petrov", "/day/2026-01-02").await;
    assert_eq!((page.status, page.location()), (303, "/day/2026-01-02"));
    let me = browser.get("/auth/me").await;
    assert_eq!(me.status, 200);
    let me = me.json();
    assert_eq!((&me["user"], &me["name"]), (&"ivan.petrov".into(), &"Ivan Petrov".into()));
    assert_eq!(me["roles"], serde_json::json!(["prothetic_user"]));
    let seconds =
        |name: &str| me[name].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp();
    assert_eq!(seconds("idle_expires_at") - seconds("authenticated_at"), 900);
    assert_eq!(seconds("expires_at") - seconds("authenticated_at"), 8 * 3600);
    assert_eq!(browser.get("/api/reports").await.status, 200);
    assert_eq!(world.upstream.take().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn b05_a_return_that_does_not_fit_a_sign_in_of_this_browser_begins_no_session() {
    let world = World::start().await;
    let mut browser = world.browser();
    let callback = browser.go_to_issuer("ivan.petrov", "/").await;
    let state = callback.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();

    let mut other = world.browser();
    let mut rows = vec![("of another browser", other.come_back(&callback).await)];
    let mut two_under_way = world.browser();
    two_under_way.go_to_issuer("john.mueller", "/").await;
    rows.push(("with a sign-in of its own under way", two_under_way.come_back(&callback).await));
    // The cookie's name has the beginning of the state, but the rest must match too.
    let mut wrong_state = browser.clone();
    let changed = callback.replace(&state, &format!("{}{}", &state[..20], "x".repeat(state.len() - 20)));
    rows.push(("another state", wrong_state.come_back(&changed).await));
    for (what, page) in rows {
        assert_eq!(page.status, 400, "{what}");
        assert!(!page.set_cookies().iter().any(|cookie| cookie.contains("-sid=")), "{what}: {page:?}");
    }
    // A wrong state has used up the sign-in.
    assert_eq!(browser.come_back(&callback).await.status, 400);

    for path in ["/auth/callback", "/auth/callback?state=&code=x", "/auth/callback?code=x&state=a&state=b"] {
        assert_eq!(world.browser().visit(path).await.status, 400, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b05_b06_a_return_counts_once_and_for_ten_minutes() {
    let world = World::start().await;
    let mut browser = world.browser();
    let callback = browser.go_to_issuer("ivan.petrov", "/").await;
    let mut twin = browser.clone();
    assert_eq!(browser.come_back(&callback).await.status, 303);
    assert_eq!(twin.come_back(&callback).await.status, 400, "the cookie was copied, the sign-in is used up");

    let mut late = world.browser();
    let callback = late.go_to_issuer("ivan.petrov", "/").await;
    world.clock.advance(600);
    let page = late.come_back(&callback).await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("<h1>This sign-in is not valid any more</h1>"), "{page:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn b06_somebody_elses_code_does_not_sign_this_browser_in() {
    let world = World::start().await;
    let code = |callback: &str| callback.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let attackers = code(&world.browser().go_to_issuer("john.mueller", "/").await);
    let mut victim = world.browser();
    let callback = victim.go_to_issuer("ivan.petrov", "/").await;
    let page = victim.come_back(&callback.replace(&code(&callback), &attackers)).await;
    assert_eq!(page.status, 401, "the code is bound to the attacker's verifier");
    assert_eq!(victim.get("/auth/me").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn b07_a_code_that_the_issuer_refuses_begins_no_session() {
    let world = World::start().await;
    let mut browser = world.browser();
    let callback = browser.go_to_issuer("ivan.petrov", "/").await;
    let code = callback.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let page = browser.come_back(&callback.replace(code, "unknown")).await;
    assert_eq!(page.status, 401);
    assert_eq!(browser.session(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn b08_an_id_token_of_another_sign_in_begins_no_session() {
    let world = World::start().await;
    let mut browser = world.browser();
    let page = browser.visit("/auth/login").await;
    // The same sign-in except for the nonce, as if the code came from another one.
    let nonce = page.location().split(['?', '&']).find(|pair| pair.starts_with("nonce=")).unwrap();
    let mut changed = page.clone();
    let location = page.location().replace(nonce, "nonce=another");
    changed.headers.insert("location", location.parse().unwrap());
    let callback = browser.go_on_at_issuer(&changed, "ivan.petrov").await;
    assert_eq!(browser.come_back(&callback).await.status, 401);
    assert_eq!(browser.session(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn b01_b02_b30_over_https_cookies_are_bound_to_the_host_and_tls_is_remembered() {
    let world = World::builder()
        .configure(|config| config.public_url = Some("https://app.example.com".parse().unwrap()));
    let world = world.start().await;
    let mut browser = world.browser();
    let url = browser.url("/auth/login");
    let page = browser.send(reqwest::Method::GET, &url, &[("host", "app.example.com")], None).await;
    assert_eq!(page.status, 302);
    assert!(page.location().contains("redirect_uri=https%3A%2F%2Fapp.example.com%2Fauth%2Fcallback"));
    let cookie = page.set_cookies().pop().unwrap();
    assert!(cookie.starts_with("__Host-Http-signin-"), "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=600"), "{cookie}");
    assert_eq!(page.header("strict-transport-security"), "max-age=31536000; includeSubDomains");

    let url = browser.url("/auth/logout");
    let own = [("host", "app.example.com"), ("x-csrf", "1"), ("origin", "https://app.example.com")];
    let page = browser.send(reqwest::Method::POST, &url, &own, None).await;
    assert_eq!(
        page.set_cookies(),
        ["__Host-Http-sid=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0"]
    );
    let page = browser.send(reqwest::Method::GET, &url, &[("host", "evil.example")], None).await;
    assert_eq!(page.status, 421, "another host name");
}

#[tokio::test(flavor = "multi_thread")]
async fn b09_the_answer_must_be_the_issuers() {
    let world = World::start().await;
    for change in ["iss=http%3A%2F%2Fevil.example", "iss=", "other=x", "iss=a&iss=b"] {
        let mut browser = world.browser();
        let callback = browser.go_to_issuer("ivan.petrov", "/").await;
        let iss = callback.split(['?', '&']).find(|pair| pair.starts_with("iss=")).unwrap();
        let page = browser.come_back(&callback.replace(iss, change)).await;
        assert_eq!(page.status, 400, "{change}");
        assert_eq!(browser.session(), "", "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_a_refusal_is_a_page_without_anything_that_came_along() {
    let world = World::start().await;
    let mut browser = world.browser();
    let callback = browser.go_to_issuer("ivan.petrov", "/").await;
    let (base, _) = callback.split_once('?').unwrap();
    let kept: Vec<_> = callback
        .split(['?', '&'])
        .filter(|pair| pair.starts_with("state=") || pair.starts_with("iss="))
        .collect();
    let refused =
        format!("{base}?{}&error=access_denied&error_description=%3Cscript%3Ealert", kept.join("&"));
    let page = browser.come_back(&refused).await;
    assert_eq!(page.status, 401);
    assert!(!page.body.contains("script") && !page.body.contains("alert"), "{page:?}");
    assert!(page.header("content-type").starts_with("text/html"));
    assert_eq!(page.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
}

#[tokio::test(flavor = "multi_thread")]
async fn b11_a_planted_session_is_never_taken_over_and_the_old_one_ends() {
    let world = World::start().await;
    let mut browser = world.browser();
    let planted = "A".repeat(43);
    browser.own_cookies().insert("bionicpro-sid".into(), planted.clone());
    assert_eq!(browser.get("/auth/me").await.status, 401);
    assert_eq!(browser.sign_in("ivan.petrov", "/").await.status, 303);
    let first = browser.session();
    assert_ne!(first, planted);

    let mut old = browser.clone();
    assert_eq!(browser.sign_in("ivan.petrov", "/").await.status, 303);
    assert_ne!(browser.session(), first, "b12: a new id with every sign-in");
    assert_eq!(old.get("/auth/me").await.status, 401, "the session of before has ended");
    assert_eq!(browser.get("/auth/me").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b26_nobody_is_sent_to_another_site() {
    let world = World::start().await;
    let mut browser = world.browser();
    for bad in [
        "//evil.example",
        "https://evil.example",
        "/%5Cevil.example",
        "/%0d%0aSet-Cookie:x",
        "/auth/login",
        "x",
    ] {
        let page = browser.visit(&format!("/auth/login?return_to={bad}")).await;
        assert_eq!((page.status, page.location()), (400, ""), "{bad}");
    }
    for bad in ["/auth/login?return_to=/a&return_to=/b", "/auth/login?next=/a"] {
        assert_eq!(browser.visit(bad).await.status, 400, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_may_sign_in_at_once() {
    let world = World::start().await;
    let mut browser = world.browser();
    let first = browser.go_to_issuer("ivan.petrov", "/day/2026-01-02").await;
    let second = browser.go_to_issuer("ivan.petrov", "/trends").await;
    assert_eq!(browser.come_back(&second).await.location(), "/trends");
    assert_eq!(browser.come_back(&first).await.location(), "/day/2026-01-02");
    assert_eq!(browser.get("/auth/me").await.status, 200);
    assert!(browser.own_cookies().keys().all(|name| !name.contains("signin")), "both cookies are gone");
}

/// Ivan and John sign in in two tabs of a browser at once. Returns the browser after Ivan has come back, and
/// John's callback address. Ivan's session at the issuer has left the browser but is still live.
async fn two_people_in_two_tabs(world: &World) -> (Browser, String) {
    let mut browser = world.browser();
    let ivans = browser.go_to_issuer("ivan.petrov", "/").await;
    let mut johns = browser.clone();
    johns.cookies.retain(|jar, _| world.origin.ends_with(jar.as_str()));
    let callback = johns.go_to_issuer("john.mueller", "/").await;
    let sign_ins = johns.own_cookies().clone();
    browser.own_cookies().extend(sign_ins);
    assert_eq!(browser.come_back(&ivans).await.status, 303);
    assert_eq!(browser.get("/auth/me").await.json()["user"], "ivan.petrov");
    (browser, callback)
}

/// Returns true if the issuer signs a person in without asking, by the cookies of this browser.
pub(crate) async fn is_known_to_issuer(browser: &Browser) -> bool {
    let mut again = browser.clone();
    let page = again.visit("/auth/login").await;
    let page = again.follow(page.location()).await;
    page.status == 302 || page.status == 303
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_of_two_people_who_sign_in_in_two_tabs_the_first_is_out_here_and_at_the_issuer() {
    let world = World::start().await;
    let (mut browser, callback) = two_people_in_two_tabs(&world).await;
    let mut ivan = browser.clone();
    assert!(is_known_to_issuer(&ivan).await);
    assert_eq!(browser.come_back(&callback).await.status, 303);
    assert_eq!(browser.get("/auth/me").await.json()["user"], "john.mueller");
    assert_eq!(ivan.get("/auth/me").await.status, 401, "the session of his cookie has ended");
    assert!(!is_known_to_issuer(&ivan).await, "his refresh token was given back");
    assert_eq!(browser.get("/auth/sessions").await.json()["sessions"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_the_first_is_out_also_where_the_issuer_is_another_site_and_his_cookie_stays_behind() {
    let world = World::start().await;
    let (mut browser, callback) = two_people_in_two_tabs(&world).await;
    let mut ivan = browser.clone();
    browser.own_cookies().remove("bionicpro-sid");
    assert_eq!(browser.come_back(&callback).await.status, 303);
    assert_eq!(browser.get("/auth/me").await.json()["user"], "john.mueller");
    assert_eq!(ivan.get("/auth/me").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_who_signs_in_twice_keeps_the_session_at_the_issuer() {
    let world = World::start().await;
    let mut browser = world.browser();
    let first = browser.go_to_issuer("ivan.petrov", "/").await;
    let second = browser.go_to_issuer("ivan.petrov", "/").await;
    assert_eq!(browser.come_back(&second).await.status, 303);
    let mut lost = browser.clone();
    assert_eq!(browser.come_back(&first).await.status, 303);
    assert_eq!(lost.get("/auth/me").await.status, 401);
    world.clock.advance(301);
    assert_eq!(browser.get("/api/reports").await.status, 200, "the new session is refreshed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_does_not_succeed_ends_no_session() {
    let world = World::start().await;
    let (mut browser, callback) = two_people_in_two_tabs(&world).await;
    let code = callback.split("code=").nth(1).unwrap().split('&').next().unwrap();
    assert_eq!(browser.come_back(&callback.replace(code, "unknown")).await.status, 401);
    assert_eq!(browser.get("/auth/me").await.json()["user"], "ivan.petrov");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_by_another_name_of_this_machine_goes_on_under_the_configured_one() {
    let world = World::start().await;
    let mut browser = world.browser();
    let elsewhere =
        format!("{}/auth/login?return_to=/trends", world.origin.replace("127.0.0.1", "localhost"));
    let page = browser.follow(&elsewhere).await;
    assert_eq!(page.location(), format!("{}/auth/login?return_to=/trends", world.origin));
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_of_one_address_have_a_rate() {
    let world = World::builder().configure(|config| config.sign_ins_per_minute = 5).start().await;
    let mut browser = world.browser();
    for _ in 0..5 {
        assert_eq!(browser.visit("/auth/login").await.status, 302);
    }
    let page = browser.visit("/auth/login").await;
    assert_eq!(page.status, 429);
    assert!(!page.header("retry-after").is_empty());
}

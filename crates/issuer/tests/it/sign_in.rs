//! The authorization endpoint: the requests of a client, the page, and single sign-on.

use bionicpro_issuer::accounts::{ACCOUNTS, PASSWORD};
use url::Url;

use super::browser::{CALLBACK, Site};

#[tokio::test]
async fn a_person_signs_in_and_the_client_gets_tokens_for_them() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let page = browser.arrive(&[]).await;
    assert_eq!(page.status, 200);
    let back = browser.press(&page, "ivan.petrov").await;
    assert_eq!(back.status, 303);
    assert!(back.location().as_str().starts_with(&format!("{CALLBACK}?")));
    assert_eq!(back.sent("state").unwrap(), "state &=?");
    assert_eq!(back.sent("iss").unwrap(), site.issuer.url());

    let (status, tokens) = site.redeem(&back.sent("code").unwrap()).await;
    assert_eq!((status, &tokens["token_type"], &tokens["expires_in"]), (200, &"Bearer".into(), &300.into()));
    let claims = site.verifier.verify(tokens["access_token"].as_str().unwrap()).await.unwrap();
    assert_eq!(claims.username.as_str(), "ivan.petrov");
    assert_eq!(claims.session_id.as_deref(), tokens["session_state"].as_str());
    let id = site.claims(&tokens["id_token"]).await;
    for (name, expected) in [
        ("iss", site.issuer.url()),
        ("aud", "bionicpro-auth"),
        ("azp", "bionicpro-auth"),
        ("typ", "ID"),
        ("nonce", "n-0S6"),
        ("preferred_username", "ivan.petrov"),
        ("name", "Ivan Petrov"),
        ("sub", &claims.subject),
        ("sid", claims.session_id.as_deref().unwrap()),
    ] {
        assert_eq!(id[name], expected, "{name}");
    }
    assert_eq!(id["auth_time"], crate::NOW);
    assert_eq!(id["at_hash"], at_hash(tokens["access_token"].as_str().unwrap()));
}

fn at_hash(token: &str) -> String {
    use base64::Engine;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16])
}

#[tokio::test]
async fn every_account_has_a_button_and_a_password_that_works() {
    let site = Site::start().await;
    for account in ACCOUNTS {
        let mut browser = site.browser();
        assert!(!browser.sign_in(account.username).await.is_empty());
        let mut browser = site.browser();
        let page = browser.arrive(&[("login_hint", account.username)]).await;
        assert!(page.body.contains(&format!("required value=\"{}\"", account.username)));
        let request = page.request();
        let typed = |password| {
            [("request", request.as_str()), ("username", account.username), ("password", password)]
        };
        let again = browser.post("login-actions/authenticate", &typed("wrong")).await;
        assert!(again.status == 200 && again.body.contains("role=\"alert\""), "{again:?}");
        let back = browser.post("login-actions/authenticate", &typed(PASSWORD)).await;
        assert!(back.sent("code").is_some());
        let late = browser.post("login-actions/authenticate", &typed(PASSWORD)).await;
        assert_eq!(late.status, 400, "a page can be submitted once");
    }
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_the_client_has_not_registered() {
    let site = Site::start().await;
    for uri in [
        "",
        "http://127.0.0.1:8000/auth/callback/",
        "http://127.0.0.1:8000/auth/callback?x=1",
        "http://127.0.0.1:8000/auth/callback#",
        "http://127.0.0.1:8000/auth/callback/../x",
        "http://127.0.0.1:8000@evil.example/auth/callback",
        "http://localhost:8000/auth/callback",
        "https://127.0.0.1:8000/auth/callback",
        "HTTP://127.0.0.1:8000/auth/callback",
        "*",
    ] {
        let page = site.browser().arrive(&[("redirect_uri", uri)]).await;
        assert_eq!((page.status, page.headers.get("location")), (400, None), "{uri}");
    }
    for client in ["", "other", "BIONICPRO-AUTH"] {
        let page = site.browser().arrive(&[("client_id", client)]).await;
        assert_eq!((page.status, page.headers.get("location")), (400, None), "{client}");
    }
}

#[tokio::test]
async fn a_client_is_told_what_is_wrong_with_its_request() {
    let site = Site::start().await;
    for (changes, error) in [
        ([("response_type", "token")].as_slice(), "unsupported_response_type"),
        (&[("response_type", "code id_token")], "unsupported_response_type"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("scope", "profile")], "invalid_scope"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge", "short")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("request", "eyJ")], "request_not_supported"),
        (&[("request_uri", "https://example.com")], "request_uri_not_supported"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("prompt", "dance")], "invalid_request"),
        (&[("max_age", "-1")], "invalid_request"),
        (&[("prompt", "none")], "login_required"),
    ] {
        let back = site.browser().arrive(changes).await;
        assert_eq!(back.status, 303, "{changes:?}");
        assert_eq!(back.sent("error").as_deref(), Some(error), "{changes:?}");
        assert_eq!(back.sent("iss").as_deref(), Some(site.issuer.url()));
        assert!(back.sent("state").is_some() && back.sent("code").is_none());
    }
    let mut browser = site.browser();
    let url = browser.arrive(&[("prompt", "none")]).await.location();
    assert_eq!(url.path(), "/auth/callback");
    let doubled = format!(
        "{}?client_id=bionicpro-auth&redirect_uri={CALLBACK}&response_type=code&scope=openid&scope=openid",
        site.endpoint("auth")
    );
    assert_eq!(browser.get(&doubled).await.sent("error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn a_sign_in_goes_on_only_in_the_browser_in_which_it_began() {
    let site = Site::start().await;
    let page = site.browser().arrive(&[]).await;
    let mut other = site.browser();
    assert_eq!(other.press(&page, "john.mueller").await.status, 400);
    other.arrive(&[]).await;
    assert_eq!(other.press(&page, "john.mueller").await.status, 400);

    let mut slow = site.browser();
    let page = slow.arrive(&[]).await;
    site.clock.advance(30 * 60);
    assert_eq!(slow.press(&page, "john.mueller").await.status, 400);
}

#[tokio::test]
async fn who_is_signed_in_is_not_asked_again_unless_the_client_wants_it() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let (_, first) = site.redeem(&browser.sign_in("ivan.petrov").await).await;
    site.clock.advance(100);
    for changes in [[("prompt", "")].as_slice(), &[("prompt", "none")], &[("max_age", "100")]] {
        let (_, tokens) = site.redeem(&browser.arrive(changes).await.sent("code").unwrap()).await;
        assert_eq!(tokens["session_state"], first["session_state"], "{changes:?}");
        assert_eq!(site.claims(&tokens["id_token"]).await["auth_time"], crate::NOW);
    }
    for changes in [[("prompt", "login")], [("prompt", "select_account")], [("max_age", "99")]] {
        assert_eq!(browser.arrive(&changes).await.status, 200, "{changes:?}");
    }
    let old = browser.cookies.clone();
    let page = browser.arrive(&[("prompt", "login")]).await;
    let back = browser.press(&page, "ivan.petrov").await;
    let (_, tokens) = site.redeem(&back.sent("code").unwrap()).await;
    assert_eq!(tokens["session_state"], first["session_state"]);
    assert_eq!(site.claims(&tokens["id_token"]).await["auth_time"], crate::NOW + 100);
    let mut thief = site.browser();
    thief.cookies = old;
    assert_eq!(thief.arrive(&[]).await.status, 200, "the previous cookie is not valid");

    site.clock.advance(30 * 60);
    assert_eq!(browser.arrive(&[]).await.status, 200, "an idle session ends");
}

#[tokio::test]
async fn another_account_in_the_same_browser_ends_the_session_before() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let (_, ivan) = site.redeem(&browser.sign_in("ivan.petrov").await).await;
    let page = browser.arrive(&[("prompt", "login")]).await;
    let back = browser.press(&page, "john.mueller").await;
    let (_, john) = site.redeem(&back.sent("code").unwrap()).await;
    assert_ne!(john["session_state"], ivan["session_state"]);
    assert_eq!(site.take_told().len(), 1);
    assert_eq!(site.refresh(&ivan["refresh_token"]).await.0, 400);
    assert_eq!(site.refresh(&john["refresh_token"]).await.0, 200);
}

#[tokio::test]
async fn pages_hold_no_script_and_no_markup_of_strangers() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let hostile = "\"><script>alert(1)</script>'&";
    let page = browser.arrive(&[("login_hint", hostile), ("state", hostile)]).await;
    assert!(!page.body.contains("<script") && page.body.contains("&quot;&gt;&lt;script&gt;"), "{page:?}");
    assert_eq!(
        page.headers["content-security-policy"],
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self' http://127.0.0.1:8000; base-uri 'none'; frame-ancestors 'none'"
    );
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    assert!(!page.body.contains("style=") && !page.body.contains("<style"));
    let request = page.request();
    let wrong = [("request", request.as_str()), ("username", hostile), ("password", hostile)];
    assert!(!browser.post("login-actions/authenticate", &wrong).await.body.contains("<script"));
    let origin = Url::parse(site.issuer.url()).unwrap();
    let style = browser.get(origin.join("/realms/reports-realm/demo/style.css").unwrap().as_str()).await;
    assert_eq!(style.headers["content-type"], "text/css; charset=utf-8");
}

#[tokio::test]
async fn pages_speak_the_language_of_their_reader() {
    let site = Site::start().await;
    let mut browser = site.browser();
    assert!(browser.arrive(&[]).await.body.contains("<html lang=\"en\">"));
    assert!(browser.arrive(&[("ui_locales", "ru")]).await.body.contains("<html lang=\"ru\">"));
    browser.language = "ru-RU,ru;q=0.9,en;q=0.5";
    let page = browser.arrive(&[]).await;
    assert!(page.body.contains("Вход в демо") && page.body.contains("ДЕМО"), "{page:?}");
}

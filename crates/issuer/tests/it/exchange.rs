//! Codes and refresh tokens: each can be used once, by the client that proves possession, and a second use
//! revokes the tokens from the first one.

use serde_json::Value;

use super::browser::{CALLBACK, SECRET, SIGNED_OUT, Site, VERIFIER, form, http, post_form};
use bionicpro_auth::{Reason, Rejection};

#[tokio::test]
async fn a_code_is_redeemed_once_and_a_second_try_ends_the_first() {
    let site = Site::start().await;
    let code = site.browser().sign_in("ivan.petrov").await;
    let (status, tokens) = site.redeem(&code).await;
    assert_eq!(status, 200);
    let (status, answer) = site.redeem(&code).await;
    assert_eq!((status, &answer["error"]), (400, &"invalid_grant".into()));
    assert_eq!(site.refresh(&tokens["refresh_token"]).await.0, 400);
}

#[tokio::test]
async fn a_code_needs_its_verifier_its_address_and_haste() {
    let site = Site::start().await;
    let other = "0".repeat(43);
    for (name, value) in [
        ("code_verifier", ""),
        ("code_verifier", "dBjftJeZ4CVP"),
        ("code_verifier", other.as_str()),
        ("redirect_uri", ""),
        ("redirect_uri", SIGNED_OUT),
        ("code", "unknown"),
    ] {
        let code = site.browser().sign_in("ivan.petrov").await;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        fields.retain(|(field, _)| *field != name);
        fields.push((name, value));
        let (status, answer) = site.call("token", &fields).await;
        assert_eq!((status, &answer["error"]), (400, &"invalid_grant".into()), "{name} {value}");
        if name != "code" {
            assert_eq!(site.redeem(&code).await.0, 400, "a code allows one attempt");
        }
    }
    let code = site.browser().sign_in("ivan.petrov").await;
    site.clock.advance(60);
    assert_eq!(site.redeem(&code).await.0, 400);
}

#[tokio::test]
async fn the_client_proves_itself_in_one_of_two_ways() {
    let site = Site::start().await;
    let url = site.endpoint("token");
    let http = http();
    let basic = |id: &str, secret: &str| {
        use base64::Engine;
        let encode = |text: &str| form(&[("", text)])[1..].to_owned();
        let joined = format!("{}:{}", encode(id), encode(secret));
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(joined))
    };
    let posted = |id, secret| format!("&{}", form(&[("client_id", id), ("client_secret", secret)]));
    let rows = [
        (Some(basic("bionicpro-auth", SECRET)), String::new(), 200, Value::Null),
        (None, posted("bionicpro-auth", SECRET), 200, Value::Null),
        (None, String::new(), 401, "invalid_client".into()),
        (None, "&client_id=bionicpro-auth".into(), 401, "invalid_client".into()),
        (None, posted("bionicpro-auth", "wrong"), 401, "invalid_client".into()),
        (None, posted("other", SECRET), 401, "invalid_client".into()),
        (Some(basic("bionicpro-auth", "wrong")), String::new(), 401, "invalid_client".into()),
        (Some(basic("other", SECRET)), String::new(), 401, "invalid_client".into()),
        (Some(basic("bionicpro-auth", SECRET)), "&client_id=other".into(), 401, "invalid_client".into()),
        (Some("Bearer x".into()), String::new(), 401, "invalid_client".into()),
        (
            Some(basic("bionicpro-auth", SECRET)),
            posted("bionicpro-auth", SECRET),
            400,
            "invalid_request".into(),
        ),
    ];
    for (header, credentials, expected, error) in rows {
        let code = site.browser().sign_in("ivan.petrov").await;
        let fields = form(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ]);
        let mut request = post_form(&http, &url, &(fields + &credentials));
        if let Some(header) = &header {
            request = request.header("authorization", header);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), expected, "{header:?} {credentials}");
        assert_eq!(response.headers().contains_key("www-authenticate"), expected == 401);
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.json::<Value>().await.unwrap()["error"], error, "{header:?} {credentials}");
    }
}

#[tokio::test]
async fn refresh_tokens_rotate_and_a_stolen_one_ends_the_family() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let (_, first) = site.redeem(&browser.sign_in("ivan.petrov").await).await;
    let (_, elsewhere) = site.redeem(&browser.sign_in_again().await).await;
    let (status, second) = site.refresh(&first["refresh_token"]).await;
    assert_eq!(status, 200);
    assert_eq!(second["session_state"], first["session_state"]);
    let id = site.claims(&second["id_token"]).await;
    assert!(id.get("nonce").is_none() && id["sub"].is_string(), "{id}");
    let (status, third) = site.refresh(&second["refresh_token"]).await;
    assert_eq!(status, 200);

    assert_eq!(site.refresh(&first["refresh_token"]).await.0, 400, "it was replaced");
    assert_eq!(site.refresh(&third["refresh_token"]).await.0, 400, "the thief is not known");
    assert_eq!(site.refresh(&elsewhere["refresh_token"]).await.0, 200, "another sign-in is not affected");
}

#[tokio::test]
async fn a_refresh_token_ends_with_its_session_and_with_its_time() {
    let site = Site::start().await;
    let (_, tokens) = site.redeem(&site.browser().sign_in("ivan.petrov").await).await;
    site.clock.advance(30 * 60 - 1);
    let (status, tokens) = site.refresh(&tokens["refresh_token"]).await;
    assert_eq!(status, 200);
    site.clock.advance(30 * 60);
    assert_eq!(site.refresh(&tokens["refresh_token"]).await.0, 400);

    let (_, mut tokens) = site.redeem(&site.browser().sign_in("ivan.petrov").await).await;
    for _ in 0..23 {
        site.clock.advance(1560);
        let (status, next) = site.refresh(&tokens["refresh_token"]).await;
        assert_eq!(status, 200);
        tokens = next;
    }
    site.clock.advance(121);
    assert_eq!(site.refresh(&tokens["refresh_token"]).await.0, 400, "a session ends after ten hours");
    let (status, _) = site.refresh(&"nonsense".into()).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_refresh_token_can_be_given_back() {
    let site = Site::start().await;
    let (_, tokens) = site.redeem(&site.browser().sign_in("ivan.petrov").await).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(site.call("revoke", &[("token", token)]).await.0, 200);
    assert_eq!(site.refresh(&tokens["refresh_token"]).await.0, 400);
    assert_eq!(site.call("revoke", &[("token", token)]).await.0, 200, "already revoked");
    assert_eq!(site.call("revoke", &[("token", "unknown")]).await.0, 200);
    assert_eq!(site.call("revoke", &[]).await.0, 400);
    let access = tokens["access_token"].as_str().unwrap();
    let (status, answer) = site.call("revoke", &[("token", access)]).await;
    assert_eq!((status, &answer["error"]), (400, &"unsupported_token_type".into()));
    let unknown = post_form(&http(), &site.endpoint("revoke"), &form(&[("token", token)])).send().await;
    assert_eq!(unknown.unwrap().status(), 401);
}

#[tokio::test]
async fn only_the_access_token_opens_the_api() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let (_, tokens) = site.redeem(&browser.sign_in("ivan.petrov").await).await;
    site.issuer.end_sessions("ivan.petrov").await.unwrap();
    let logout_token = site.take_told().pop().unwrap();
    let verify =
        async |token: &str| site.verifier.verify(token).await.map(|claims| String::from(claims.username));
    assert_eq!(verify(tokens["access_token"].as_str().unwrap()).await, Ok("ivan.petrov".to_owned()));
    let refused = |reason| Err(Rejection::Invalid(reason));
    assert_eq!(verify(tokens["id_token"].as_str().unwrap()).await, refused(Reason::TokenType));
    assert_eq!(verify(tokens["refresh_token"].as_str().unwrap()).await, refused(Reason::Audience));
    assert_eq!(verify(&logout_token).await, refused(Reason::HeaderType));
}

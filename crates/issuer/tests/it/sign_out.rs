//! Sign-out: at the client with an ID token, at the issuer by hand, by the administrator, and the
//! notification of the client.

use super::browser::{SIGNED_OUT, Site, form};

#[tokio::test]
async fn the_client_signs_a_person_out_and_is_told_itself() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let (_, tokens) = site.redeem(&browser.sign_in("ivan.petrov").await).await;
    let id_token = tokens["id_token"].as_str().unwrap();
    site.clock.advance(301);
    let query =
        form(&[("id_token_hint", id_token), ("post_logout_redirect_uri", SIGNED_OUT), ("state", "s 1")]);
    let back = browser.get(&format!("{}?{query}", site.endpoint("logout"))).await;
    assert_eq!(back.location().as_str(), format!("{SIGNED_OUT}?state=s+1"));
    assert_eq!(browser.cookies.keys().filter(|name| name.contains("session")).count(), 0);
    assert_eq!(browser.arrive(&[]).await.status, 200, "single sign-on is over");
    assert_eq!(site.refresh(&tokens["refresh_token"]).await.0, 400);

    let told = site.take_told();
    assert_eq!(told.len(), 1);
    let logout = site.claims(&told[0].as_str().into()).await;
    assert_eq!(logout["sid"], tokens["session_state"]);
    assert_eq!(logout["aud"], "bionicpro-auth");
    assert_eq!(logout["iss"], site.issuer.url());
    assert!(logout["events"]["http://schemas.openid.net/event/backchannel-logout"].is_object());
    assert!(logout["jti"].is_string() && logout.get("nonce").is_none(), "{logout}");
}

#[tokio::test]
async fn a_link_signs_nobody_out() {
    let site = Site::start().await;
    let mut ivan = site.browser();
    let (_, tokens) = site.redeem(&ivan.sign_in("ivan.petrov").await).await;
    let mut john = site.browser();
    let (_, johns) = site.redeem(&john.sign_in("john.mueller").await).await;

    let bare = site.endpoint("logout");
    let page = ivan.get(&bare).await;
    assert!(page.status == 200 && page.body.contains("Do you want to sign out"), "{page:?}");
    let others = form(&[("id_token_hint", johns["id_token"].as_str().unwrap())]);
    assert!(ivan.get(&format!("{bare}?{others}")).await.body.contains("Do you want to sign out"));
    assert_eq!(site.refresh(&johns["refresh_token"]).await.0, 200);
    let (status, tokens) = site.refresh(&tokens["refresh_token"]).await;
    assert_eq!(status, 200);
    let request = page.request();
    assert_eq!(john.post("login-actions/logout-confirm", &[("request", &request)]).await.status, 400);
    assert_eq!(ivan.post("login-actions/logout-confirm", &[("request", &request)]).await.status, 400);

    let request = ivan.get(&bare).await.request();
    let done = ivan.post("login-actions/logout-confirm", &[("request", &request)]).await;
    assert!(done.status == 200 && done.body.contains("You are signed out"), "{done:?}");
    assert_eq!(site.refresh(&tokens["refresh_token"]).await.0, 400);
    assert_eq!(site.take_told().len(), 1);
}

#[tokio::test]
async fn after_signing_out_a_browser_goes_only_where_the_client_has_said() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let (_, tokens) = site.redeem(&browser.sign_in("ivan.petrov").await).await;
    let id_token = tokens["id_token"].as_str().unwrap();
    let forged = format!("{}x", &id_token[..id_token.len() - 1]);
    let rows: [&[(&str, &str)]; 8] = [
        &[("id_token_hint", id_token), ("post_logout_redirect_uri", "https://evil.example/")],
        &[("id_token_hint", id_token), ("post_logout_redirect_uri", "http://127.0.0.1:8000/signed-out/")],
        &[("post_logout_redirect_uri", SIGNED_OUT)],
        &[("client_id", "other"), ("post_logout_redirect_uri", SIGNED_OUT)],
        &[("id_token_hint", &forged), ("post_logout_redirect_uri", SIGNED_OUT)],
        &[("id_token_hint", "eyJ")],
        &[("id_token_hint", tokens["access_token"].as_str().unwrap())],
        &[("client_id", "bionicpro-auth"), ("client_id", "bionicpro-auth")],
    ];
    for row in rows {
        let page = browser.get(&format!("{}?{}", site.endpoint("logout"), form(row))).await;
        assert_eq!((page.status, page.headers.get("location")), (400, None), "{row:?}");
    }
    assert!(site.take_told().is_empty());
    assert_eq!(site.refresh(&tokens["refresh_token"]).await.0, 200);
    let mut nobody = site.browser();
    let query = form(&[("client_id", "bionicpro-auth"), ("post_logout_redirect_uri", SIGNED_OUT)]);
    let back = nobody.get(&format!("{}?{query}", site.endpoint("logout"))).await;
    assert_eq!(back.location().as_str(), SIGNED_OUT, "there is no session to confirm");
}

#[tokio::test]
async fn an_administrator_ends_all_sessions_of_an_account() {
    let site = Site::start().await;
    let (mut one, mut two, mut other) = (site.browser(), site.browser(), site.browser());
    site.redeem(&one.sign_in("ivan.petrov").await).await;
    site.redeem(&two.sign_in("ivan.petrov").await).await;
    let (_, johns) = site.redeem(&other.sign_in("john.mueller").await).await;
    site.issuer.end_sessions("ivan.petrov").await.unwrap();
    assert_eq!(site.take_told().len(), 2);
    assert_eq!(one.arrive(&[]).await.status, 200);
    assert_eq!(site.refresh(&johns["refresh_token"]).await.0, 200);
    assert!(site.issuer.end_sessions("nobody").await.is_err());
}

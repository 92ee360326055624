//! Back-channel logout: the issuer ends a session.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Page, World};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Delivers a logout token as the issuer does.
async fn deliver(world: &World, token: &str) -> Page {
    let form =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", token).finish();
    let mut issuer = world.browser();
    let url = issuer.url("/auth/backchannel-logout");
    issuer.send(Method::POST, &url, &[], Some(form)).await
}

/// Returns the claims of a token that ends all of the account's sessions.
fn claims(world: &World, jti: &str) -> Value {
    let now_s = now_s(world);
    json!({
        "iss": world.oidc.issuer, "aud": "bionicpro-auth", "iat": now_s, "exp": now_s + 120, "jti": jti,
        "sub": "5b0a5c1e-5f0e-4f55-9d86-3c1c3f6f2a01", "events": {EVENT: {}},
    })
}

fn now_s(world: &World) -> i64 {
    world.now_s()
}

#[tokio::test(flavor = "multi_thread")]
async fn b15_a_session_that_the_issuer_ends_is_over_at_once() {
    let world = World::start().await;
    let mut ivan = world.signed_in("ivan.petrov").await;
    let mut john = world.signed_in("john.mueller").await;
    world.issuer().end_sessions("ivan.petrov").await.unwrap();
    assert_eq!(ivan.get("/auth/me").await.status, 401);
    assert_eq!(ivan.get("/api/reports").await.status, 401);
    assert_eq!(john.get("/auth/me").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b15_a_token_without_a_session_ends_all_of_the_account_and_counts_once() {
    let world = World::start().await;
    let header = json!({"alg": "RS256", "typ": "logout+jwt"});
    let token = world.issuer().sign(header, &claims(&world, "once")).unwrap();
    let mut first = world.signed_in("ivan.petrov").await;
    let mut second = world.signed_in("ivan.petrov").await;
    assert_eq!(deliver(&world, &token).await.status, 200);
    assert_eq!((first.get("/auth/me").await.status, second.get("/auth/me").await.status), (401, 401));
    let mut third = world.signed_in("ivan.petrov").await;
    assert_eq!(deliver(&world, &token).await.status, 400, "replayed");
    assert_eq!(third.get("/auth/me").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b15_what_is_not_exactly_a_logout_token_does_nothing() {
    let world = World::start().await;
    let mut ivan = world.signed_in("ivan.petrov").await;
    let now_s = now_s(&world);
    let good = json!({"alg": "RS256", "typ": "logout+jwt"});
    let with = |name: &str, value: Value| {
        let mut claims = claims(&world, &format!("row {name} {value}"));
        claims[name] = value;
        claims
    };
    let without = |name: &str| {
        let mut claims = claims(&world, &format!("row without {name}"));
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    let rows = [
        ("nonce", good.clone(), with("nonce", json!("n"))),
        ("no events", good.clone(), without("events")),
        ("other events", good.clone(), with("events", json!({"http://schemas.openid.net/event/other": {}}))),
        ("events that are text", good.clone(), with("events", json!(EVENT))),
        ("an event that is no object", good.clone(), with("events", json!({EVENT: true}))),
        ("no jti", good.clone(), without("jti")),
        ("no subject and no session", good.clone(), without("sub")),
        ("another issuer", good.clone(), with("iss", json!("http://127.0.0.1:1/realms/reports-realm"))),
        ("another client", good.clone(), with("aud", json!("other"))),
        ("no audience", good.clone(), without("aud")),
        ("expired", good.clone(), with("exp", json!(now_s - 31))),
        ("no expiry", good.clone(), without("exp")),
        ("issued in the future", good.clone(), with("iat", json!(now_s + 100))),
        ("claim typ of an access token", good.clone(), with("typ", json!("Bearer"))),
        (
            "header typ of an access token",
            json!({"alg": "RS256", "typ": "at+jwt"}),
            claims(&world, "row typ"),
        ),
        ("another header typ", json!({"alg": "RS256", "typ": "secevent+jwt"}), claims(&world, "row typ 2")),
        ("alg none", json!({"alg": "none", "typ": "logout+jwt"}), claims(&world, "row alg")),
    ];
    for (what, header, claims) in rows {
        let token = world.issuer().sign(header, &claims).unwrap();
        assert_eq!(deliver(&world, &token).await.status, 400, "{what}");
    }
    let signed = world.issuer().sign(good.clone(), &claims(&world, "row signature")).unwrap();
    let mut cut = signed.clone();
    cut.truncate(signed.len() - 8);
    assert_eq!(deliver(&world, &format!("{cut}AAAAAAAA")).await.status, 400, "signature");
    assert_eq!(deliver(&world, "").await.status, 400);
    assert_eq!(
        deliver(&world, &world.issuer().mint("ivan.petrov").unwrap()).await.status,
        400,
        "an access token"
    );
    let mut issuer = world.browser();
    let url = issuer.url("/auth/backchannel-logout");
    assert_eq!(issuer.send(Method::POST, &url, &[("content-type", "text/plain")], None).await.status, 400);
    assert_eq!(ivan.get("/auth/me").await.status, 200, "nobody was signed out");
}

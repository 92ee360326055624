//! ID tokens and logout tokens: the rules by which a client that signs people in accepts them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bionicpro_auth::Reason::{self, *};
use bionicpro_auth::testing::{TestKey, TokenBuilder};
use bionicpro_auth::{IdTokenFor, Rejection};
use serde_json::{Value, json};

use crate::support::{NOW, Setup, setup, setup_with};

const ACCESS: &str = "the access token beside it";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// An ID token in the shape of Keycloak's.
fn id_token(setup: &Setup) -> TokenBuilder {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, ACCESS.as_bytes());
    setup
        .token()
        .claim("typ", "ID")
        .claim("aud", "bionicpro-auth")
        .claim("nonce", "n-0S6")
        .claim("name", "Ivan Petrov")
        .claim("auth_time", NOW - 60)
        .claim("at_hash", URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16]))
        .without("realm_access")
}

async fn verdict(setup: &Setup, token: &str) -> Result<i64, Rejection> {
    let expected = IdTokenFor { client_id: "bionicpro-auth", nonce: "n-0S6", access_token: ACCESS };
    let claims = setup.verifier.verify_id_token(token, &expected).await;
    claims.map(|claims| claims.authenticated_at.timestamp())
}

#[tokio::test]
async fn b08_an_id_token_that_is_not_exactly_this_sign_ins_is_refused() {
    let setup = setup().await;
    let id = || id_token(&setup);
    let rows: Vec<(&str, TokenBuilder, Reason)> = vec![
        ("another nonce", id().claim("nonce", "other"), Nonce),
        ("no nonce", id().without("nonce"), Nonce),
        ("a nonce that is no text", id().claim("nonce", 1), Nonce),
        ("another client", id().claim("aud", "other"), Audience),
        ("ours among others", id().claim("aud", json!(["bionicpro-auth", "other"])), Audience),
        ("nobody", id().claim("aud", json!([])), Audience),
        ("no audience", id().without("aud"), Audience),
        ("another issuer", id().claim("iss", "http://127.0.0.1:1/realms/reports-realm"), Issuer),
        ("no issuer", id().without("iss"), Issuer),
        ("given to another client", id().claim("azp", "other"), AuthorizedParty),
        ("expired", id().claim("exp", NOW - 31), Expired),
        ("no expiry", id().without("exp"), ExpiryForm),
        ("issued in the future", id().claim("iat", NOW + 31), IssuedAt),
        ("of two days", id().claim("exp", NOW + 2 * 86_400), Lifetime),
        ("an access token", id().claim("typ", "Bearer"), TokenType),
        ("a logout token", id().claim("events", json!({EVENT: {}})), TokenType),
        ("another access token's", id().claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), AccessTokenHash),
        ("a hash that is none", id().claim("at_hash", 7), AccessTokenHash),
        ("nobody's", id().without("sub"), Subject),
        ("a session that is no text", id().claim("sid", 7), SessionId),
        ("a time that is none", id().claim("auth_time", "now"), IssuedAt),
        ("the header of a logout token", id().header("typ", "logout+jwt"), HeaderType),
        ("the header of an access token", id().header("typ", "at+jwt"), HeaderType),
        ("alg none", id().header("alg", "none"), Algorithm),
        ("alg HS256", id().header("alg", "HS256"), Algorithm),
    ];
    for (row, token, reason) in rows {
        let verdict = verdict(&setup, &token.sign(TestKey::trusted())).await;
        assert_eq!(verdict, Err(Rejection::Invalid(reason)), "{row}");
    }
    let forged = id().sign(TestKey::attacker());
    assert_eq!(
        verdict(&setup, &forged).await,
        Err(Rejection::Invalid(Signature)),
        "another key under our name"
    );
    let unknown = id().header("kid", "unknown").sign(TestKey::attacker());
    assert_eq!(verdict(&setup, &unknown).await, Err(Rejection::Invalid(UnknownKey)));

    assert_eq!(verdict(&setup, &id().sign(TestKey::trusted())).await, Ok(NOW - 60));
    let bare = id().without("at_hash").without("auth_time").without("azp").without("typ");
    assert_eq!(verdict(&setup, &bare.sign(TestKey::trusted())).await, Ok(NOW), "only the required claims");
    let one = id().claim("aud", json!(["bionicpro-auth"]));
    assert!(verdict(&setup, &one.sign(TestKey::trusted())).await.is_ok());
}

#[tokio::test]
async fn j57_an_id_token_that_is_good_here_opens_nothing_else() {
    let setup = setup().await;
    let token = id_token(&setup).sign(TestKey::trusted());
    assert!(verdict(&setup, &token).await.is_ok());
    assert_eq!(setup.claims(&token).await.map(|_| ()), Err(Rejection::Invalid(TokenType)));
    let logout = setup.verifier.verify_logout_token(&token, "bionicpro-auth").await;
    assert_eq!(logout.map(|_| ()), Err(Rejection::Invalid(TokenType)));
    assert!(verdict(&setup, &setup.good()).await.is_err(), "an access token is not an ID token");
}

fn logout_token(setup: &Setup) -> TokenBuilder {
    let bare = setup.token().without("typ").without("realm_access").without("azp");
    bare.header("typ", "logout+jwt").claim("aud", "bionicpro-auth").claim("events", json!({EVENT: {}}))
}

#[tokio::test]
async fn b15_a_logout_token_is_refused_for_whatever_is_not_its_own() {
    let setup = setup().await;
    let token = || logout_token(&setup);
    let rows: Vec<(&str, TokenBuilder, Reason)> = vec![
        ("a nonce", token().claim("nonce", "n"), LogoutEvent),
        ("no events", token().without("events"), LogoutEvent),
        ("another event", token().claim("events", json!({"urn:other": {}})), LogoutEvent),
        ("an event that is no object", token().claim("events", json!({EVENT: 1})), LogoutEvent),
        ("no name", token().without("jti"), LogoutEvent),
        ("a name that is no text", token().claim("jti", 1), LogoutEvent),
        ("nobody", token().without("sub").without("sid"), LogoutEvent),
        ("a session that is no text", token().claim("sid", Value::Null), SessionId),
        ("another client", token().claim("aud", "other"), Audience),
        ("an odd audience", token().claim("aud", json!(["bionicpro-auth", 1])), Audience),
        ("another issuer", token().claim("iss", "other"), Issuer),
        ("expired", token().claim("exp", NOW - 31), Expired),
        ("the claim of an ID token", token().claim("typ", "ID"), TokenType),
        ("the header of an access token", token().header("typ", "at+jwt"), HeaderType),
    ];
    for (row, token, reason) in rows {
        let token = token.sign(TestKey::trusted());
        let verdict = setup.verifier.verify_logout_token(&token, "bionicpro-auth").await;
        assert_eq!(verdict.map(|_| ()), Err(Rejection::Invalid(reason)), "{row}");
    }
    for (row, token) in [
        ("Keycloak's", token().claim("typ", "Logout")),
        ("of a session", token().without("sub")),
        ("of an account", token().without("sid")),
        ("of an older issuer", token().header("typ", "JWT")),
    ] {
        let verdict =
            setup.verifier.verify_logout_token(&token.sign(TestKey::trusted()), "bionicpro-auth").await;
        assert!(verdict.is_ok(), "{row}: {verdict:?}");
    }
    let strict = setup_with(|config| config.strict_typ = true).await;
    let untyped = logout_token(&strict).header("typ", "JWT").sign(TestKey::trusted());
    let verdict = strict.verifier.verify_logout_token(&untyped, "bionicpro-auth").await;
    assert_eq!(verdict.map(|_| ()), Err(Rejection::Invalid(HeaderType)));
}

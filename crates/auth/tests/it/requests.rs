//! From the HTTP request to the caller that a handler gets: one header, one scheme, one response.

use bionicpro_auth::testing::{Answer, TestKey};
use bionicpro_auth::{Caller, Reason, Rejection};
use http::{Request, StatusCode, header};

use crate::support::{Setup, setup};

/// The response that a client sees, and the reason that stays internal.
#[derive(Debug, PartialEq)]
struct Seen {
    status: StatusCode,
    challenge: Option<String>,
    reason: Option<Reason>,
}

/// Authenticates a request, and authorises it for reports as a handler does.
async fn ask(setup: &Setup, request: Request<()>) -> Seen {
    let checked =
        Caller::authenticate(request.headers(), request.uri(), &setup.verifier).await.and_then(|caller| {
            caller.claims().require_person()?;
            caller.claims().require_role(setup.verifier.required_role())
        });
    Seen {
        status: checked.map_or_else(Rejection::status, |()| StatusCode::OK),
        challenge: checked
            .err()
            .and_then(Rejection::challenge)
            .map(|value| value.to_str().unwrap().to_owned()),
        reason: checked.err().map(Rejection::reason),
    }
}

fn with(path: &str, authorization: &[&str]) -> Request<()> {
    let mut request = Request::get(path);
    for value in authorization {
        request = request.header(header::AUTHORIZATION, *value);
    }
    request.body(()).unwrap()
}

fn refused(status: u16, challenge: Option<&str>, reason: Reason) -> Seen {
    Seen {
        status: StatusCode::from_u16(status).unwrap(),
        challenge: challenge.map(str::to_owned),
        reason: Some(reason),
    }
}

const INVALID: Option<&str> = Some("Bearer error=\"invalid_token\"");

#[tokio::test]
async fn a_token_comes_in_one_authorization_header_and_nowhere_else() {
    let setup = setup().await;
    let good = setup.good();
    let bearer = format!("Bearer {good}");
    for scheme in ["Bearer", "bearer", "BEARER", "bEARER"] {
        let seen = ask(&setup, with("/api/reports", &[&format!("{scheme} {good}")])).await;
        assert_eq!(seen, Seen { status: StatusCode::OK, challenge: None, reason: None }, "J04 {scheme}");
    }
    let none = refused(401, Some("Bearer"), Reason::NoCredentials);
    assert_eq!(ask(&setup, with("/api/reports", &[])).await, none, "J01");
    let several = refused(400, Some("Bearer error=\"invalid_request\""), Reason::SeveralCredentials);
    assert_eq!(ask(&setup, with("/api/reports", &[&bearer, &bearer])).await, several, "J05");
    assert_eq!(ask(&setup, with("/api/reports", &[&bearer, "Basic eA=="])).await, several, "J05");
    assert_eq!(ask(&setup, with("/api/reports", &["", ""])).await, several, "J05");

    let rows = [
        ("J02", "Bearer".to_owned(), Reason::Scheme),
        ("J02 and a space", "Bearer ".to_owned(), Reason::Scheme),
        ("J03", "Basic aXZhbjpwYXNzd29yZDEyMw==".to_owned(), Reason::Scheme),
        ("no scheme", good.clone(), Reason::Scheme),
        ("empty", String::new(), Reason::Scheme),
        ("J24 two spaces", format!("Bearer  {good}"), Reason::Encoding),
        ("tab", format!("Bearer\t{good}"), Reason::Scheme),
        ("colon", format!("Bearer: {good}"), Reason::Scheme),
        ("two in one", format!("{bearer}, {bearer}"), Reason::Encoding),
        ("quoted", format!("Bearer \"{good}\""), Reason::Encoding),
        ("DPoP", format!("DPoP {good}"), Reason::Scheme),
    ];
    for (row, value, reason) in rows {
        assert_eq!(
            ask(&setup, with("/api/reports", &[&value])).await,
            refused(401, INVALID, reason),
            "{row}"
        );
    }
    let in_query = format!("/api/reports?access_token={good}");
    assert_eq!(ask(&setup, with(&in_query, &[])).await, refused(401, INVALID, Reason::TokenInQuery), "J06");
    let in_cookie = Request::get("/api/reports")
        .header(header::COOKIE, format!("access_token={good}; Authorization={bearer}"));
    assert_eq!(ask(&setup, in_cookie.body(()).unwrap()).await, none, "J07");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_no_token() {
    let setup = setup().await;
    let value = http::HeaderValue::from_bytes(b"Bearer \xff\xfe").unwrap();
    let request = Request::get("/api/reports").header(header::AUTHORIZATION, value).body(()).unwrap();
    assert_eq!(ask(&setup, request).await, refused(401, INVALID, Reason::Scheme));
}

#[tokio::test]
async fn a_reader_has_the_role_and_is_a_person() {
    let setup = setup().await;
    let forbidden = |reason| refused(403, Some("Bearer error=\"insufficient_scope\""), reason);
    let bearer = |token: String| format!("Bearer {token}");
    let key = TestKey::trusted();
    for roles in [&["user"][..], &["administrator"], &[], &["PROTHETIC_USER"], &["prothetic_user "]] {
        let token = bearer(setup.token().roles(roles).sign(key));
        assert_eq!(
            ask(&setup, with("/api/reports", &[&token])).await,
            forbidden(Reason::RoleLacking),
            "J43 {roles:?}"
        );
    }
    let in_scope =
        setup.token().roles(&[]).claim("scope", "prothetic_user").claim("roles", "prothetic_user").sign(key);
    assert_eq!(ask(&setup, with("/api/reports", &[&bearer(in_scope)])).await, forbidden(Reason::RoleLacking));
    let of_a_client = setup
        .token()
        .roles(&[])
        .claim("resource_access", serde_json::json!({"bionicpro-auth": {"roles": ["prothetic_user"]}}));
    assert_eq!(
        ask(&setup, with("/api/reports", &[&bearer(of_a_client.sign(key))])).await,
        forbidden(Reason::RoleLacking)
    );
    let service = bearer(setup.token().user("service-account-bionicpro-etl").sign(key));
    assert_eq!(
        ask(&setup, with("/api/reports", &[&service])).await,
        forbidden(Reason::ServiceAccount),
        "J80"
    );
}

#[tokio::test]
async fn an_issuer_that_is_away_is_not_the_callers_fault() {
    let setup = setup().await;
    setup.server.answer_keys(Answer::HangUp);
    let seen = ask(&setup, with("/api/reports", &[&format!("Bearer {}", setup.good())])).await;
    assert_eq!(seen, refused(503, None, Reason::KeysUnavailable), "J83");
}

#[tokio::test]
async fn the_same_token_may_come_again_and_again() {
    let setup = setup().await;
    let bearer = format!("Bearer {}", setup.good());
    for _ in 0..1000 {
        assert_eq!(ask(&setup, with("/api/reports", &[&bearer])).await.status, 200, "J81");
    }
    assert_eq!(setup.server.fetches(), 1);
}

//! The payload: the issuer, the holder, the audience, the kind and the lifetime of the token.

use bionicpro_auth::Reason::{
    Audience, AuthorizedParty, Expired, ExpiryForm, IssuedAt, Issuer, Lifetime, NotABearerToken, NotBefore,
    Roles, ServiceAccount, SessionId, Subject, TokenType, Username,
};
use bionicpro_auth::testing::{TestKey, TokenBuilder};
use bionicpro_auth::{Reason, Rejection};
use serde_json::{Value, json};

use crate::support::{NOW, Setup, metrics_of, setup};

/// Asserts that each row, which sets one claim or removes it, is refused for the reason.
async fn refuses(setup: &Setup, reason: Reason, claim: &str, rows: Vec<(&'static str, Option<Value>)>) {
    let token = |value: Option<Value>| match value {
        Some(value) => setup.token().claim(claim, value).sign(TestKey::trusted()),
        None => setup.token().without(claim).sign(TestKey::trusted()),
    };
    setup.refuses(rows.into_iter().map(|(row, value)| (row, token(value), reason)).collect()).await;
}

#[tokio::test]
async fn a_valid_token_says_who_calls() {
    let setup = setup().await;
    let claims = setup.claims(&setup.good()).await.unwrap();
    assert_eq!(claims.username.as_str(), "ivan.petrov");
    assert_eq!(claims.subject, "0d9e7f6a-0c58-4f0e-8e55-2f3a1b6c7d01");
    assert_eq!(claims.authorized_party, "bionicpro-auth");
    assert_eq!(claims.expires_at.timestamp(), NOW + 300);
    assert_eq!(claims.session_id.as_deref(), Some("7f1f7a52-31cb-4a5e-9a30-7b0d2c1e4f02"));
    assert!(claims.require_role("prothetic_user").is_ok());
    assert_eq!(claims.require_role("administrator"), Err(Rejection::Forbidden(Reason::RoleLacking)));
    let shown = format!("{claims:?}");
    assert!(!shown.contains("ivan") && !shown.contains("0d9e7f6a"), "{shown}");
}

#[tokio::test]
async fn the_issuer_is_exactly_ours() {
    let setup = setup().await;
    let ours = setup.server.issuer();
    let rows = [
        ("J32 trailing slash", format!("{ours}/")),
        ("J32 https for http", ours.replace("http:", "https:")),
        ("J32 other realm", ours.replace("reports-realm", "master")),
        ("J32 the default port", format!("{}/realms/reports-realm", "http://127.0.0.1:443")),
        ("J32 upper case", ours.to_uppercase()),
        ("J32 upper-case scheme", ours.replace("http:", "HTTP:")),
        ("other name of the host", ours.replace("127.0.0.1", "localhost")),
        ("a longer one", format!("{ours}.evil.example")),
        ("leading space", format!(" {ours}")),
        ("empty", String::new()),
    ];
    let mut rows: Vec<(&str, Option<Value>)> =
        rows.into_iter().map(|(row, issuer)| (row, Some(json!(issuer)))).collect();
    rows.extend([
        ("J30 missing", None),
        ("J30 number", Some(json!(1))),
        ("J30 null", Some(json!(null))),
        ("array", Some(json!([ours]))),
    ]);
    refuses(&setup, Issuer, "iss", rows).await;
}

#[tokio::test]
async fn a_key_of_another_issuer_counts_nothing_here() {
    let (ours, theirs) = (setup().await, setup().await);
    // The second issuer publishes its own key under our key's id.
    theirs.server.publish(vec![TestKey::attacker().jwk_as(TestKey::trusted().kid())]);
    let by_theirs = ours.token().sign(TestKey::attacker());
    let theirs_entirely = theirs.token().sign(TestKey::attacker());
    ours.refuses(vec![
        ("J34 our issuer's name", by_theirs, Reason::Signature),
        ("J34 their name", theirs_entirely, Reason::Signature),
    ])
    .await;
    assert_eq!(theirs.server.connections(), 0);
}

#[tokio::test]
async fn the_audience_holds_ours() {
    let setup = setup().await;
    refuses(
        &setup,
        Audience,
        "aud",
        vec![
            ("J35 J42 missing", None),
            ("J36 null", Some(json!(null))),
            ("J36 number", Some(json!(1))),
            ("J36 object", Some(json!({"bionicpro-auth": 1}))),
            ("J36 empty array", Some(json!([]))),
            ("J36 array of numbers", Some(json!([1]))),
            ("ours among other things", Some(json!(["bionicpro-auth", 1]))),
            ("nested", Some(json!([["bionicpro-auth"]]))),
            ("J37 J42 account", Some(json!("account"))),
            ("J37 J42 account in an array", Some(json!(["account"]))),
            ("J39 upper case", Some(json!("BIONICPRO-AUTH"))),
            ("J39 trailing space", Some(json!("bionicpro-auth "))),
            ("J39 prefix", Some(json!("bionicpro"))),
            ("J39 suffix", Some(json!("auth"))),
            ("J39 longer", Some(json!("bionicpro-auth-2"))),
            ("J39 in one text with others", Some(json!("account bionicpro-auth"))),
            ("empty", Some(json!(""))),
        ],
    )
    .await;
    let with = |aud: Value| setup.token().claim("aud", aud).sign(TestKey::trusted());
    setup
        .accepts(vec![
            ("J38", with(json!(["account", "bionicpro-auth"]))),
            ("alone in an array", with(json!(["bionicpro-auth"]))),
            ("text", with(json!("bionicpro-auth"))),
        ])
        .await;
}

#[tokio::test]
async fn the_client_is_on_the_list() {
    let setup = setup().await;
    refuses(
        &setup,
        AuthorizedParty,
        "azp",
        vec![
            ("J41 missing", None),
            ("J41 other", Some(json!("account-console"))),
            ("J41 array", Some(json!(["bionicpro-auth"]))),
            ("null", Some(json!(null))),
            ("empty", Some(json!(""))),
            ("other case", Some(json!("Bionicpro-auth"))),
        ],
    )
    .await;
}

#[tokio::test]
async fn only_the_claim_type_bearer_is_an_access_token() {
    let setup = setup().await;
    refuses(
        &setup,
        TokenType,
        "typ",
        vec![
            ("J57 ID token", Some(json!("ID"))),
            ("J58 refresh token", Some(json!("Refresh"))),
            ("J58 offline token", Some(json!("Offline"))),
            ("J59 logout token", Some(json!("Logout"))),
            ("J60 action token", Some(json!("execute-actions"))),
            ("J60 serialized ID", Some(json!("Serialized-ID"))),
            ("J61 absent", None),
            ("J61 lower case", Some(json!("bearer"))),
            ("upper case", Some(json!("BEARER"))),
            ("DPoP", Some(json!("DPoP"))),
            ("null", Some(json!(null))),
            ("array", Some(json!(["Bearer"]))),
        ],
    )
    .await;
    let bound = |name: &str, value: Value| setup.token().claim(name, value).sign(TestKey::trusted());
    setup
        .refuses(vec![
            (
                "J62 DPoP",
                bound("cnf", json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})),
                NotABearerToken,
            ),
            ("certificate-bound", bound("cnf", json!({"x5t#S256": "x"})), NotABearerToken),
            ("cnf null", bound("cnf", json!(null)), NotABearerToken),
            (
                "J59 events",
                bound("events", json!({"http://schemas.openid.net/event/backchannel-logout": {}})),
                NotABearerToken,
            ),
        ])
        .await;
}

#[tokio::test]
async fn the_subject_is_text_of_a_sane_length() {
    let setup = setup().await;
    refuses(
        &setup,
        Subject,
        "sub",
        vec![
            ("J63 missing", None),
            ("J63 empty", Some(json!(""))),
            ("J63 number", Some(json!(7))),
            ("null", Some(json!(null))),
            ("J63 long", Some(json!("x".repeat(256)))),
            ("newline", Some(json!("a\nb"))),
            ("NUL", Some(json!("a\0"))),
        ],
    )
    .await;
    let ten_kilobytes = setup.token().claim("sub", "x".repeat(10_000)).sign(TestKey::trusted());
    setup.refuses(vec![("J63 10 KB", ten_kilobytes, Reason::TooLarge)]).await;
    let federated = setup.token().claim("sub", "f:0c1e:o'neil").sign(TestKey::trusted());
    setup.accepts(vec![("of a user store", federated)]).await;
}

#[tokio::test]
async fn login_names_of_people_are_accepted_and_control_text_is_not() {
    let setup = setup().await;
    refuses(
        &setup,
        Username,
        "preferred_username",
        vec![
            ("J79 missing", None),
            ("J79 number", Some(json!(1))),
            ("J79 empty", Some(json!(""))),
            ("J79 256 characters", Some(json!("a".repeat(256)))),
            ("J79 NUL", Some(json!("ivan\0"))),
            ("J79 newline", Some(json!("ivan\n"))),
            ("J79 carriage return", Some(json!("ivan\r\nX-User: anna"))),
            ("J79 path", Some(json!("../anna.schmidt"))),
            ("J79 path inside", Some(json!("ivan/../anna"))),
            ("J79 right-to-left mark", Some(json!("\u{200f}ivan.petrov"))),
            ("right-to-left override", Some(json!("ivan\u{202e}.petrov"))),
            ("zero-width space", Some(json!("ivan\u{200b}.petrov"))),
            ("terminal escape", Some(json!("\u{1b}[2Jivan"))),
            ("null", Some(json!(null))),
            ("array", Some(json!(["ivan.petrov"]))),
        ],
    )
    .await;
    let longest = "я".repeat(255);
    for name in [
        "иван",
        "o'neil",
        "ישראל",
        "张伟",
        "Ivan.Petrov",
        "a b",
        "ivan@example.com",
        "' OR 1=1; --",
        &longest,
    ] {
        let claims = setup
            .claims(&setup.token().claim("preferred_username", name).sign(TestKey::trusted()))
            .await
            .unwrap();
        assert_eq!(claims.username.as_str(), name, "unchanged, neither trimmed nor folded");
    }
}

#[tokio::test]
async fn expiry_is_required_and_follows_the_clock_with_thirty_seconds_leeway() {
    let setup = setup().await;
    let raw = |exp: &str| {
        let claims = setup.token().without("exp").claims_json();
        let payload = format!(r#"{{"exp":{exp},{}"#, &claims[1..]);
        TokenBuilder::sign_raw(setup.token().header_json(), payload, TestKey::trusted())
    };
    refuses(
        &setup,
        ExpiryForm,
        "exp",
        vec![
            ("J64 missing", None),
            ("J64 string", Some(json!((NOW + 300).to_string()))),
            ("J64 null", Some(json!(null))),
            ("J64 -1", Some(json!(-1))),
            ("J64 NaN as text", Some(json!("NaN"))),
            ("fraction", Some(json!(NOW as f64 + 300.5))),
            ("true", Some(json!(true))),
            ("array", Some(json!([NOW + 300]))),
        ],
    )
    .await;
    let huge = [
        "1e300",
        "18446744073709551616",
        "18446744073709551615",
        "9223372036854775807",
        "253402300800",
        "1.7053131e9",
    ];
    setup.refuses(huge.map(|exp| ("J64 beyond any time", raw(exp), ExpiryForm)).into()).await;

    let aged =
        |age_s: i64| TokenBuilder::new(&setup.server.issuer(), NOW - 300 - age_s).sign(TestKey::trusted());
    setup.accepts(vec![("J65 29 s ago", aged(29)), ("now", aged(0))]).await;
    setup.refuses(vec![("30 s ago", aged(30), Expired), ("J65 31 s ago", aged(31), Expired)]).await;
}

#[tokio::test]
async fn a_token_starts_before_it_ends_and_not_in_the_future() {
    let setup = setup().await;
    let time = |name: &str, value: Value| setup.token().claim(name, value).sign(TestKey::trusted());
    let life =
        |iat: i64, exp: i64| setup.token().claim("iat", iat).claim("exp", exp).sign(TestKey::trusted());
    setup
        .refuses(vec![
            ("J67 exp before iat", life(NOW + 20, NOW + 10), Lifetime),
            ("J67 exp is iat", life(NOW + 10, NOW + 10), Lifetime),
            ("a day and a second", life(NOW, NOW + 86_401), Lifetime),
            ("issued in 1970", life(0, NOW + 300), Lifetime),
            ("J68 nbf +31 s", time("nbf", json!(NOW + 31)), NotBefore),
            ("J68 nbf +1 h", time("nbf", json!(NOW + 3600)), NotBefore),
            ("J68 nbf string", time("nbf", json!("0")), NotBefore),
            ("J68 nbf null", time("nbf", json!(null)), NotBefore),
            ("J69 iat +31 s", life(NOW + 31, NOW + 300), IssuedAt),
            ("J69 iat +1 year", life(NOW + 31_536_000, NOW + 31_536_300), IssuedAt),
            ("J69 iat missing", setup.token().without("iat").sign(TestKey::trusted()), IssuedAt),
            ("J69 iat string", time("iat", json!(NOW.to_string())), IssuedAt),
            ("iat fraction", time("iat", json!(NOW as f64 - 0.5)), IssuedAt),
            ("iat negative", time("iat", json!(-5)), IssuedAt),
        ])
        .await;
    setup
        .accepts(vec![
            ("J68 nbf +29 s", time("nbf", json!(NOW + 29))),
            ("nbf 0, as older Keycloaks send", time("nbf", json!(0))),
            ("iat +29 s", life(NOW + 29, NOW + 300)),
            ("a day", life(NOW, NOW + 86_400)),
        ])
        .await;
}

#[test]
fn decisions_follow_a_clock_that_jumps_and_the_jump_is_counted() {
    let seen = metrics_of(async {
        let setup = setup().await;
        let (now, later) =
            (setup.good(), TokenBuilder::new(&setup.server.issuer(), NOW + 3600).sign(TestKey::trusted()));
        let verdicts = async || {
            let reason = |checked: Result<_, Rejection>| checked.map(|_| ()).map_err(Rejection::reason);
            (reason(setup.claims(&now).await), reason(setup.claims(&later).await))
        };
        assert_eq!(verdicts().await, (Ok(()), Err(IssuedAt)));
        setup.clock.jump(3600);
        assert_eq!(verdicts().await, (Err(Expired), Ok(())), "J70");
        setup.clock.jump(-7200);
        assert_eq!(verdicts().await, (Err(IssuedAt), Err(IssuedAt)), "J70");
        setup.clock.jump(3600);
        assert_eq!(verdicts().await, (Ok(()), Err(IssuedAt)));
        assert_eq!(setup.server.fetches(), 1, "the age of keys follows the monotonic clock");
    });
    assert!(seen.contains("bionicpro_auth_clock_jumps_total 3"), "{seen}");
    assert!(seen.contains(r#"bionicpro_auth_tokens_total{reason="expired"} 1"#), "{seen}");
}

#[tokio::test]
async fn roles_are_a_list_of_texts_or_none() {
    let setup = setup().await;
    refuses(
        &setup,
        Roles,
        "realm_access",
        vec![
            ("null", Some(json!(null))),
            ("array", Some(json!(["prothetic_user"]))),
            ("text", Some(json!({"roles": "prothetic_user"}))),
            ("numbers", Some(json!({"roles": [1]}))),
            ("object", Some(json!({"roles": {"prothetic_user": true}}))),
        ],
    )
    .await;
    refuses(
        &setup,
        SessionId,
        "sid",
        vec![
            ("null", Some(json!(null))),
            ("number", Some(json!(7))),
            ("control character", Some(json!("a\nb"))),
        ],
    )
    .await;
    for none in [setup.token().without("realm_access"), setup.token().claim("realm_access", json!({}))] {
        let claims = setup.claims(&none.sign(TestKey::trusted())).await.unwrap();
        assert_eq!(claims.require_role("prothetic_user"), Err(Rejection::Forbidden(Reason::RoleLacking)));
    }
}

#[tokio::test]
async fn a_service_account_is_no_person() {
    let setup = setup().await;
    let service = setup.token().user("service-account-bionicpro-etl");
    let by_our_client = setup.claims(&service.sign(TestKey::trusted())).await.unwrap();
    assert_eq!(by_our_client.require_person(), Err(Rejection::Forbidden(ServiceAccount)), "J80");
    let by_its_own = service.clone().claim("azp", "bionicpro-etl").sign(TestKey::trusted());
    assert_eq!(setup.claims(&by_its_own).await, Err(Rejection::Forbidden(ServiceAccount)), "J80");
    let by_another = service.claim("azp", "account-console").sign(TestKey::trusted());
    assert_eq!(setup.claims(&by_another).await, Err(Rejection::Invalid(AuthorizedParty)));
}

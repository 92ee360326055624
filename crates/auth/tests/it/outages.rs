//! The issuer is down, slow, or answers incorrectly.

use std::time::{Duration, Instant};

use bionicpro_auth::testing::{Answer, TestKey, TokenBuilder};
use bionicpro_auth::{Clock, Config, KeyState, Reason, Rejection, Verifier};
use tokio::net::TcpListener;

use crate::support::{NOW, Setup, metrics_of, setup, setup_with};

impl Setup {
    /// A token that is valid `later_s` seconds after the start.
    fn good_at(&self, later_s: i64) -> String {
        TokenBuilder::new(&self.server.issuer(), NOW + later_s).sign(TestKey::trusted())
    }
}

#[tokio::test]
async fn without_keys_from_the_start_nothing_is_decided() {
    let setup = setup().await;
    setup.server.answer_keys(Answer::HangUp);
    assert_eq!(
        setup.claims(&setup.good()).await,
        Err(Rejection::Unavailable(Reason::KeysUnavailable)),
        "J83"
    );
    assert_eq!(
        setup.claims(&setup.token().sign(TestKey::attacker())).await,
        Err(Rejection::Unavailable(Reason::KeysUnavailable)),
        "J83"
    );
    assert_eq!(setup.verifier.ready().await, KeyState::Unavailable, "J83");
    assert_eq!(setup.server.fetches(), 1, "attempts are a second apart");
    setup.server.answer_keys(Answer::Right);
    setup.clock.advance(1);
    assert!(setup.verifier.ready().await.is_ready());
    setup.accepts(vec![("once the issuer is back", setup.good())]).await;
}

#[tokio::test]
async fn an_issuer_that_nobody_listens_for_is_no_reason_to_refuse() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let issuer = format!("http://{}/realms/reports-realm", taken.local_addr().unwrap());
    drop(taken);
    let (clock, _) = Clock::manual(NOW);
    let verifier =
        Verifier::with_clock(&Config { issuer: Some(issuer.clone()), ..Config::default() }, clock).unwrap();
    let token = TokenBuilder::new(&issuer, NOW).sign(TestKey::trusted());
    assert_eq!(verifier.verify(&token).await, Err(Rejection::Unavailable(Reason::KeysUnavailable)));
    // A text that is not a token can be refused without a key.
    assert_eq!(verifier.verify("x").await, Err(Rejection::Invalid(Reason::Encoding)));
}

#[tokio::test]
async fn known_keys_serve_for_an_hour_without_the_issuer_and_then_nothing_does() {
    let setup = setup().await;
    setup.claims(&setup.good()).await.unwrap();
    setup.server.answer_keys(Answer::HangUp);
    setup.server.answer_discovery(Answer::HangUp);
    for later_s in [300, 900, 1800, 3599] {
        let passed = i64::from(u32::try_from(later_s).unwrap());
        setup.clock.advance(u32::try_from(passed - elapsed(&setup)).unwrap());
        setup.accepts(vec![("J84", setup.good_at(later_s))]).await;
        assert!(matches!(setup.verifier.ready().await, KeyState::Stale { .. }), "J84 at {later_s}");
    }
    setup.clock.advance(1);
    assert_eq!(
        setup.claims(&setup.good_at(3600)).await,
        Err(Rejection::Unavailable(Reason::KeysUnavailable)),
        "J84"
    );
    assert_eq!(setup.verifier.ready().await, KeyState::Unavailable);
    setup.server.answer_keys(Answer::Right);
    setup.server.answer_discovery(Answer::Right);
    // The attempt that failed may still be under way; the next one is allowed a second after it began.
    let deadline = Instant::now() + Duration::from_secs(5);
    while !setup.verifier.ready().await.is_ready() {
        assert!(Instant::now() < deadline, "the keys did not recover");
        setup.clock.advance(1);
    }
    assert!(setup.claims(&setup.good_at(3600)).await.is_ok(), "J84: back again");
}

/// Seconds since the start, derived from the age of the keys.
fn elapsed(setup: &Setup) -> i64 {
    let state = futures_util::FutureExt::now_or_never(setup.verifier.ready());
    match state.expect("nothing to wait for while stale") {
        KeyState::Fresh { age } | KeyState::Stale { age } => i64::try_from(age.as_secs()).unwrap(),
        KeyState::Unavailable => panic!("no keys"),
    }
}

fn raw(status: &'static str, headers: &str, body: impl Into<Vec<u8>>) -> Answer {
    Answer::Raw { status, headers: headers.to_owned(), body: body.into() }
}

#[test]
fn a_bad_key_set_leaves_the_old_keys() {
    const JSON: &str = "Content-Type: application/json\r\n";
    let good = format!(r#"{{"keys":[{}]}}"#, TestKey::attacker().jwk());
    let cases = [
        ("J85 HTML", raw("200 OK", "Content-Type: text/html\r\n", "<html>"), "content_type"),
        ("J85 HTML said to be JSON", raw("200 OK", JSON, "<html>"), "json"),
        ("J85 empty keys", raw("200 OK", JSON, r#"{"keys":[]}"#), "no_usable_key"),
        ("no keys member", raw("200 OK", JSON, "{}"), "json"),
        ("keys twice", raw("200 OK", JSON, format!(r#"{{"keys":[],{}"#, &good[1..])), "json"),
        ("keys no array", raw("200 OK", JSON, r#"{"keys":{}}"#), "json"),
        ("J85 50 MB", Answer::Flood, "too_large"),
        ("J85 257 KB", raw("200 OK", JSON, format!("{good}{}", " ".repeat(257 << 10))), "too_large"),
        (
            "J85 wrong content type",
            raw("200 OK", "Content-Type: text/plain\r\n", good.clone()),
            "content_type",
        ),
        ("no content type", raw("200 OK", "", good.clone()), "content_type"),
        (
            "J85 gzip bomb",
            raw("200 OK", &format!("{JSON}Content-Encoding: gzip\r\n"), gzip_bomb()),
            "content_encoding",
        ),
        ("J85 redirect", raw("302 Found", "Location: http://127.0.0.1:1/certs\r\n", ""), "status"),
        ("other success", raw("203 OK", JSON, good.clone()), "status"),
        ("500", raw("500 Oops", JSON, good), "status"),
        ("hang up", Answer::HangUp, "connect"),
    ];
    for (row, answer, fault) in cases {
        let seen = metrics_of(async {
            let setup = setup().await;
            setup.claims(&setup.good()).await.unwrap();
            setup.server.answer_keys(answer);
            setup.clock.advance(300);
            assert!(setup.claims(&setup.good_at(300)).await.is_ok(), "{row}");
            assert_eq!(setup.server.fetches(), 2, "{row}");
            let by_attacker =
                setup.token().header("kid", TestKey::attacker().kid()).sign(TestKey::attacker());
            assert!(setup.claims(&by_attacker).await.is_err(), "{row}");
        });
        let line = format!(r#"bionicpro_auth_key_refreshes_total{{trigger="expired",outcome="{fault}"}} 1"#);
        assert!(seen.contains(&line), "{row}: {line}: {seen}");
    }
}

#[tokio::test]
async fn a_key_set_that_drips_is_given_up_after_five_seconds() {
    let setup = setup().await;
    setup.claims(&setup.good()).await.unwrap();
    setup.server.answer_keys(Answer::Drip);
    setup.clock.advance(300);
    let started = Instant::now();
    assert!(setup.claims(&setup.good_at(300)).await.is_ok(), "J85");
    let waited = started.elapsed();
    assert!((4..7).contains(&waited.as_secs()), "{waited:?}");
    // From now on, attempts run in the background.
    setup.clock.advance(30);
    let started = Instant::now();
    assert!(setup.claims(&setup.good_at(330)).await.is_ok());
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_discovery_document_of_somebody_else_is_refused() {
    const JSON: &str = "Content-Type: application/json\r\n";
    let own = |setup: &Setup, jwks: &str| {
        raw("200 OK", JSON, format!(r#"{{"issuer":"{}","jwks_uri":"{jwks}"}}"#, setup.server.issuer()))
    };
    let trap = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let setup = setup().await;
    let certs = format!("{}/certs", setup.server.issuer());
    let bad = [
        raw("200 OK", JSON, format!(r#"{{"issuer":"https://evil.example","jwks_uri":"{certs}"}}"#)),
        raw("200 OK", JSON, format!(r#"{{"issuer":"{}/","jwks_uri":"{certs}"}}"#, setup.server.issuer())),
        raw("200 OK", JSON, format!(r#"{{"jwks_uri":"{certs}"}}"#)),
        raw("200 OK", JSON, format!(r#"{{"issuer":"{}"}}"#, setup.server.issuer())),
        raw("302 Found", &format!("Location: http://{}/\r\n", trap.local_addr().unwrap()), ""),
        own(&setup, "http://evil.example/certs"),
        own(&setup, "http://192.168.0.1/certs"),
        own(&setup, "file:///etc/passwd"),
        own(&setup, &certs.replace("http://", "http://user:password@")),
        own(&setup, "certs"),
    ];
    for answer in bad {
        setup.server.answer_discovery(answer.clone());
        assert_eq!(setup.verifier.ready().await, KeyState::Unavailable, "{answer:?}");
        setup.clock.advance(1);
    }
    assert_eq!(setup.server.fetches(), 0);
    assert!(tokio::time::timeout(Duration::from_millis(100), trap.accept()).await.is_err());
    setup.server.answer_discovery(Answer::Right);
    assert!(setup.verifier.ready().await.is_ready());
}

#[tokio::test]
async fn a_configured_key_set_needs_no_discovery() {
    let elsewhere = bionicpro_auth::testing::KeyServer::start().await;
    let certs = format!("{}/certs", elsewhere.issuer());
    let setup = setup_with(|config| config.jwks_url = Some(certs.parse().unwrap())).await;
    setup.accepts(vec![("by keys from elsewhere", setup.good())]).await;
    assert_eq!((setup.server.connections(), elsewhere.fetches()), (0, 1));
}

#[test]
fn an_incomplete_or_untrustworthy_configuration_is_refused_at_start() {
    let issuer = |issuer: &str| Config { issuer: Some(issuer.to_owned()), ..Config::default() };
    let good = || issuer("https://id.example.com/realms/reports-realm");
    assert!(Verifier::new(&good()).is_ok());
    let bad = [
        Config::default(),
        issuer(""),
        issuer("id.example.com"),
        issuer("http://id.example.com/realms/reports-realm"),
        issuer("https://user:password@id.example.com/"),
        issuer("https://id.example.com/?realm=x"),
        Config { audience: String::new(), ..good() },
        Config { authorized_parties: vec![], ..good() },
        Config { required_role: String::new(), ..good() },
        Config { jwks_url: Some("http://id.example.com/certs".parse().unwrap()), ..good() },
    ];
    for config in bad {
        let error = Verifier::new(&config).unwrap_err();
        assert_eq!(error.kind(), bionicpro_model::Kind::Config, "{config:?}");
        assert!(error.hint_text().is_some() && !error.report().contains("password@"), "{}", error.report());
    }
}

/// A gzip stream that would decompress to far more than its size; its first bytes are enough for a header
/// check.
fn gzip_bomb() -> Vec<u8> {
    let mut bomb = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    bomb.extend(std::iter::repeat_n([0xed, 0xc1, 1, 1, 0, 0, 0, 0x80, 0x90, 0xfe], 10_000).flatten());
    bomb
}

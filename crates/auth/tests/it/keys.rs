//! Rotation and withdrawal of keys, unknown key ids by the thousand, and the published keys that are
//! accepted.

use std::sync::Arc;
use std::time::Duration;

use bionicpro_auth::testing::{Answer, TestKey};
use bionicpro_auth::{KeyState, Reason, Rejection};
use serde_json::{Value, json};

use crate::support::{NOW, metrics_of, setup};

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_unknown_key_ids_cause_one_fetch() {
    let setup = Arc::new(setup().await);
    setup.claims(&setup.good()).await.unwrap();
    setup.server.answer_keys(Answer::Late(Duration::from_millis(200)));
    let clients = (0..50).map(|client| {
        let setup = setup.clone();
        tokio::spawn(async move {
            let good = setup.good();
            let (header_payload, signature) = good.rsplit_once('.').unwrap();
            let (_, payload) = header_payload.split_once('.').unwrap();
            for n in 0..200 {
                let header = setup.token().header("kid", format!("unknown-{client}-{n}")).signing_input();
                let (header, _) = header.split_once('.').unwrap();
                let verdict = setup.claims(&format!("{header}.{payload}.{signature}")).await;
                assert_eq!(verdict, Err(Rejection::Invalid(Reason::UnknownKey)), "J46");
                if n % 20 == 0 {
                    setup.claims(&good).await.unwrap();
                }
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    assert_eq!(setup.server.fetches(), 2, "J46: the first one, and one for all unknown ids");
    setup.clock.advance(29);
    setup.claims(&setup.token().header("kid", "another").sign(TestKey::trusted())).await.unwrap_err();
    assert_eq!(setup.server.fetches(), 2);
    setup.clock.advance(1);
    setup.claims(&setup.token().header("kid", "another").sign(TestKey::trusted())).await.unwrap_err();
    assert_eq!(setup.server.fetches(), 3, "30 s later one more is allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_accepted_with_its_first_token_and_one_fetch() {
    let setup = Arc::new(setup().await);
    setup.claims(&setup.good()).await.unwrap();
    let new = Arc::new(TestKey::generate());
    setup.server.publish(vec![TestKey::trusted().jwk(), new.jwk()]);
    setup.server.answer_keys(Answer::Late(Duration::from_millis(300)));
    let requests = (0..500).map(|_| {
        let (setup, new) = (setup.clone(), new.clone());
        tokio::spawn(async move { setup.claims(&setup.token().header("kid", new.kid()).sign(&new)).await })
    });
    for request in requests.collect::<Vec<_>>() {
        assert!(request.await.unwrap().is_ok(), "J47");
    }
    assert_eq!(setup.server.fetches(), 2, "J47");
    assert_eq!(setup.server.discoveries(), 1, "the key set's address is known");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_requests_share_one_fetch() {
    let setup = Arc::new(setup().await);
    setup.server.answer_keys(Answer::Late(Duration::from_millis(200)));
    let requests = (0..100).map(|_| {
        let setup = setup.clone();
        tokio::spawn(async move { setup.claims(&setup.good()).await.map(|_| ()) })
    });
    for request in requests.collect::<Vec<_>>() {
        assert_eq!(request.await.unwrap(), Ok(()));
    }
    assert_eq!((setup.server.discoveries(), setup.server.fetches()), (1, 1));
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_cut_the_fetch_short() {
    let setup = setup().await;
    setup.server.answer_keys(Answer::Late(Duration::from_millis(200)));
    let good = setup.good();
    let cut = tokio::time::timeout(Duration::from_millis(50), setup.claims(&good)).await;
    assert!(cut.is_err());
    setup.accepts(vec![("the next one", good)]).await;
    assert_eq!(setup.server.fetches(), 1);
}

#[tokio::test]
async fn a_withdrawn_key_counts_for_five_minutes_at_most() {
    let setup = setup().await;
    let new = TestKey::generate();
    setup.claims(&setup.good()).await.unwrap();
    setup.server.publish(vec![new.jwk()]);
    setup.clock.advance(299);
    setup.accepts(vec![("still cached", setup.good())]).await;
    setup.clock.advance(1);
    assert_eq!(setup.claims(&setup.good()).await, Err(Rejection::Invalid(Reason::UnknownKey)), "J48");
    assert_eq!(setup.server.fetches(), 2, "J48: by age alone");
    setup.accepts(vec![("by the new key", setup.token().header("kid", new.kid()).sign(&new))]).await;
}

#[test]
fn keys_that_could_mean_two_or_were_leaked_are_dropped() {
    let seen = metrics_of(async {
        let setup = setup().await;
        let other = TestKey::generate();
        let mut leaked = TestKey::attacker().jwk();
        leaked["d"] = json!("AQAB");
        let mut without_id = other.jwk();
        without_id.as_object_mut().unwrap().remove("kid");
        setup.server.publish(vec![
            TestKey::trusted().jwk(),
            other.jwk_as("twice"),
            TestKey::trusted().jwk_as("twice"),
            leaked,
            without_id,
        ]);
        let by = |kid: &str, key: &TestKey| setup.token().header("kid", kid).sign(key);
        setup
            .refuses(vec![
                ("J86 one of two", by("twice", &other), Reason::UnknownKey),
                ("J86 the other of two", by("twice", TestKey::trusted()), Reason::UnknownKey),
                ("J86 private", by(TestKey::attacker().kid(), TestKey::attacker()), Reason::UnknownKey),
                ("J87 without id", by(other.kid(), &other), Reason::UnknownKey),
            ])
            .await;
    });
    for line in [
        r#"bionicpro_auth_keys_dropped_total{why="duplicate_kid"} 4"#,
        r#"bionicpro_auth_keys_dropped_total{why="private_members"} 2"#,
        r#"bionicpro_auth_keys_dropped_total{why="no_kid"} 2"#,
        "bionicpro_auth_keys_usable 1",
    ] {
        assert!(seen.contains(line), "{line}: {seen}");
    }
}

#[tokio::test]
async fn only_sound_public_rsa_keys_for_signatures_count() {
    let setup = setup().await;
    let other = TestKey::generate();
    let change = |name: &str, value: Value| {
        let mut jwk = other.jwk();
        jwk[name] = value;
        jwk
    };
    let n = other.jwk()["n"].as_str().unwrap().to_owned();
    let unfit = [
        change("use", json!("enc")),
        change("use", json!(null)),
        change("use", json!(["sig"])),
        change("key_ops", json!(["encrypt"])),
        change("key_ops", json!(["verify", "encrypt"])),
        change("key_ops", json!([])),
        change("key_ops", json!("verify")),
        change("alg", json!("RSA-OAEP")),
        change("alg", json!("RS512")),
        change("alg", json!(null)),
        change("kty", json!("EC")),
        change("kty", json!("rsa")),
        change("kid", json!(7)),
        change("kid", json!("")),
        change("e", json!("AQ")),
        change("e", json!("Aw")),
        change("e", json!("AQAA")),
        change("e", json!("AAEAAQ")),
        change("e", json!("")),
        change("e", json!(65537)),
        change("n", json!(n[..340])),
        change("n", json!(format!("{n}="))),
        change("n", json!("")),
        change("n", json!(n.repeat(5))),
        change("k", json!("AQAB")),
        json!("a text"),
        json!(null),
    ];
    for jwk in unfit {
        setup.server.publish(vec![TestKey::trusted().jwk(), jwk.clone()]);
        setup.clock.advance(300);
        let made = setup.verifier.ready().await;
        assert!(matches!(made, KeyState::Fresh { .. }), "{jwk}: {made:?}");
        let token = setup.token().header("kid", other.kid()).sign(&other);
        assert_eq!(setup.claims(&token).await, Err(Rejection::Invalid(Reason::UnknownKey)), "{jwk}");
    }
    setup.server.publish(vec![change("key_ops", json!(["verify"]))]);
    setup.clock.advance(300);
    assert!(setup.verifier.ready().await.is_ready());
    let token = setup.token().header("kid", other.kid()).sign(&other);
    assert_eq!(
        setup.claims(&token).await.unwrap_err().reason(),
        Reason::Expired,
        "the key counts, the time has passed"
    );
}

#[test]
fn a_token_is_known_again_until_its_key_set_is_replaced() {
    let seen = metrics_of(async {
        let setup = setup().await;
        let good = setup.good();
        for _ in 0..1000 {
            setup.claims(&good).await.unwrap();
        }
        // The first request after each fetch verifies the signature again.
        setup.clock.advance(300);
        let second = setup.token().claim("iat", NOW + 300).claim("exp", NOW + 600).sign(TestKey::trusted());
        setup.claims(&second).await.unwrap();
        setup.claims(&second).await.unwrap();
    });
    assert!(seen.contains("bionicpro_auth_tokens_known_total 1000"), "{seen}");
    assert!(seen.contains("bionicpro_auth_tokens_total{reason=\"ok\"} 1002"), "{seen}");
}

#[tokio::test]
async fn a_known_token_ends_with_its_key() {
    let setup = setup().await;
    let token = setup.token().claim("exp", NOW + 900).sign(TestKey::trusted());
    setup.claims(&token).await.unwrap();
    setup.claims(&token).await.unwrap();
    setup.server.publish(vec![TestKey::generate().jwk()]);
    setup.clock.advance(299);
    setup.claims(&token).await.unwrap();
    setup.clock.advance(1);
    let verdict = setup.claims(&token).await;
    assert_eq!(verdict, Err(Rejection::Invalid(Reason::UnknownKey)), "J48, known or not");
}

#[tokio::test]
async fn a_known_token_is_held_against_the_clock_each_time() {
    let setup = setup().await;
    let token = setup.token().claim("nbf", NOW).claim("exp", NOW + 200).sign(TestKey::trusted());
    setup.claims(&token).await.unwrap();
    setup.clock.jump(-3600);
    assert_eq!(setup.claims(&token).await, Err(Rejection::Invalid(Reason::NotBefore)), "J70");
    setup.clock.jump(3600);
    setup.claims(&token).await.unwrap();
    setup.clock.advance(229);
    setup.claims(&token).await.unwrap();
    setup.clock.advance(1);
    assert_eq!(setup.claims(&token).await, Err(Rejection::Invalid(Reason::Expired)), "J65");
}

#[tokio::test]
async fn a_changed_copy_of_a_known_token_is_not_known() {
    let setup = setup().await;
    let good = setup.good();
    setup.claims(&good).await.unwrap();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let other = setup.token().user("bob").signing_input();
    assert_eq!(
        setup.claims(&format!("{other}.{signature}")).await,
        Err(Rejection::Invalid(Reason::Signature))
    );
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let verdict = setup.claims(&format!("{signed}.{flipped}{}", &signature[1..])).await;
    assert_eq!(verdict, Err(Rejection::Invalid(Reason::Signature)));
    setup.claims(&good).await.unwrap();
}

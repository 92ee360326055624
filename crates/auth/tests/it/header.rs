//! The protected header: algorithms, key ids, members that carry keys, and types.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bionicpro_auth::Reason::{Algorithm, HeaderMember, HeaderType, KeyId, Signature, TooLarge, UnknownKey};
use bionicpro_auth::testing::{TestKey, TokenBuilder};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{setup, setup_with};

#[tokio::test]
async fn the_algorithm_is_exactly_rs256() {
    let setup = setup().await;
    let key = TestKey::trusted();
    let none = setup.token().header("alg", "none").signing_input();
    let mut rows = vec![
        ("J12 none, a signature of one byte", format!("{none}.AA"), Algorithm),
        ("J13 none with a good signature", setup.token().header("alg", "none").sign(key), Algorithm),
        ("J14 missing", setup.token().without_header("alg").sign(key), Algorithm),
    ];
    let odd = [
        json!("noNE"),
        json!("None"),
        json!("NONE"),
        json!("rs256"),
        json!("Rs256"),
        json!("RS256 "),
        json!(" RS256"),
        json!("RS256\0"),
        json!(""),
        json!(256),
        json!(null),
        json!(["RS256"]),
        json!({"alg": "RS256"}),
        json!(true),
    ];
    rows.extend(odd.map(|alg| ("J14 odd", setup.token().header("alg", alg).sign(key), Algorithm)));
    rows.extend(["RS384", "RS512", "PS256"].map(|alg| {
        let input = setup.token().header("alg", alg).signing_input();
        ("J18 by the right key", format!("{input}.{}", key.sign_by(alg, &input)), Algorithm)
    }));
    rows.extend(["RS384", "RS512", "PS256"].map(|alg| {
        let input = setup.token().signing_input();
        ("J18 by the right key, said to be RS256", format!("{input}.{}", key.sign_by(alg, &input)), Signature)
    }));
    setup.refuses(rows).await;
    let empty = setup.claims(&format!("{none}.")).await.unwrap_err();
    assert_eq!(empty.status(), 401, "J12 none with an empty signature");
}

#[tokio::test]
async fn a_public_key_is_never_a_shared_secret() {
    let setup = setup().await;
    let key = TestKey::trusted();
    let der = key.public_der();
    let lines: Vec<String> = STANDARD
        .encode(&der)
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
    let mut jwk = key.jwk();
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    let certificate = [b"a certificate around ".to_vec(), der.clone()].concat();
    jwk["x5c"] = json!([STANDARD.encode(&certificate)]);
    setup.server.publish(vec![jwk.clone()]);
    let secrets: [(&str, Vec<u8>); 8] = [
        ("J15 PEM", pem.clone().into_bytes()),
        ("J15 PEM without the last line end", pem.trim_end().into()),
        ("J16 DER", der),
        ("J16 JWK as text", jwk.to_string().into_bytes()),
        ("J16 n", modulus),
        ("J16 n as text", jwk["n"].as_str().unwrap().into()),
        ("J16 x5c", certificate),
        ("J17 empty", Vec::new()),
    ];
    let by_secret = |alg: &str, algorithm, secret: &[u8]| {
        let input = setup.token().header("alg", alg).signing_input();
        let tag = hmac::sign(&hmac::Key::new(algorithm, secret), input.as_bytes());
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let mut rows = Vec::new();
    for (row, secret) in &secrets {
        rows.push((*row, by_secret("HS256", hmac::HMAC_SHA256, secret), Algorithm));
        rows.push((*row, by_secret("HS512", hmac::HMAC_SHA512, secret), Algorithm));
        rows.push((*row, by_secret("RS256", hmac::HMAC_SHA256, secret), Signature));
    }
    setup.refuses(rows).await;
}

#[tokio::test]
async fn other_kinds_of_keys_verify_nothing_even_when_published() {
    let setup = setup().await;
    let random = SystemRandom::new();
    let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let ed = Ed25519KeyPair::generate().unwrap();
    let point = ec.public_key().as_ref();
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    setup.server.publish(vec![
        TestKey::trusted().jwk(),
        json!({"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"ec","x":encode(&point[1..33]),"y":encode(&point[33..])}),
        json!({"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"ed","x":encode(ed.public_key().as_ref())}),
        json!({"kty":"oct","alg":"HS256","use":"sig","kid":"oct","k":encode(b"0123456789abcdef0123456789abcdef")}),
    ]);
    let by_ec = |alg: &str, kid: &str| {
        let input = setup.token().header("alg", alg).header("kid", kid).signing_input();
        format!("{input}.{}", encode(ec.sign(&random, input.as_bytes()).unwrap().as_ref()))
    };
    let by_ed = |alg: &str, kid: &str| {
        let input = setup.token().header("alg", alg).header("kid", kid).signing_input();
        format!("{input}.{}", encode(ed.sign(input.as_bytes()).as_ref()))
    };
    setup
        .refuses(vec![
            ("J19 ES256 by a published key", by_ec("ES256", "ec"), Algorithm),
            ("J19 ES256 under the RSA key's id", by_ec("ES256", TestKey::trusted().kid()), Algorithm),
            ("J19 said to be RS256", by_ec("RS256", "ec"), UnknownKey),
            ("J20 EdDSA by a published key", by_ed("EdDSA", "ed"), Algorithm),
            ("J20 Ed25519", by_ed("Ed25519", "ed"), Algorithm),
            ("J20 said to be RS256", by_ed("RS256", "ed"), UnknownKey),
        ])
        .await;
}

#[tokio::test]
async fn a_key_id_is_text_of_the_issuers() {
    let setup = setup().await;
    let key = TestKey::trusted();
    let with = |kid: Value| setup.token().header("kid", kid).sign(key);
    setup
        .refuses(vec![
            ("J44 missing", setup.token().without_header("kid").sign(key), KeyId),
            ("J49 array", with(json!([key.kid()])), KeyId),
            ("number", with(json!(1)), KeyId),
            ("null", with(json!(null)), KeyId),
            ("empty", with(json!("")), KeyId),
            ("J49 long", with(json!("x".repeat(129))), KeyId),
            ("J49 64 KB", with(json!("x".repeat(65536))), TooLarge),
            ("J49 path", with(json!("../../etc/passwd")), UnknownKey),
            ("J49 SQL", with(json!("' OR 1=1--")), UnknownKey),
            ("J49 NUL", with(json!("\0")), UnknownKey),
            ("J49 a known id and NUL", with(json!(format!("{}\0", key.kid()))), UnknownKey),
            ("J49 prototype", with(json!("__proto__")), UnknownKey),
            ("J49 URL", with(json!(format!("{}/certs", setup.server.issuer()))), UnknownKey),
            ("J45 unknown", with(json!("unknown")), UnknownKey),
            ("other case", with(json!(key.kid().to_uppercase())), UnknownKey),
        ])
        .await;
}

#[tokio::test]
async fn a_token_without_a_key_id_causes_no_fetch() {
    let setup = setup().await;
    setup.claims(&setup.token().without_header("kid").sign(TestKey::trusted())).await.unwrap_err();
    assert_eq!(setup.server.connections(), 0);
}

#[tokio::test]
async fn a_key_that_comes_with_the_token_is_neither_used_nor_fetched() {
    let setup = setup().await;
    let trap = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = trap.local_addr().unwrap();
    let attacker = TestKey::attacker();
    let mut members: Vec<(&str, &str, Value)> = vec![
        ("J51", "jwk", attacker.jwk()),
        ("J51", "jwk", TestKey::trusted().jwk()),
        ("J51", "x5c", json!([STANDARD.encode(attacker.public_der())])),
        ("null", "jku", json!(null)),
    ];
    for url in [
        format!("http://{address}/certs"),
        format!("http://user:password@{address}/certs"),
        format!("http://{address}/redirect?to=/certs"),
        "file:///etc/passwd".to_owned(),
        format!("gopher://{address}/x"),
        format!("{}/certs", setup.server.issuer()),
    ] {
        members.push(("J50 J52", "jku", json!(url)));
        members.push(("J50 J52", "x5u", json!(url)));
    }
    let mut rows = Vec::new();
    for (row, name, value) in members {
        let token = setup.token().header(name, value);
        rows.push((row, token.sign(attacker), HeaderMember));
        rows.push((row, token.sign(TestKey::trusted()), HeaderMember));
        let own_id = token.header("kid", attacker.kid()).sign(attacker);
        rows.push((row, own_id, HeaderMember));
    }
    setup.refuses(rows).await;
    // Any connection would be in the queue of the listener by now.
    let caught = tokio::time::timeout(std::time::Duration::from_millis(100), trap.accept()).await;
    assert!(caught.is_err(), "a token's address was fetched");
}

#[tokio::test]
async fn a_header_may_not_change_what_the_token_means() {
    let setup = setup().await;
    let key = TestKey::trusted();
    let with = |name: &str, value: Value| setup.token().header(name, value).sign(key);
    setup
        .refuses(vec![
            ("crit of a known member", with("crit", json!(["alg"])), HeaderMember),
            ("crit of an unknown one", with("crit", json!(["x"])), HeaderMember),
            ("crit empty", with("crit", json!([])), HeaderMember),
            ("crit null", with("crit", json!(null)), HeaderMember),
            ("b64", with("b64", json!(false)), HeaderMember),
            ("b64 true", with("b64", json!(true)), HeaderMember),
            ("J56 cty", with("cty", json!("JWT")), HeaderMember),
            ("enc", with("enc", json!("A256GCM")), HeaderMember),
            ("zip", with("zip", json!("DEF")), HeaderMember),
        ])
        .await;
    setup
        .accepts(vec![(
            "a thumbprint and an unknown member",
            setup.token().header("x5t", "abc").header("x", 1).sign(key),
        )])
        .await;
}

#[tokio::test]
async fn the_type_is_that_of_an_access_token() {
    let key = TestKey::trusted();
    let wrong = [
        json!("logout+jwt"),
        json!("secevent+jwt"),
        json!("dpop+jwt"),
        json!(1),
        json!(null),
        json!(""),
        json!("JWE"),
        json!("at+jwt "),
        json!("application/logout+jwt"),
        json!("text/at+jwt"),
        json!(["JWT"]),
    ];
    let of_access_tokens = ["at+jwt", "application/at+jwt", "AT+JWT", "Application/AT+jwt"];
    for strict in [false, true] {
        let setup = setup_with(|config| config.strict_typ = strict).await;
        let with = |typ: Value| setup.token().header("typ", typ).sign(key);
        setup.accepts(of_access_tokens.map(|typ| ("J54", with(json!(typ)))).into()).await;
        let tokens: Vec<String> = wrong.iter().cloned().map(with).collect();
        for token in tokens {
            assert_eq!(setup.claims(&token).await.unwrap_err().reason(), HeaderType, "J55");
        }
        let compatible: [String; 3] =
            [setup.token().without_header("typ").sign(key), with(json!("JWT")), with(json!("jwt"))];
        for token in compatible {
            assert_eq!(setup.claims(&token).await.is_ok(), !strict, "J53");
        }
    }
}

#[tokio::test]
async fn a_token_for_nobody_is_an_encoded_nothing() {
    let setup = setup().await;
    let token = TokenBuilder::sign_raw("{}", "{}", TestKey::trusted());
    assert_eq!(setup.claims(&token).await.unwrap_err().reason(), Algorithm);
}

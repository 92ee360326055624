//! The outer form of a token: size, segments, base64url, and the JSON that is accepted.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use bionicpro_auth::Reason::{Encoding, HeaderJson, PayloadJson, Signature, TooLarge};
use bionicpro_auth::testing::{TestKey, TokenBuilder};

use crate::support::setup;

#[tokio::test]
async fn only_three_segments_of_base64url_are_a_token() {
    let setup = setup().await;
    let good = setup.good();
    let [header, payload, signature]: [&str; 3] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let row = |name, token: String| (name, token, Encoding);
    setup
        .refuses(vec![
            row("J08 empty", String::new()),
            row("J08 one dot", ".".into()),
            row("J08 two dots", "..".into()),
            row("J08 three dots", "...".into()),
            row("J09 two segments", format!("{header}.{payload}")),
            row("J09 empty signature", format!("{header}.{payload}.")),
            row("J09 no dot", "abc".into()),
            row("J10 four segments", format!("{good}.{signature}")),
            row("J10 a dot at the end", format!("{good}.")),
            row("J10 a dot at the start", format!(".{good}")),
            row("J11 five segments", format!("{good}.{payload}.{signature}")),
            row("J11 a real JWE for our key", jwe(setup.token())),
            row("J24 space inside", format!("{header}. {payload}.{signature}")),
            row("J24 newline inside", format!("{header}.{payload}\n.{signature}")),
            row("J24 leading space", format!(" {good}")),
            row("trailing space", format!("{good} ")),
            row("NUL inside", format!("{header}\0.{payload}.{signature}")),
            row("a letter that looks like another", good.replacen('e', "е", 1)),
            row("percent-encoded", good.replace('.', "%2E")),
            row("J25 flattened JSON", format!(r#"{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#)),
            row(
                "J25 general JSON",
                format!(r#"{{"payload":"{payload}","signatures":[{{"protected":"{header}","signature":"{signature}"}}]}}"#),
            ),
            row(
                "J25 JSON with dots and a true token in it",
                format!(r#"{{"payload":"e30","x":"{good}","signature":"{signature}"}}"#),
            ),
        ])
        .await;
}

#[tokio::test]
async fn each_value_has_one_spelling() {
    let setup = setup().await;
    let builder = setup.token();
    let (header, payload) = (builder.header_json(), builder.claims_json());
    let signed = |header: String, payload: String| {
        let input = format!("{header}.{payload}");
        let signature = TestKey::trusted().sign(&input);
        format!("{input}.{signature}")
    };
    // A payload whose length leaves unused bits and padding, and whose encoding needs both special
    // characters.
    let odd = setup.token().claim("x", "??>>~~").claims_json();
    let odd = if odd.len() % 3 == 0 { format!("{odd} ") } else { odd };
    let plain = URL_SAFE_NO_PAD.encode(&header);
    let mut dirty = URL_SAFE_NO_PAD.encode(&odd);
    let last = dirty.pop().unwrap();
    dirty.push(char::from(last as u8 + 1));
    let good = setup.good();
    let mut dirty_signature = good.clone();
    let last = dirty_signature.pop().unwrap();
    let spelled_otherwise =
        if last == 'A' || last == 'Q' || last == 'g' || last == 'w' { last as u8 + 1 } else { b'B' };
    dirty_signature.push(char::from(spelled_otherwise));
    setup
        .refuses(vec![
            ("J24 padded", signed(URL_SAFE.encode(&header), URL_SAFE.encode(&odd)), Encoding),
            ("J24 padded signature", format!("{good}=="), Encoding),
            (
                "J24 standard alphabet",
                signed(plain.clone(), STANDARD_NO_PAD.encode("{\"x\":\"???>>>\u{7f}~\"}")),
                Encoding,
            ),
            ("J24 trailing bits of the payload", signed(plain.clone(), dirty), Encoding),
            ("J24 trailing bits of the signature", dirty_signature, Encoding),
            ("empty payload", signed(plain, String::new()), PayloadJson),
            ("empty header", signed(String::new(), URL_SAFE_NO_PAD.encode(&payload)), HeaderJson),
        ])
        .await;
}

#[tokio::test]
async fn header_and_payload_are_one_json_object_with_each_member_once() {
    let setup = setup().await;
    let key = TestKey::trusted();
    let (header, payload) = (setup.token().header_json(), setup.token().claims_json());
    let inner = &payload[1..payload.len() - 1];
    let utf16: Vec<u8> = payload.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let with_payload = |payload: &[u8]| TokenBuilder::sign_raw(&header, payload, key);
    let with_header = |header: &[u8]| TokenBuilder::sign_raw(header, &payload, key);
    let kid = key.kid();
    setup
        .refuses(vec![
            ("J26 byte order mark", with_payload(format!("\u{feff}{payload}").as_bytes()), PayloadJson),
            ("J26 UTF-16", with_payload(&utf16), PayloadJson),
            (
                "J26 invalid UTF-8",
                with_payload(&[&payload.as_bytes()[..9], b"\xff", &payload.as_bytes()[9..]].concat()),
                PayloadJson,
            ),
            (
                "J26 lone surrogate",
                with_payload(format!(r#"{{"x":"\ud800",{inner}}}"#).as_bytes()),
                PayloadJson,
            ),
            ("J27 array", with_payload(b"[]"), PayloadJson),
            ("J27 array around the claims", with_payload(format!("[{payload}]").as_bytes()), PayloadJson),
            ("J27 text", with_payload(b"\"x\""), PayloadJson),
            ("J27 null", with_payload(b"null"), PayloadJson),
            ("J27 number", with_payload(b"123"), PayloadJson),
            ("J27 a second object", with_payload(format!("{payload}{{}}").as_bytes()), PayloadJson),
            ("J64 NaN", with_payload(format!(r#"{{"x":NaN,{inner}}}"#).as_bytes()), PayloadJson),
            ("comment", with_payload(format!("{payload}// ok").as_bytes()), PayloadJson),
            (
                "deep nesting",
                with_payload(format!(r#"{{"x":{}{},{inner}}}"#, "[".repeat(500), "]".repeat(500)).as_bytes()),
                PayloadJson,
            ),
            (
                "two user names",
                with_payload(format!(r#"{{"preferred_username":"anna.schmidt",{inner}}}"#).as_bytes()),
                PayloadJson,
            ),
            (
                "the same user name twice",
                with_payload(format!(r#"{{{inner},"preferred_username":"ivan.petrov"}}"#).as_bytes()),
                PayloadJson,
            ),
            (
                "two user names, one escaped",
                with_payload(format!(r#"{{"preferred_usern\u0061me":"anna.schmidt",{inner}}}"#).as_bytes()),
                PayloadJson,
            ),
            (
                "two sets of roles",
                with_payload(format!(r#"{{{inner},"x":{{"roles":[],"roles":[]}}}}"#).as_bytes()),
                PayloadJson,
            ),
            (
                "two algorithms",
                with_header(format!(r#"{{"alg":"none","alg":"RS256","kid":"{kid}"}}"#).as_bytes()),
                HeaderJson,
            ),
            (
                "two key ids",
                with_header(format!(r#"{{"alg":"RS256","kid":"x","kid":"{kid}"}}"#).as_bytes()),
                HeaderJson,
            ),
            ("header array", with_header(format!(r#"[{header}]"#).as_bytes()), HeaderJson),
            ("header byte order mark", with_header(format!("\u{feff}{header}").as_bytes()), HeaderJson),
            ("header with a tail", with_header(format!("{header}{header}").as_bytes()), HeaderJson),
            ("header null", with_header(b"null"), HeaderJson),
        ])
        .await;
}

#[tokio::test]
async fn eight_kilobytes_are_a_token_and_one_byte_more_is_not() {
    let setup = setup().await;
    let sized = |bytes: usize| {
        let bare = setup.good().len();
        // Each byte of JSON padding adds 4/3 bytes of base64; the exact length is found by trying.
        (0..6000)
            .map(|pad| (bytes - bare).saturating_sub(60) * 3 / 4 + pad)
            .map(|pad| setup.token().claim("x", "x".repeat(pad)).signing_input())
            .find(|input| input.len() + 1 + 342 == bytes)
            .map(|input| format!("{input}.{}", TestKey::trusted().sign(&input)))
    };
    // One of two neighbouring lengths can be produced exactly: base64url has no length of 4n + 1.
    let largest = sized(8192).or_else(|| sized(8191)).unwrap();
    setup.accepts(vec![("the largest", largest)]).await;
    let larger = sized(8193).or_else(|| sized(8194)).unwrap();
    let roles: Vec<String> = (0..5000).map(|n| format!("role-number-{n}")).collect();
    setup
        .refuses(vec![
            ("J77 8,193 bytes", larger, TooLarge),
            ("J77 1 MB", "a".repeat(1 << 20), TooLarge),
            (
                "J78 5,000 roles",
                setup
                    .token()
                    .claim("realm_access", serde_json::json!({"roles": roles}))
                    .sign(TestKey::trusted()),
                TooLarge,
            ),
        ])
        .await;
}

#[tokio::test]
async fn a_signature_must_be_the_issuers_over_these_bytes() {
    let setup = setup().await;
    let good = setup.good();
    let other = setup.token().user("anna.schmidt").sign(TestKey::trusted());
    let (input, _) = good.rsplit_once('.').unwrap();
    let (_, other_signature) = other.rsplit_once('.').unwrap();
    let zeros = URL_SAFE_NO_PAD.encode([0; 256]);
    setup
        .refuses(vec![
            ("J33 another realm's key under our kid", setup.token().sign(TestKey::attacker()), Signature),
            ("a signature of another token", format!("{input}.{other_signature}"), Signature),
            ("zeros", format!("{input}.{zeros}"), Signature),
            ("one byte", format!("{input}.AA"), Signature),
            ("too long", format!("{input}.{}", URL_SAFE_NO_PAD.encode([1; 257])), Signature),
        ])
        .await;
}

/// A token encrypted to our signing key, RSA-OAEP and A256GCM (RFC 7516).
fn jwe(claims: TokenBuilder) -> String {
    let header =
        format!(r#"{{"alg":"RSA-OAEP","enc":"A256GCM","kid":"{}","cty":"JWT"}}"#, TestKey::trusted().kid());
    let header = URL_SAFE_NO_PAD.encode(header);
    let content_key = [7; 32];
    let public = PublicEncryptingKey::from_der(&TestKey::trusted().public_der()).unwrap();
    let public = OaepPublicEncryptingKey::new(public).unwrap();
    let mut wrapped = vec![0; public.ciphertext_size()];
    let wrapped = public.encrypt(&OAEP_SHA1_MGF1SHA1, &content_key, &mut wrapped, None).unwrap();
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &content_key).unwrap());
    let mut text = claims.sign(TestKey::trusted()).into_bytes();
    let nonce = [3; 12];
    let tag = cipher
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(header.as_bytes()),
            &mut text,
        )
        .unwrap();
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    format!("{header}.{}.{}.{}.{}", encode(wrapped), encode(&nonce), encode(&text), encode(tag.as_ref()))
}

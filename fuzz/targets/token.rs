//! Access tokens: one that the verifier accepts, the bare library accepts too, and its claims are valid.
//!
//! The first byte selects how the rest becomes a token: `r` as it is; `s` signed by the issuer, header and
//! payload on a line each; `d` the issuer's own token with some of its characters changed.
#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bionicpro_auth::testing::{KeyServer, TestKey, TokenBuilder};
use bionicpro_auth::{Claims, Clock, Rejection, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::Value;
use tokio::runtime::Runtime;

/// The time of the verifier's clock, in seconds since 1970; the seeds depend on it.
const NOW_S: i64 = 1_800_000_000;
/// The tolerated difference to the issuer's clock, and the maximum lifetime of a token, in seconds.
const LEEWAY_S: i64 = 30;
const MAX_LIFETIME_S: i64 = 24 * 3600;

struct World {
    runtime: Runtime,
    verifier: Verifier,
    issuer: KeyServer,
    good: String,
    key: DecodingKey,
    rules: Validation,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let issuer = runtime.block_on(KeyServer::start());
    let (clock, _) = Clock::manual(NOW_S);
    let verifier = Verifier::with_clock(&issuer.config(), clock).unwrap();
    let good = TokenBuilder::new(&issuer.issuer(), NOW_S).sign(TestKey::trusted());
    runtime.block_on(verifier.verify(&good)).expect("the issuer's own token");
    let jwk = TestKey::trusted().jwk();
    let part = |name: &str| jwk[name].as_str().unwrap().to_owned();
    let key = DecodingKey::from_rsa_components(&part("n"), &part("e")).unwrap();
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_issuer(&[issuer.issuer()]);
    rules.set_audience(&["bionicpro-auth"]);
    // It would use the wall clock.
    rules.validate_exp = false;
    World { runtime, verifier, issuer, good, key, rules }
});

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some(token) = data.split_first().and_then(|(how, rest)| token(*how, rest)) else {
        return Corpus::Reject;
    };
    match WORLD.runtime.block_on(WORLD.verifier.verify(&token)) {
        Ok(claims) => check(&token, &claims),
        Err(Rejection::Invalid(_) | Rejection::Forbidden(_)) => {}
        Err(other) => panic!("{other:?}"),
    }
    Corpus::Keep
});

fn token(how: u8, rest: &[u8]) -> Option<String> {
    match how {
        b'r' => std::str::from_utf8(rest).ok().map(str::to_owned),
        b's' => {
            let line = rest.iter().position(|byte| *byte == b'\n')?;
            let (header, payload) = (known(&rest[..line]), known(&rest[line + 1..]));
            Some(TokenBuilder::sign_raw(header, payload, TestKey::trusted()))
        }
        b'd' => {
            let mut bytes = WORLD.good.clone().into_bytes();
            for change in rest.chunks_exact(3) {
                let at = usize::from(change[0]) << 8 | usize::from(change[1]);
                let length = bytes.len();
                bytes[at % length] = change[2] & 0x7f;
            }
            let damaged = String::from_utf8(bytes).ok()?;
            let is_damaged = damaged != WORLD.good;
            let accepted = WORLD.runtime.block_on(WORLD.verifier.verify(&damaged)).is_ok();
            assert!(!is_damaged || !accepted, "a changed token is accepted: {damaged}");
            Some(damaged)
        }
        _ => None,
    }
}

/// Fills in the values that are known only at run time: the key's id and the issuer's address.
fn known(text: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(text) {
        Ok(text) => text
            .replace("$KID", TestKey::trusted().kid())
            .replace("$ISSUER", &WORLD.issuer.issuer())
            .into_bytes(),
        Err(_) => text.to_vec(),
    }
}

/// Checks an accepted token, parsed again without the program's code.
fn check(token: &str, claims: &Claims) {
    jsonwebtoken::decode::<Value>(token, &WORLD.key, &WORLD.rules).expect("the bare library accepts it");
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, _] = parts[..] else { panic!("{} parts", parts.len()) };
    let read =
        |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    let (header, payload) = (read(header), read(payload));
    assert_eq!(header["alg"], "RS256");
    for member in ["crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc", "cty"] {
        assert!(header.get(member).is_none(), "{member}");
    }
    assert_eq!((&payload["typ"], &payload["azp"]), (&"Bearer".into(), &"bionicpro-auth".into()));
    assert_eq!(payload["preferred_username"], claims.username.as_str());
    assert_eq!(payload["sub"], claims.subject.as_str());
    assert!(!claims.username.as_str().is_empty() && !claims.subject.is_empty());
    let time = |name: &str| payload[name].as_i64().expect("whole seconds");
    let (from, until) = (time("iat"), time("exp"));
    assert!(NOW_S < until + LEEWAY_S && from <= NOW_S + LEEWAY_S, "{from} to {until}");
    assert!((1..=MAX_LIFETIME_S).contains(&(until - from)), "{from} to {until}");
    assert!(payload.get("nbf").is_none_or(|time| time.as_i64().unwrap() <= NOW_S + LEEWAY_S));
    let roles = payload["realm_access"]["roles"].as_array().cloned().unwrap_or_default();
    assert!(claims.roles.iter().all(|role| roles.contains(&role.as_str().into())));
}

//! The issuer's key set: a key that is accepted is public, sound, for RS256 signatures, and the only one with
//! its id.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bionicpro_auth::KeySet;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Some((set, dropped)) = KeySet::parse(data) else { return };
    // The common parser accepts whatever the strict one accepts.
    let document: Value = serde_json::from_slice(data).expect("JSON");
    let keys: Vec<&Value> =
        document["keys"].as_array().expect("an array").iter().filter(|key| key.is_object()).collect();
    assert_eq!(set.len() + dropped.len(), keys.len(), "a key is neither taken nor dropped");
    let named = |kid: &str| keys.iter().filter(|key| key["kid"] == kid).count();
    for key in &keys {
        let Some(kid) = key["kid"].as_str().filter(|kid| set.contains(kid)) else { continue };
        assert_eq!(named(kid), 1, "two keys share a name");
        assert!((1..=128).contains(&kid.len()));
        assert_eq!(key["kty"], "RSA");
        for (name, expected) in [("alg", "RS256"), ("use", "sig")] {
            assert!(key.get(name).is_none_or(|value| value == expected), "{name}");
        }
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
        let number = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
        let (modulus, exponent) = (number("n"), number("e"));
        assert!((256..=1024).contains(&modulus.len()) && modulus[0] != 0, "{} bytes", modulus.len());
        assert!(modulus.last().unwrap() % 2 == 1 && exponent.last().unwrap() % 2 == 1);
        let exponent = exponent.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        assert!((65537..1 << 33).contains(&exponent), "{exponent}");
    }
});

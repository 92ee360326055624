//! One key of a set (RFC 7517): accepted only if it is a sound public RSA key for RS256 signatures.

use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};

use super::roca;
use super::set::Dropped;
use crate::token::compact::decode;
use crate::token::header::MAX_KID_BYTES;

/// Shortest and longest modulus, in bits. A shorter one is weak; a longer one makes requests of
/// unauthenticated clients too expensive.
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Smallest public exponent that NIST SP 800-56B allows.
const MIN_EXPONENT: u64 = 65537;

/// Largest public exponent that the cryptographic library accepts.
const MAX_EXPONENT: u64 = (1 << 33) - 1;

/// Members that only a private or a symmetric key has. A set that contains one has leaked the key.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Returns the key id and the key, or the reason why the key is dropped.
pub(super) fn read(jwk: &Map<String, Value>) -> Result<(String, DecodingKey), Dropped> {
    let kid = match jwk.get("kid") {
        Some(Value::String(kid)) if (1..=MAX_KID_BYTES).contains(&kid.len()) => kid.clone(),
        _ => return Err(Dropped::NoKid),
    };
    if PRIVATE.iter().any(|name| jwk.contains_key(*name)) {
        return Err(Dropped::PrivateMembers);
    }
    let is = |name: &str, expected: &str| jwk.get(name).is_none_or(|value| value == expected);
    if jwk.get("kty").is_none_or(|kty| kty != "RSA") || !is("alg", "RS256") {
        return Err(Dropped::OtherAlgorithm);
    }
    if !is("use", "sig") || !may_verify(jwk.get("key_ops")) {
        return Err(Dropped::NotForSigning);
    }
    let number =
        |name: &str| jwk.get(name).and_then(Value::as_str).and_then(decode).filter(|n| n.first() > Some(&0));
    let (n, e) = number("n").zip(number("e")).ok_or(Dropped::Malformed)?;
    if !is_sound(&n, &e) {
        return Err(Dropped::Weak);
    }
    Ok((kid, DecodingKey::from_rsa_raw_components(&n, &e)))
}

/// Returns true if `key_ops` is absent, or a non-empty array that contains only `verify`.
fn may_verify(key_ops: Option<&Value>) -> bool {
    let Some(key_ops) = key_ops else { return true };
    key_ops.as_array().is_some_and(|ops| !ops.is_empty() && ops.iter().all(|op| op == "verify"))
}

/// Checks size, oddness and fingerprint of a modulus and an exponent without leading zeros.
fn is_sound(n: &[u8], e: &[u8]) -> bool {
    let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
    let exponent = (e.len() <= 8).then(|| e.iter().fold(0, |value: u64, &byte| value << 8 | u64::from(byte)));
    MODULUS_BITS.contains(&bits)
        && odd(n)
        && odd(e)
        && exponent.is_some_and(|e| (MIN_EXPONENT..=MAX_EXPONENT).contains(&e))
        && !roca::has_fingerprint(n)
}

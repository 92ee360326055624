//! A key set ready for use: unique key ids, each with one sound RS256 key.

use std::collections::HashMap;

use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};

use super::checked::CheckedTokens;
use super::jwk;
use crate::rejection::{Checked, Reason, Rejection};
use crate::token::compact::Compact;
use crate::token::json;

/// Keys by their id, and the tokens that were verified with them.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: HashMap<String, DecodingKey>,
    checked: CheckedTokens,
}

/// The reason why a key of the issuer's set is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// Without `kid`, or with one that a token cannot carry.
    NoKid,
    /// Two keys have this `kid`: both are dropped, since a token could mean either.
    DuplicateKid,
    /// The set contains a private or symmetric key.
    PrivateMembers,
    /// Not an RSA key for RS256.
    OtherAlgorithm,
    /// Not for signatures, according to its `use` or `key_ops`.
    NotForSigning,
    /// The modulus or the exponent is not a valid number.
    Malformed,
    /// Too short, too long, a bad exponent, or a known flawed generator.
    Weak,
}

impl Dropped {
    /// The name in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Dropped::NoKid => "no_kid",
            Dropped::DuplicateKid => "duplicate_kid",
            Dropped::PrivateMembers => "private_members",
            Dropped::OtherAlgorithm => "other_algorithm",
            Dropped::NotForSigning => "not_for_signing",
            Dropped::Malformed => "malformed",
            Dropped::Weak => "weak",
        }
    }

    /// Returns true if the issuer's operator should be alerted.
    pub fn is_alarming(self) -> bool {
        match self {
            Dropped::DuplicateKid | Dropped::PrivateMembers | Dropped::Malformed | Dropped::Weak => true,
            Dropped::NoKid | Dropped::OtherAlgorithm | Dropped::NotForSigning => false,
        }
    }
}

impl KeySet {
    /// Parses a key set document; `None` if it is not an object with an array `keys`.
    pub fn parse(bytes: &[u8]) -> Option<(Self, Vec<Dropped>)> {
        let document = json::object(bytes)?;
        let jwks: Vec<&Map<String, Value>> =
            document.get("keys")?.as_array()?.iter().filter_map(Value::as_object).collect();
        let mut times: HashMap<&str, usize> = HashMap::new();
        for kid in jwks.iter().filter_map(|jwk| jwk.get("kid")?.as_str()) {
            *times.entry(kid).or_default() += 1;
        }
        let mut set = KeySet::default();
        let mut dropped = Vec::new();
        for jwk in &jwks {
            match jwk::read(jwk) {
                Ok((kid, _)) if times.get(kid.as_str()) != Some(&1) => dropped.push(Dropped::DuplicateKid),
                Ok((kid, key)) => {
                    set.keys.insert(kid, key);
                }
                Err(why) => dropped.push(why),
            }
        }
        Some((set, dropped))
    }

    /// Returns true if a key has this id.
    pub fn contains(&self, kid: &str) -> bool {
        self.keys.contains_key(kid)
    }

    /// The number of usable keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns true if there is no usable key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The tokens whose signatures these keys have verified.
    pub(crate) fn checked(&self) -> &CheckedTokens {
        &self.checked
    }

    /// Verifies the signature with the key that the header names, and returns the payload's bytes.
    pub fn verify(&self, unverified: Compact<'_>) -> Checked<Vec<u8>> {
        let key = self.keys.get(&unverified.header.kid).ok_or(Rejection::Invalid(Reason::UnknownKey))?;
        let message = unverified.signing_input.as_bytes();
        match jsonwebtoken::crypto::verify(unverified.signature, message, key, Algorithm::RS256) {
            Ok(true) => Ok(unverified.payload),
            Ok(false) | Err(_) => Err(Rejection::Invalid(Reason::Signature)),
        }
    }
}

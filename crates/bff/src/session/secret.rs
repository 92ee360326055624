//! The secret that only a cookie holds. The store has its digest, as the record's id, and values sealed with
//! keys derived from it.

use aws_lc_rs::{digest, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bionicpro_model::{Error, Kind, Result};

use super::seal::SealKey;

/// 256 random bits, which cannot be guessed or found by trying.
const SECRET_BYTES: usize = 32;
/// The length of the cookie's value in characters.
const TEXT_BYTES: usize = 43;

/// A secret. It has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CookieSecret([u8; SECRET_BYTES]);

impl CookieSecret {
    /// Generates a new secret.
    pub(crate) fn generate() -> Result<Self> {
        let mut bytes = [0; SECRET_BYTES];
        rand::fill(&mut bytes).map_err(|error| {
            Error::new(Kind::Internal, "cannot get random bytes from the system").source(error)
        })?;
        Ok(CookieSecret(bytes))
    }

    /// Parses the secret from a cookie's value, which has exactly one valid spelling.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != TEXT_BYTES {
            return None;
        }
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(CookieSecret)
    }

    /// Returns the cookie's value.
    pub(crate) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Returns the id of the records that belong to it. Records are looked up by this digest, so that the
    /// time of a lookup reveals nothing about the secret.
    pub(crate) fn id(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &self.0))
    }

    /// Derives a key to seal the records that belong to it.
    pub(crate) fn key(&self, purpose: &'static str) -> Result<SealKey> {
        SealKey::derive(&self.0, purpose)
    }
}

/// Returns a new random text, for `state`, `nonce` and the verifier of PKCE.
pub(crate) fn random_text() -> Result<String> {
    CookieSecret::generate().map(|secret| secret.text())
}

/// Returns the SHA-256 digest of a text in base64url, which PKCE calls S256.
pub(crate) fn digest_of(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_one_spelling() {
        let secret = CookieSecret::generate().unwrap();
        let text = secret.text();
        assert!(CookieSecret::parse(&text).unwrap() == secret);
        let last = text.as_bytes()[42] + 1;
        let (cut, padded) = (&text[..42], format!("{text}="));
        let dirty = format!("{cut}{}", char::from(last));
        for bad in ["", cut, &padded, &dirty, &"+".repeat(43), &"é".repeat(21), &"a".repeat(5000)] {
            assert!(CookieSecret::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn b34_secrets_that_begin_alike_are_looked_up_far_apart() {
        let secret = CookieSecret::generate().unwrap();
        for bit in 0..8 * SECRET_BYTES {
            let mut near = secret.clone();
            near.0[bit / 8] ^= 1 << (bit % 8);
            let (id, other) = (secret.id(), near.id());
            let alike = id.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
            assert!(alike < 6, "bit {bit}: the first {alike} characters of 43 are the same");
        }
    }

    #[test]
    fn the_id_tells_nothing_of_the_secret() {
        let secret = CookieSecret(*b"0123456789abcdef0123456789abcdef");
        assert_eq!(secret.id().len(), 43);
        assert!(CookieSecret::parse(&secret.id()).unwrap() != secret);
    }
}

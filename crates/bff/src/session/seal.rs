//! Seals values for the store: AES-256-GCM under a key that is derived (HKDF-SHA256) from a secret that the
//! store never sees.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use bionicpro_model::{Error, Kind, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

const SALT: &[u8] = b"bionicpro-bff";

/// A key for one purpose.
pub(crate) struct SealKey(RandomizedNonceKey);

impl SealKey {
    /// Derives the key for a purpose. The key of one purpose reveals nothing about that of another.
    pub(crate) fn derive(secret: &[u8], purpose: &'static str) -> Result<Self> {
        let derive = || {
            let mut key = [0; 32];
            let info = [purpose.as_bytes()];
            Salt::new(HKDF_SHA256, SALT).extract(secret).expand(&info, HKDF_SHA256)?.fill(&mut key)?;
            RandomizedNonceKey::new(&AES_256_GCM, &key)
        };
        derive().map(SealKey).map_err(unspecified)
    }

    /// Seals a value for one place in the store; it cannot be unsealed for another.
    pub(crate) fn seal(&self, place: &str, value: &impl Serialize) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(value)
            .map_err(|error| Error::new(Kind::Internal, "cannot serialize a record").source(error))?;
        let nonce = self.0.seal_in_place_append_tag(Aad::from(place), &mut bytes).map_err(unspecified)?;
        Ok([nonce.as_ref().as_slice(), &bytes].concat())
    }

    /// Unseals the value for this place; `None` if any bit was changed.
    pub(crate) fn open<T: DeserializeOwned>(&self, place: &str, sealed: &[u8]) -> Option<T> {
        let (nonce, bytes) = sealed.split_at_checked(NONCE_LEN)?;
        let mut bytes = bytes.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.0.open_in_place(nonce, Aad::from(place), &mut bytes).ok()?;
        serde_json::from_slice(opened).ok()
    }
}

fn unspecified(error: Unspecified) -> Error {
    Error::new(Kind::Internal, "the cryptographic library returned an error").source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_under_its_key_in_its_place_and_unchanged() {
        let key = |secret: &[u8], purpose| SealKey::derive(secret, purpose).unwrap();
        let sealed = key(b"secret", "tokens").seal("place", &"value").unwrap();
        assert_eq!(key(b"secret", "tokens").open::<String>("place", &sealed).unwrap(), "value");
        assert!(!sealed.windows(5).any(|window| window == b"value"));
        assert!(key(b"secret", "other").open::<String>("place", &sealed).is_none());
        assert!(key(b"Secret", "tokens").open::<String>("place", &sealed).is_none());
        assert!(key(b"secret", "tokens").open::<String>("elsewhere", &sealed).is_none());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key(b"secret", "tokens").open::<String>("place", &changed).is_none(), "byte {at}");
        }
        for length in 0..sealed.len() {
            assert!(key(b"secret", "tokens").open::<String>("place", &sealed[..length]).is_none());
        }
    }

    #[test]
    fn the_same_value_is_never_sealed_alike() {
        let key = SealKey::derive(b"secret", "tokens").unwrap();
        assert_ne!(key.seal("place", &1).unwrap(), key.seal("place", &1).unwrap());
    }
}

//! A key that signs tokens, and its public half as in a key set, for the demo's issuer and for tests. Behind
//! the feature `signing`: the verifier never signs.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, KeyPair, RsaKeyPair};
use aws_lc_rs::{digest, error::Unspecified};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bionicpro_model::{Error, Kind, Result};
use serde_json::{Value, json};

/// An RSA-2048 key for RS256.
pub struct SigningKey {
    pair: RsaKeyPair,
    kid: String,
}

impl SigningKey {
    /// Generates a new key.
    pub fn generate() -> Result<Self> {
        RsaKeyPair::generate(KeySize::Rsa2048).map(SigningKey::new).map_err(unspecified)
    }

    /// Loads the key from the file (PKCS #8), or generates a new one and saves it there, readable by its
    /// owner only.
    pub fn load_or_generate(path: &Path) -> Result<Self> {
        match fs::read(path) {
            Ok(der) => RsaKeyPair::from_pkcs8(&der).map(SigningKey::new).map_err(|error| {
                Error::new(Kind::Config, "the file is not a signing key")
                    .detail(path.display().to_string())
                    .source(error)
                    .hint("remove the file: the demo generates a new key, and earlier tokens become invalid")
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key = SigningKey::generate()?;
                key.keep(path)?;
                Ok(key)
            }
            Err(error) => Err(unwritable(path, error)),
        }
    }

    fn new(pair: RsaKeyPair) -> Self {
        let mut key = SigningKey { pair, kid: String::new() };
        key.kid = key.thumbprint();
        key
    }

    /// Writes the key to a temporary file and renames it, so that a kill leaves a complete key or none.
    fn keep(&self, path: &Path) -> Result<()> {
        let der = AsDer::as_der(&self.pair).map_err(unspecified)?;
        let aside = path.with_extension("new");
        let write = || -> std::io::Result<()> {
            let mut file =
                fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
            file.write_all(der.as_ref())?;
            file.sync_all()?;
            fs::rename(&aside, path)
        };
        write().map_err(|error| unwritable(path, error))
    }

    /// The key's id: its thumbprint by RFC 7638.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half (RFC 7517).
    pub fn jwk(&self) -> Value {
        json!({"kid": self.kid, "kty": "RSA", "alg": "RS256", "use": "sig", "n": self.modulus(), "e": self.exponent()})
    }

    /// Signs with RS256.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        self.sign_with(&signature::RSA_PKCS1_SHA256, message)
    }

    /// Signs with another RSA algorithm.
    pub fn sign_with(
        &self,
        algorithm: &'static dyn signature::RsaEncoding,
        message: &[u8],
    ) -> Result<Vec<u8>> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(algorithm, &SystemRandom::new(), message, &mut signature).map_err(unspecified)?;
        Ok(signature)
    }

    /// The public half as an X.509 `SubjectPublicKeyInfo`.
    pub fn public_der(&self) -> Result<Vec<u8>> {
        AsDer::as_der(self.pair.public_key()).map(|der| der.as_ref().to_vec()).map_err(unspecified)
    }

    fn modulus(&self) -> String {
        encode(self.pair.public_key().modulus().big_endian_without_leading_zero())
    }

    fn exponent(&self) -> String {
        encode(self.pair.public_key().exponent().big_endian_without_leading_zero())
    }

    fn thumbprint(&self) -> String {
        let members = format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, self.exponent(), self.modulus());
        encode(digest::digest(&digest::SHA256, members.as_bytes()).as_ref())
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Encodes as base64url without padding.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn unspecified(error: Unspecified) -> Error {
    Error::new(Kind::Internal, "a cryptographic operation failed").source(error)
}

fn unwritable(path: &Path, error: std::io::Error) -> Error {
    Error::new(Kind::Storage, "cannot read or write the signing key")
        .detail(path.display().to_string())
        .source(error)
        .hint("the folder must exist and be writable")
}

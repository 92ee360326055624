//! RSA keys for tests, each generated once per test process.

use std::sync::OnceLock;

use aws_lc_rs::signature;
use serde_json::{Value, json};

use crate::signing::{SigningKey, encode};

/// A key pair that tests sign with.
#[derive(Debug)]
pub struct TestKey(SigningKey);

impl TestKey {
    /// The key that the test issuer publishes.
    pub fn trusted() -> &'static TestKey {
        static KEY: OnceLock<TestKey> = OnceLock::new();
        KEY.get_or_init(TestKey::generate)
    }

    /// A key that is not published.
    pub fn attacker() -> &'static TestKey {
        static KEY: OnceLock<TestKey> = OnceLock::new();
        KEY.get_or_init(TestKey::generate)
    }

    /// Generates a new key.
    pub fn generate() -> TestKey {
        TestKey(SigningKey::generate().expect("an RSA key"))
    }

    /// The key's id.
    pub fn kid(&self) -> &str {
        self.0.kid()
    }

    /// The public half as in a key set.
    pub fn jwk(&self) -> Value {
        self.0.jwk()
    }

    /// The public half under another id.
    pub fn jwk_as(&self, kid: &str) -> Value {
        let mut jwk = self.0.jwk();
        jwk["kid"] = json!(kid);
        jwk
    }

    /// The public half as an X.509 `SubjectPublicKeyInfo`.
    pub fn public_der(&self) -> Vec<u8> {
        self.0.public_der().expect("a public key")
    }

    /// An RS256 signature, as base64url.
    pub fn sign(&self, input: &str) -> String {
        encode(self.0.sign(input.as_bytes()).expect("a signature"))
    }

    /// A signature by RS256, RS384, RS512 or PS256, as base64url.
    pub fn sign_by(&self, algorithm: &str, input: &str) -> String {
        let algorithm: &'static dyn signature::RsaEncoding = match algorithm {
            "RS256" => &signature::RSA_PKCS1_SHA256,
            "RS384" => &signature::RSA_PKCS1_SHA384,
            "RS512" => &signature::RSA_PKCS1_SHA512,
            "PS256" => &signature::RSA_PSS_SHA256,
            other => panic!("not an RSA algorithm: {other}"),
        };
        encode(self.0.sign_with(algorithm, input.as_bytes()).expect("a signature"))
    }
}

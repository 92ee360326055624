//! Access tokens for a list of people, signed by a key that exists only for this call, and the set with that
//! key.
//!
//! The API under load checks them as it checks Keycloak's: `serve --body KEY_SET` is its key server.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::{Result, answer};

/// The lifetime of a token in seconds: longer than any bench.
const LIFETIME_S: u64 = 6 * 3600;

/// The key's id, in its set and in the tokens.
const KEY_ID: &str = "bench";

/// Flags of `tokens`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The `iss` of every token.
    #[arg(long)]
    issuer: String,
    /// The `aud` and the `azp`.
    #[arg(long, default_value = "bionicpro-auth")]
    audience: String,
    /// A file of login names, one per line, at most 100,000.
    #[arg(long)]
    names: PathBuf,
    /// The file to write the key set to.
    #[arg(long)]
    key_set: PathBuf,
    /// The file to write the tokens to, one per line in the order of the names.
    #[arg(long)]
    tokens: PathBuf,
}

/// Writes the key set and the tokens, and prints their number.
pub(crate) fn run(options: &Options) -> Result<()> {
    let key = RsaKeyPair::generate(KeySize::Rsa2048)?;
    let names = std::fs::read_to_string(&options.names)?;
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let mut tokens = String::new();
    let mut count = 0;
    for name in names.lines().take(100_000) {
        writeln!(tokens, "{}", token(&key, options, name, now_s)?)?;
        count += 1;
    }
    std::fs::write(&options.tokens, tokens)?;
    std::fs::write(&options.key_set, key_set(&key).to_string())?;
    answer(&json!({ "tokens": count }));
    Ok(())
}

fn key_set(key: &RsaKeyPair) -> serde_json::Value {
    let public = key.public_key();
    json!({ "keys": [{
        "kid": KEY_ID,
        "kty": "RSA",
        "alg": "RS256",
        "use": "sig",
        "n": encode(public.modulus().big_endian_without_leading_zero()),
        "e": encode(public.exponent().big_endian_without_leading_zero()),
    }] })
}

/// The claims that Keycloak puts into an access token of a person who wears a prosthesis.
fn token(key: &RsaKeyPair, options: &Options, name: &str, now_s: u64) -> Result<String> {
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": KEY_ID });
    let claims = json!({
        "exp": now_s + LIFETIME_S,
        "iat": now_s,
        "jti": format!("bench:{name}"),
        "iss": options.issuer,
        "aud": [options.audience, "account"],
        "sub": format!("subject of {name}"),
        "typ": "Bearer",
        "azp": options.audience,
        "realm_access": { "roles": ["default-roles-reports-realm", "prothetic_user"] },
        "scope": "openid profile email",
        "preferred_username": name,
    });
    let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)?;
    Ok(format!("{signed}.{}", encode(signature)))
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

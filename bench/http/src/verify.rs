//! The cost of checking a token, in this process and on one thread: a token that was not seen before, one
//! that was, and the bare RSA signature of both.
//!
//! The three take turns over the same tokens, so that a slower moment of the machine slows them alike.

use std::time::{Duration, Instant};

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bionicpro_auth::Verifier;
use bionicpro_auth::testing::{KeyServer, TestKey};
use serde_json::json;

use crate::{Result, answer};

/// The number of rounds, each with new tokens. All rounds of each form are printed.
const ROUNDS: usize = 9;

/// Flags of `verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Tokens in a round.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=5000))]
    tokens: u32,
    /// The number of times that each token is checked again.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    again: u32,
}

/// Prints microseconds per token: `cold`, `known`, `bare`.
pub(crate) async fn run(options: Options) -> Result<()> {
    let issuer = KeyServer::start().await;
    let verifier = Verifier::new(&issuer.config())?;
    check(&verifier, &issuer.token("first")).await?;
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, rsa_public_key()?);
    let (mut cold, mut known, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let tokens: Vec<String> =
            (0..options.tokens).map(|n| issuer.token(&format!("person.{round}.{n}"))).collect();
        let signed: Vec<(&str, Vec<u8>)> =
            tokens.iter().map(|token| signed_part(token)).collect::<Result<_>>()?;

        let begun = Instant::now();
        for (message, signature) in &signed {
            public.verify(message.as_bytes(), signature)?;
        }
        bare.push(each_us(begun.elapsed(), options.tokens));

        let begun = Instant::now();
        for token in &tokens {
            check(&verifier, token).await?;
        }
        cold.push(each_us(begun.elapsed(), options.tokens));

        let begun = Instant::now();
        for _ in 0..options.again {
            for token in &tokens {
                check(&verifier, token).await?;
            }
        }
        known.push(each_us(begun.elapsed(), options.tokens * options.again));
    }
    answer(&json!({ "cold_us": cold, "known_us": known, "bare_us": bare }));
    Ok(())
}

async fn check(verifier: &Verifier, token: &str) -> Result<()> {
    verifier.verify(token).await.map(drop).map_err(|rejection| rejection.to_string().into())
}

/// Splits a token into the signed part and the signature.
fn signed_part(token: &str) -> Result<(&str, Vec<u8>)> {
    let (message, signature) = token.rsplit_once('.').ok_or("a token without a signature")?;
    Ok((message, URL_SAFE_NO_PAD.decode(signature)?))
}

/// The key as aws-lc reads it: `RSAPublicKey`, which is the end of the `SubjectPublicKeyInfo`.
fn rsa_public_key() -> Result<Vec<u8>> {
    /// Bytes before it if the modulus has 2048 bits: the sequence, the algorithm, the head of the bit string.
    const HEAD: usize = 24;
    let info = TestKey::trusted().public_der();
    Ok(info.get(HEAD..).ok_or("a public key that is too short")?.to_vec())
}

fn each_us(took: Duration, count: u32) -> f64 {
    took.as_secs_f64() * 1e6 / f64::from(count)
}

//! What the verifier, the key cache, the caller and the demo issuer promise, over real HTTP.
//!
//! Tables hold one hostile or odd input a row, with the reason that the log shows for it.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod claims;
mod header;
mod id_tokens;
mod issuer;
mod keys;
mod logs;
mod mutation;
mod outages;
mod requests;
mod shape;
mod support;
mod username_binding;
mod vectors;

//! The contract of the verifier, the key cache and the caller, over real HTTP.
//!
//! Tables hold one hostile or odd input per row, with the reason that is logged for it.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod claims;
mod header;
mod id_tokens;
mod keys;
mod logs;
mod mutation;
mod outages;
mod requests;
mod shape;
mod support;
mod username_binding;
mod vectors;

//! Tools for tests of tokens: keys, tokens with any header and claims, and an issuer that can misbehave.
//!
//! Behind the feature `testing`; nothing here is part of the program.

mod key;
mod server;
mod token;

pub use key::TestKey;
pub use server::{Answer, KeyServer};
pub use token::TokenBuilder;

pub use crate::clock::ManualClock;

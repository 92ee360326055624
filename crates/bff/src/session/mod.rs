//! Sessions: begun at a sign-in, found by a cookie, ended by a sign-out, the issuer, idleness or age.
//!
//! The store holds for each session a record and a sign of life, sealed under keys that are not in the store, and two
//! indexes by digests: the sessions of an account and those of a session at the issuer.

pub(crate) mod agent;
pub(crate) mod cookie;
mod index;
pub(crate) mod record;
pub(crate) mod refresh;
pub(crate) mod seal;
pub(crate) mod secret;
mod sessions;

pub(crate) use cookie::Cookies;
pub(crate) use record::{Grant, Record, Session, Tokens};
pub(crate) use secret::CookieSecret;
pub(crate) use sessions::{Begun, Ended, Limits, Listed, Sessions};

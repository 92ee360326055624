//! Sessions: created at a sign-in, found by a cookie, ended by a sign-out, by the issuer, by idleness or by
//! age.
//!
//! For each session the store holds a record and an activity record, sealed under keys that are not in the
//! store, and two indexes by digest: the sessions of an account and those of a session at the issuer.

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

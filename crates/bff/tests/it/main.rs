//! The BFF as a whole: a real issuer over HTTP, a real store, and a browser that remembers everything it
//! received. Test names carry the lines of the attack matrix that they cover.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails by a panic")]

mod back_channel;
mod crash;
mod forgery;
mod oracle;
mod outage;
mod proxy;
mod refresh;
mod refusals;
mod secrecy;
mod sessions;
mod sign_in;
mod sign_out;
mod stale_page;
mod support;

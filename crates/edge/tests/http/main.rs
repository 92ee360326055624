//! The edge as an untrusted client sees it: bytes on a socket. Test names that begin with `h` and a number
//! carry a line of the attack matrix that this project was built against.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails by a panic")]

mod crowd;
mod damage;
mod framing;
mod limits;
mod refusals;
mod requests;
mod service;
mod support;
mod tls;

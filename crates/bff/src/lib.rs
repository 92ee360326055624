//! The backend for the browser: signs people in, keeps their tokens, and passes the web app's requests on to
//! the API.
//!
//! A browser holds a cookie and nothing else (RFC 10017, section 6.1). A request passes the edge, `guard` (is
//! it from our own page), `session` (which session is it), and ends in a file of `routes` or, for `/api`, in
//! `proxy`.

mod access;
mod bundle;
pub mod config;
mod errors;
mod fields;
#[doc(hidden)]
pub mod fuzzing;
mod guard;
pub mod metrics;
mod notice;
mod proxy;
mod return_to;
mod routes;
mod server;
mod session;
mod sign_in;
mod signed_in;
mod state;

pub use config::Config;
pub use server::{Server, doctor};
pub use sign_in::IssuerFacts;

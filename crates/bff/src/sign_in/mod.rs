//! Sign-in at the issuer: OpenID Connect's authorization code flow with PKCE, `state`, `nonce` and `iss`.

mod grant;
mod issuer;
mod transaction;

pub use issuer::IssuerFacts;
pub(crate) use issuer::{Issuer, NotGranted, facts};
pub(crate) use transaction::{Previous, Transaction};

//! Authentication of callers by access tokens of an OpenID Connect issuer, verified strictly, and
//! authorization by the roles of their holders.
//!
//! [`Verifier`] turns an unverified text into [`Claims`] or a [`Rejection`]; [`Caller`] does the same for the
//! headers of a request. The crate `jsonwebtoken` only verifies the signature. Every rule around it is
//! implemented here, because that crate accepts more than this system may.

mod caller;
pub mod clock;
pub mod config;
pub mod discovery;
mod keys;
pub mod metrics;
mod rejection;
#[cfg(feature = "signing")]
pub mod signing;
#[cfg(feature = "testing")]
pub mod testing;
mod token;
mod username_binding;
mod verifier;

pub use caller::Caller;
pub use clock::Clock;
pub use config::Config;
pub use discovery::Discovery;
pub use keys::KeyState;
pub use keys::fetch::is_loopback;
pub use keys::set::{Dropped, KeySet};
pub use rejection::{Checked, Reason, Rejection};
pub use token::claims::Claims;
pub use token::compact::Compact;
pub use token::id::{IdClaims, IdTokenFor};
pub use token::logout::LogoutClaims;
pub use username_binding::{Binding, UsernameBindings};
pub use verifier::Verifier;

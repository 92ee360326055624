//! The domain types of BionicPRO Reports: errors, ranges of hours, run ids, snapshots, secrets, totals.
//!
//! This crate does no I/O. Every other crate may depend on it; it depends on none of them.

pub mod error;
mod hex;
pub mod hours;
pub mod line;
pub mod run;
pub mod secret;
pub mod snapshot;
pub mod totals;
mod username;

pub use error::{Condition, Error, Kind, Result};
pub use hex::hex;
pub use hours::HourRange;
pub use run::RunId;
pub use secret::{Secret, SecretUrl};
pub use snapshot::Snapshot;
pub use totals::DayTotals;
pub use username::Username;

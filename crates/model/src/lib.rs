//! The words of BionicPRO Reports as types: errors, ranges of hours, run ids, snapshots, secrets, totals.
//!
//! No I/O lives here. Every other crate may depend on this one; it depends on none of them.

pub mod error;
mod hex;
pub mod hours;
pub mod line;
pub mod run;
pub mod secret;
pub mod snapshot;
pub mod totals;

pub use error::{Error, Kind, Result};
pub use hex::hex;
pub use hours::HourRange;
pub use run::RunId;
pub use secret::{Secret, SecretUrl};
pub use snapshot::Snapshot;
pub use totals::DayTotals;

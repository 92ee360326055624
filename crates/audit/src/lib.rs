//! The access log: an append-only, hash-chained record of reads of reports, sign-ins and refused requests.
//!
//! A service opens a [`Log`] and records an [`Entry`] before it responds: a request that cannot be recorded
//! is not answered. Each line carries the hash of the line before it, so [`verify`] finds lines that were
//! changed, inserted or removed. `docs/security/audit.md` describes the content of a line, and the tampering
//! that is and is not detected.

mod chain;
mod config;
mod entry;
mod files;
mod log;
pub mod metrics;
mod verify;
mod writer;

pub use config::Config;
pub use entry::{Entry, Event, Outcome};
pub use log::Log;
pub use verify::{Anchor, Verified, verify};

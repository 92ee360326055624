//! Who has read whose reports, who signed in, what was refused: an append-only log whose lines hold each other in place.
//!
//! A service opens a [`Log`] and records an [`Entry`] before it answers: what cannot be written down is not answered. Each
//! line carries the hash of the one before it, so [`verify`] finds what was changed, inserted or taken out. What is written
//! and what is found, and what not, stands in `docs/security/audit.md`.

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

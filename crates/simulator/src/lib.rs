//! A simulated fleet: the tables of both source databases, and plausible people and movements to fill them.
//!
//! Used by the program's demonstration, tests and benchmarks. No other crate writes to source databases.

mod connection;
mod copy;
mod dice;
mod habits;
pub mod hostile;
mod live;
mod movements;
mod names;
mod people;
pub mod schema;
mod seed;

pub use live::{LiveOptions, Lived, live};
pub use seed::{Existing, Progress, SeedOptions, Seeded, seed};

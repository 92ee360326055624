//! A simulated fleet: the tables of both source databases, and believable people and movements to fill them with.
//!
//! The program's demonstration, its tests and its bench use it. It writes to source databases; nothing else here does.

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

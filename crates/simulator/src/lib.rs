//! A simulated fleet: the tables of both source databases, and believable people and movements to fill them with.
//!
//! The program's demonstration, its tests and its bench use it. It writes to source databases; nothing else here does.

mod connection;
pub mod schema;

//! The source readers on a real PostgreSQL: new rows, cells and snapshots.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod address;
mod cells;
mod crm;
mod forms;
mod locks;
mod losses;
mod property;
mod settings;
mod standby;
mod table;
mod writers;

//! The telemetry reader on a real PostgreSQL: what is new, which cells, under which snapshot.
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

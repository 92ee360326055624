//! The API as its clients see it, on a real warehouse and with real tokens. The tree of files follows the
//! tree of URLs.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails by a panic")]

mod access;
mod cache;
mod calendar;
mod conditional;
mod connections;
mod conservation;
mod crowd;
mod docs;
mod during_loads;
mod errors;
mod freshness;
mod fuzz;
mod hang_ups;
mod health;
mod histories;
mod limits;
mod metrics;
mod people;
mod periods;
mod preferences;
mod prostheses;
mod reports;
mod shards;
mod staff;
mod support;
mod warehouse_faults;

//! Tests of the crate with the real engine: one engine for all tests, a separate database for each.

#![expect(clippy::unwrap_used, reason = "a helper of a test panics like the test")]

mod dimensions;
mod history;
mod ledger;
mod loads;
mod migrations;
mod profiles;
mod reports;
mod round_trip;
mod second_opinion;
mod support;
mod ticks;

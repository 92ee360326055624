//! The crate against the real engine: one engine for all tests, a database of its own for each.

mod round_trip;
mod support;

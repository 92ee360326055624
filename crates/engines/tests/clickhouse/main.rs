//! The embedded ClickHouse: the engine's own server through our edge, by raw requests and the official
//! client.

#![expect(clippy::unwrap_used, reason = "in the helpers of tests a panic is the report")]

mod accounts;
mod client;
mod damage;
mod harness;
mod supervisor;
mod through;
mod turns;

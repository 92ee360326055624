//! The embedded ClickHouse on the real engine, through its HTTP interface: raw requests and the official client.
//!
//! One process holds one engine, so all of these tests share one endpoint.

#![expect(clippy::unwrap_used, reason = "in the helpers of tests a panic is the report")]

mod access;
mod client;
mod compression;
mod errors;
mod harness;
mod queries;
mod sessions;
mod streaming;

//! The Reports API: people's own reports as JSON over HTTP. It builds no SQL and identifies callers by their
//! access token only.
//!
//! A request passes the crate `edge` (connections, request shape, deadline, problems), `routes` (the table of
//! URLs), `wearer` (authorization) and `parameters` (validation of the query), and ends in an endpoint's
//! file.

mod access;
mod answer;
mod availability;
mod bodies;
mod cached;
mod conditional;
pub mod config;
mod extractors;
mod figures;
#[doc(hidden)]
pub mod fuzzing;
mod local_day;
pub mod metrics;
mod openapi;
mod parameters;
mod problem;
mod reader;
mod routes;
mod server;
mod state;

pub use config::Config;
pub use openapi::{document as openapi_document, endpoints};
pub use server::{Server, Services};

//! The Reports API: people's own reports as JSON over HTTP. Builds no SQL and knows no other caller than a token's.
//!
//! A request passes the crate `edge` (connections, shape, deadline, problems), `routes` (the table of URLs), `wearer` (who
//! may), `parameters` (what exactly) and ends in an endpoint's file.

mod access;
mod answer;
mod availability;
mod bodies;
mod cached;
mod conditional;
pub mod config;
mod figures;
#[doc(hidden)]
pub mod fuzzing;
mod local_day;
pub mod metrics;
mod openapi;
mod parameters;
mod person;
mod problem;
mod reader;
mod routes;
mod server;
mod staff;
mod state;
mod wearer;

pub use config::Config;
pub use openapi::{document as openapi_document, endpoints};
pub use server::{Server, Services};

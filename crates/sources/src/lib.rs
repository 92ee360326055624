//! (being written)

pub mod config;

pub use config::{CrmConfig, TelemetryConfig};

//! Reads the CRM and the telemetry database: snapshots, the shape of the tables, cells by binary COPY.
//!
//! It only reads, and it knows nothing of the warehouse. Both databases are PostgreSQL 14 or newer.

pub mod config;
pub mod connect;
pub mod crm;
pub mod facts;
pub mod lock;
pub mod snapshot;
pub mod telemetry;

mod error;
mod ident;
mod shape;
mod tls;

pub use config::{CrmConfig, TelemetryConfig};
pub use connect::Database;
pub use crm::Crm;
pub use facts::Facts;
pub use lock::Lock;
pub use telemetry::{CellBatch, Telemetry};

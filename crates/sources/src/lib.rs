//! Reads the CRM and the telemetry database: snapshots, the shape of the tables, cells by binary COPY.
//!
//! It only reads, and it knows nothing of the warehouse. Both databases are PostgreSQL 14 or newer.

pub mod changes;
pub mod config;
pub mod connect;
pub mod crm;
pub mod facts;
pub mod lock;
pub mod snapshot;
pub mod telemetry;

mod address;
mod error;
mod ident;
mod shape;
mod template;
mod tls;
mod transaction;

pub use changes::{Baseline, Changes, Form, Since};
pub use config::{ChangesConfig, CrmConfig, TelemetryConfig};
pub use connect::{Database, Session};
pub use crm::{Crm, OpenCrm};
pub use facts::Facts;
pub use lock::Lock;
pub use telemetry::{CellBatch, CellRequest, ChipScope, Cut, LeftOut, Telemetry, Unreadable};

//! The ClickHouse warehouse: its schema, its rows, its queries. The only crate with ClickHouse SQL.
//!
//! [`Warehouse`] is the account that migrates and loads; [`MartReader`] is the one that only reads, for the
//! Reports API. Both speak the ClickHouse HTTP interface, to the embedded engine and to a server alike.

pub mod access;
pub mod config;
pub mod disks;
pub mod ledger;
pub mod load;
pub mod migrate;
pub mod ml;
pub mod owners;
pub mod pending;
pub mod reports;
pub mod schema;
pub mod servers;
pub mod state;
pub mod status;

mod account;
mod breaker;
pub mod changes;
mod client;
mod fault;
mod identifier;
pub mod metrics;
mod params;
mod ping;
mod settings;
mod warehouse;
mod watermarks;

pub use config::Config;
pub use reports::MartReader;
pub use warehouse::Warehouse;

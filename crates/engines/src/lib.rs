//! The native engines: embedded PostgreSQL and embedded ClickHouse, for demonstrations, tests and small
//! sites.

pub mod child;
pub mod clickhouse;
pub mod config;
pub mod packages;
pub mod postgres;

pub use config::Config;
pub use packages::Packages;

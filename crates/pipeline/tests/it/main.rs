//! The pipeline on the real engines, PostgreSQL and ClickHouse, with fresh databases for every test.
#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails by a panic")]

mod ahead;
mod crm;
mod faults;
mod foreign;
mod histories;
mod incremental;
mod loads;
mod oracle;
mod pooler;
mod property;
mod readings;
mod restart;
mod schemas;
mod shards;
mod squares;
mod staging;
mod turns;
mod unreadable;
mod ways;
mod world;

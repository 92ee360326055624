//! Test support for several crates: throw-away databases on the real engines, and a faulty network in front
//! of them.
//!
//! A test binary starts each engine once, on its first use, and every test gets a fresh database. Everything
//! is removed when the binary ends; leftovers of a killed one are removed by the next.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test that cannot get its database fails by a panic"
)]

mod engine;
mod network;
mod pooler;
mod postgres;
pub mod property;
mod scratch;
mod shards;
mod warehouse;

pub use network::{End, Network, Proxy, Weather};
pub use pooler::{PgBouncer, PoolMode};
pub use postgres::{SharedPostgres, TestDatabase, postgres};
pub use shards::Shards;
pub use warehouse::{TestWarehouse, warehouse};

/// The installed engines, in `BIONICPRO_ENGINES_DIR` or the project's default folder.
///
/// # Panics
/// If they are not installed; the message says what to run.
pub fn packages() -> bionicpro_engines::Packages {
    let dir = std::env::var_os("BIONICPRO_ENGINES_DIR").map(std::path::PathBuf::from);
    bionicpro_engines::Packages::find(dir.as_deref()).unwrap_or_else(|error| panic!("{}", error.report()))
}

/// Removes this machine's configuration from a command's environment, except the location of the engines.
pub fn without_configuration(command: &mut std::process::Command) -> &mut std::process::Command {
    let is_ours = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("BIONICPRO_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_ours(name) && name != "BIONICPRO_ENGINES_DIR")
    {
        command.env_remove(name);
    }
    command
}

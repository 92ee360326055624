//! The embedded ClickHouse: the engine's own HTTP server in a process of its own, behind our edge.
//!
//! [`Endpoint`] is the entry point. `supervisor` keeps the engine's process running, `process` is what that
//! process does, `configuration` sets what it may do. `proxy` forwards well-formed requests to it, and
//! nothing else: malformed HTTP headers end the engine.

mod cancel;
mod cluster;
mod configuration;
mod credentials;
mod data_dir;
mod default_database;
mod endpoint;
mod fence;
mod gate;
mod journal;
mod process;
mod proxy;
mod supervisor;
mod timed;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod writes;

pub use cluster::Cluster;
pub use data_dir::Passwords;
pub use endpoint::{Endpoint, url};
pub use process::{ARGUMENTS, Process};

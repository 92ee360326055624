//! The embedded ClickHouse: the engine's own HTTP server in a process of its own, behind our edge.
//!
//! [`Endpoint`] is the whole. `supervisor` keeps the engine's process running, `process` is what that process does,
//! `configuration` says what it may do. `proxy` lets well-formed requests through to it, and nothing else: heads that are
//! no HTTP end the engine.

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

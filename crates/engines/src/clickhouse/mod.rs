//! The embedded ClickHouse: the real engine in this process, behind the ClickHouse HTTP interface.
//!
//! A request becomes one statement on one connection of the engine. `server` accepts, `handler` follows a request
//! from head to last byte, `runner` runs its statement on a thread that may block, `connection` and `ffi` are the
//! engine itself. What SQL may reach is decided by the engine's own grants (`access`).

mod access;
mod auth;
mod body;
mod connection;
mod data_dir;
mod endpoint;
mod engine;
mod failure;
mod ffi;
mod format;
mod gate;
mod handler;
mod lexer;
mod marker;
mod request;
mod response;
mod runner;
mod server;
mod statement;

pub use endpoint::Endpoint;

//! The embedded ClickHouse: the real engine in this process, behind the ClickHouse HTTP interface.
//!
//! A request becomes one statement on one connection of the engine. `server` accepts, `handler` follows a request
//! from head to last byte, `runner` runs its statement on a thread that may block, `connection` and `ffi` are the
//! engine itself. What SQL may reach is decided by the engine's own grants (`access`).

mod access;
mod auth;
mod blocks;
mod body;
mod connection;
mod data_dir;
mod decode;
mod default_database;
mod encode;
mod endpoint;
mod engine;
mod exit;
mod external;
mod failure;
mod ffi;
mod format;
mod fresh;
mod gate;
mod guard;
mod handler;
mod lexer;
mod marker;
mod multipart;
mod pool;
mod prepare;
mod request;
mod response;
mod result;
mod rows;
mod runner;
mod running;
mod server;
mod sessions;
mod spool;
mod statement;
mod threads;

pub use auth::USER;
pub use endpoint::Endpoint;

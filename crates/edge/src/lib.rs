//! The edge of every HTTP service of this program: the layers that an untrusted client passes before any
//! endpoint.
//!
//! A connection passes [`Listener`] (limits, timeouts, TLS). A request passes [`Edge`] (shape, deadline,
//! panics, headers, one log line) and then the service's own router, which reports errors as [`Problem`]s.
//! This crate does not depend on any service.

mod body;
mod config;
mod connection;
mod delivery;
mod edge;
mod encoding;
#[doc(hidden)]
pub mod fuzzing;
mod heads;
mod hosts;
mod limits;
mod listener;
pub mod metrics;
mod peer;
mod per_address;
mod problem;
mod proxies;
mod rate;
mod refusals;
mod request_validation;
mod reserved;
mod scrape;
mod service;
mod tags;
mod tls;
mod turns;
mod write_timeout;

pub use config::ListenerConfig;
pub use connection::Connection;
pub use delivery::{Otherwise, finish_changes, to_its_end, watch_body};
pub use edge::{Edge, Final, Options};
pub use encoding::Encoding;
pub use limits::Limits;
pub use listener::{Listen, Listener};
pub use peer::{Peer, RequestId};
pub use problem::{DefaultDetails, MEDIA_TYPE, Problem, ProblemBody, ProblemKind};
pub use rate::Limiter;
pub use reserved::ReservedPort;
pub use scrape::MetricsListener;
pub use service::Service;
pub use tags::KnownTags;
pub use tls::TlsConfig;

//! The edge of every HTTP service of this program: what a stranger meets before any endpoint.
//!
//! A connection passes [`Listener`] (how many, how long, TLS), a request passes [`Edge`] (shape, deadline, panic, headers,
//! one log line) and then the service's own router, which answers errors as [`Problem`]s. Knows no service.

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

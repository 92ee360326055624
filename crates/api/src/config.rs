//! The configuration section `[api]`.

use std::net::SocketAddr;
use std::time::Duration;

use bionicpro_model::{Error, Kind, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The Reports API.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Where Prometheus metrics are served; none means nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Requests that one person may make in a minute.
    pub requests_per_minute: u32,
    /// Requests without a valid token that one address may make in a minute. Valid tokens do not count.
    pub unauthenticated_per_minute: u32,
    /// Connections that may be open at once; further ones wait to be accepted.
    pub max_connections: u32,
    /// Seconds in which a request's headers must arrive; an idle connection is closed after the same time.
    pub header_timeout_s: u32,
    /// Seconds after which a request is given up with status 503.
    pub request_timeout_s: u32,
    /// Seconds that requests in flight get to finish when the API stops.
    pub shutdown_timeout_s: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 8001)),
            metrics_listen: Some(SocketAddr::from(([127, 0, 0, 1], 9464))),
            requests_per_minute: 600,
            unauthenticated_per_minute: 1200,
            max_connections: 1024,
            header_timeout_s: 30,
            request_timeout_s: 10,
            shutdown_timeout_s: 10,
        }
    }
}

impl Config {
    /// Refuses values that would let nobody in or keep a connection for ever.
    pub(crate) fn check(&self) -> Result<()> {
        let zero = [
            ("requests_per_minute", self.requests_per_minute),
            ("unauthenticated_per_minute", self.unauthenticated_per_minute),
            ("max_connections", self.max_connections),
            ("header_timeout_s", self.header_timeout_s),
            ("request_timeout_s", self.request_timeout_s),
        ];
        match zero.into_iter().find(|(_, value)| *value == 0) {
            Some((key, _)) => Err(Error::new(Kind::Config, "a limit of the API is zero")
                .detail(format!("api.{key}"))
                .hint("write at least 1, or leave the key out to get the default (`bionicpro config show`)")),
            None => Ok(()),
        }
    }

    pub(crate) fn header_timeout(&self) -> Duration {
        Duration::from_secs(self.header_timeout_s.into())
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_s.into())
    }

    pub(crate) fn shutdown_timeout(&self) -> Duration {
        Duration::from_secs(self.shutdown_timeout_s.into())
    }
}

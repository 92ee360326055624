//! The configuration section `[api]`.

use std::net::SocketAddr;
use std::time::Duration;

use bionicpro_edge::{Limits, Listen, TlsConfig};
use bionicpro_model::{Error, Kind, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The Reports API.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// The hosts that requests may name, as `name` or `name:port`; empty means the loopback names and the address in `listen`.
    pub hosts: Vec<String>,
    /// The certificate; without one the API speaks plain HTTP, for a proxy on the same machine.
    pub tls: TlsConfig,
    /// Addresses or networks of the operator's own proxies, whose `X-Forwarded-For` says where a request comes from.
    pub trusted_proxies: Vec<String>,
    /// Where Prometheus metrics are served; none means nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// The hosts that requests for metrics may name; empty means the loopback names and the address in `metrics_listen`.
    pub metrics_hosts: Vec<String>,
    /// Requests that one person may make in a minute.
    pub requests_per_minute: u32,
    /// Requests without a valid token that one address may make in a minute. Valid tokens do not count.
    pub unauthenticated_per_minute: u32,
    /// Connections that may be open at once; further ones wait to be accepted.
    pub max_connections: u32,
    /// Connections that one address may have open at once; further ones are closed. Trusted proxies may have more.
    pub max_connections_per_address: u32,
    /// Seconds in which a request's headers must arrive; an idle connection is closed after the same time.
    pub header_timeout_s: u32,
    /// Seconds in which a client must take the next piece of its answer, or the connection is cut.
    pub write_timeout_s: u32,
    /// Seconds after which a request is given up with status 503.
    pub request_timeout_s: u32,
    /// Seconds that requests in flight get to finish when the API stops.
    pub shutdown_timeout_s: u32,
    /// Seconds between two runs of the pipeline, as whoever starts them has it: after twice as long, data are stale.
    pub schedule_s: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 8001)),
            hosts: Vec::new(),
            tls: TlsConfig::default(),
            trusted_proxies: Vec::new(),
            metrics_listen: Some(SocketAddr::from(([127, 0, 0, 1], 9464))),
            metrics_hosts: Vec::new(),
            requests_per_minute: 600,
            unauthenticated_per_minute: 1200,
            max_connections: 1024,
            max_connections_per_address: 256,
            header_timeout_s: 30,
            write_timeout_s: 30,
            request_timeout_s: 10,
            shutdown_timeout_s: 10,
            schedule_s: 900,
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
            ("max_connections_per_address", self.max_connections_per_address),
            ("header_timeout_s", self.header_timeout_s),
            ("write_timeout_s", self.write_timeout_s),
            ("request_timeout_s", self.request_timeout_s),
            ("schedule_s", self.schedule_s),
        ];
        match zero.into_iter().find(|(_, value)| *value == 0) {
            Some((key, _)) => Err(Error::new(Kind::Config, "a limit of the API is zero")
                .detail(format!("api.{key}"))
                .hint("write at least 1, or leave the key out to get the default (`bionicpro config show`)")),
            None => Ok(()),
        }
    }

    /// Where the API listens, and under which rules.
    pub(crate) fn listener(&self) -> Listen {
        Listen {
            limits: self.limits(),
            hosts: self.hosts.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
            tls: self.tls.clone(),
            ..Listen::new("api", "listen", "--listen", self.listen)
        }
    }

    /// What clients may take.
    pub(crate) fn limits(&self) -> Limits {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        Limits {
            connections: self.max_connections,
            connections_per_address: self.max_connections_per_address,
            header_timeout: seconds(self.header_timeout_s),
            write_timeout: seconds(self.write_timeout_s),
            shutdown_timeout: seconds(self.shutdown_timeout_s),
            ..Limits::default()
        }
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_s.into())
    }
}

//! The keys of a listener that every service has in its own section of the configuration, `[api]` and `[bff]`.
//!
//! Addresses, hosts and the time for a request are each service's own: their defaults or their meaning differ.

use std::net::SocketAddr;
use std::time::Duration;

use bionicpro_model::{Error, Kind, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Limits, Listen, TlsConfig};

/// A client that waits longer has given up, and so has whoever looks for what is wrong with its token.
const LONGEST_REFUSAL_DELAY_S: u32 = 60;

/// What clients of a service may take, and whom it believes. A part of the service's own section.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ListenerConfig {
    /// The certificate; without one the service speaks plain HTTP, for a proxy on the same machine.
    pub tls: TlsConfig,
    /// Addresses or networks of the operator's own proxies, whose `X-Forwarded-For` says where a request comes from.
    pub trusted_proxies: Vec<String>,
    /// The hosts that requests for metrics may name; empty means the loopback names and the address in `metrics_listen`.
    pub metrics_hosts: Vec<String>,
    /// Connections that may be open at once. Beyond them, one that serves no whole request gives way to a new one; where all serve
    /// one, the new one waits.
    pub max_connections: u32,
    /// Connections that one address may have open at once; further ones are closed. Trusted proxies may have more.
    pub max_connections_per_address: u32,
    /// Refused tokens and cookies, or requests without any, that one address may cause in a minute; each further refusal is
    /// given late. What is accepted does not count and is never late.
    pub unauthenticated_per_minute: u32,
    /// Seconds by which a refusal is late, at most 60.
    pub refusal_delay_s: u32,
    /// Seconds in which the first request's headers must have arrived on a new connection, with the TLS handshake.
    pub first_header_timeout_s: u32,
    /// Seconds in which the headers of any request must arrive; an idle connection is closed after the same time.
    pub header_timeout_s: u32,
    /// Seconds in which a client must take the next piece of its answer, or the connection is cut.
    pub write_timeout_s: u32,
    /// Seconds that requests in flight get to finish when the service stops.
    pub shutdown_timeout_s: u32,
}

impl Default for ListenerConfig {
    fn default() -> Self {
        ListenerConfig {
            tls: TlsConfig::default(),
            trusted_proxies: Vec::new(),
            metrics_hosts: Vec::new(),
            max_connections: 1024,
            max_connections_per_address: 256,
            unauthenticated_per_minute: 300,
            refusal_delay_s: 1,
            first_header_timeout_s: 5,
            header_timeout_s: 30,
            write_timeout_s: 30,
            shutdown_timeout_s: 10,
        }
    }
}

impl ListenerConfig {
    /// Refuses limits of zero, which would let nobody in, of these keys and of the section's `own`; and a refusal that would
    /// be late by longer than clients wait.
    ///
    /// # Errors
    /// `Config`, naming the key.
    pub fn check(&self, section: &'static str, own: &[(&'static str, u32)]) -> Result<()> {
        let shared = [
            ("max_connections", self.max_connections),
            ("max_connections_per_address", self.max_connections_per_address),
            ("unauthenticated_per_minute", self.unauthenticated_per_minute),
            ("refusal_delay_s", self.refusal_delay_s),
            ("first_header_timeout_s", self.first_header_timeout_s),
            ("header_timeout_s", self.header_timeout_s),
            ("write_timeout_s", self.write_timeout_s),
        ];
        match own.iter().chain(&shared).find(|(_, value)| *value == 0) {
            Some((key, _)) => Err(Error::new(Kind::Config, "a limit of a service is zero")
                .detail(format!("{section}.{key}"))
                .hint("write at least 1, or leave the key out to get the default (`bionicpro config show`)")),
            None if self.refusal_delay_s > LONGEST_REFUSAL_DELAY_S => {
                Err(Error::new(Kind::Config, "refusals would be late by longer than clients wait")
                    .detail(format!("{section}.refusal_delay_s"))
                    .hint(format!("write at most {LONGEST_REFUSAL_DELAY_S}, or leave the key out")))
            }
            None => Ok(()),
        }
    }

    /// The service's own listener, under these rules.
    pub fn listen(&self, section: &'static str, address: SocketAddr, hosts: Vec<String>) -> Listen {
        Listen {
            limits: self.limits(),
            hosts,
            trusted_proxies: self.trusted_proxies.clone(),
            tls: self.tls.clone(),
            ..Listen::new(section, "listen", "--listen", address)
        }
    }

    /// The listener of the service's metrics: the same limits, hosts of its own, neither proxies nor TLS.
    pub fn listen_for_metrics(&self, section: &'static str, address: SocketAddr) -> Listen {
        Listen {
            limits: self.limits(),
            hosts: self.metrics_hosts.clone(),
            hosts_key: "metrics_hosts",
            ..Listen::new(section, "metrics_listen", "--metrics-listen", address)
        }
    }

    fn limits(&self) -> Limits {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        Limits {
            connections: self.max_connections,
            connections_per_address: self.max_connections_per_address,
            refusals_per_minute: self.unauthenticated_per_minute,
            refusal_delay: seconds(self.refusal_delay_s),
            first_header_timeout: seconds(self.first_header_timeout_s),
            header_timeout: seconds(self.header_timeout_s),
            write_timeout: seconds(self.write_timeout_s),
            shutdown_timeout: seconds(self.shutdown_timeout_s),
            ..Limits::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_zero_is_named_with_its_section() {
        let shared = ListenerConfig { write_timeout_s: 0, ..ListenerConfig::default() };
        for (error, key) in [
            (shared.check("api", &[("requests_per_minute", 1)]), "api.write_timeout_s"),
            (ListenerConfig::default().check("bff", &[("idle_limit_s", 0)]), "bff.idle_limit_s"),
        ] {
            let error = error.unwrap_err();
            assert_eq!((error.kind(), error.detail_text()), (Kind::Config, Some(key)));
        }
        assert!(ListenerConfig::default().check("api", &[("requests_per_minute", 1)]).is_ok());
    }

    #[test]
    fn a_refusal_is_late_by_a_minute_at_most() {
        let check = |refusal_delay_s| {
            ListenerConfig { refusal_delay_s, ..ListenerConfig::default() }.check("api", &[])
        };
        assert!(check(60).is_ok());
        assert_eq!(check(61).unwrap_err().detail_text(), Some("api.refusal_delay_s"));
    }
}

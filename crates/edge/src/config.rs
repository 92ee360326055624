//! The listener keys that every service has in its own section of the configuration, `[api]` and `[bff]`.
//!
//! Addresses, hosts and the request timeout belong to each service, because their defaults or their meaning
//! differ.

use std::net::SocketAddr;
use std::time::Duration;

use bionicpro_model::{Error, Kind, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Limits, Listen, TlsConfig};

/// The longest useful delay: a client that waits longer has given up, and so has a user debugging a refused
/// token.
const LONGEST_REFUSAL_DELAY_S: u32 = 60;

/// Limits on a service's clients, and the proxies it trusts. Part of the service's own section.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ListenerConfig {
    /// The certificate. Without one the service speaks plain HTTP, for a proxy on the same machine.
    pub tls: TlsConfig,
    /// Addresses or networks of the operator's own proxies, whose `X-Forwarded-For` is trusted for the
    /// client's address.
    pub trusted_proxies: Vec<String>,
    /// The hosts that metrics requests may name. Empty means the loopback names and the address in
    /// `metrics_listen`.
    pub metrics_hosts: Vec<String>,
    /// Connections that may be open at once. Beyond them, a connection that is not serving a complete request
    /// is closed to make room for a new one; if all are serving one, the new one waits.
    pub max_connections: u32,
    /// Connections that one address may have open at once. Further ones are closed. Trusted proxies are
    /// exempt.
    pub max_connections_per_address: u32,
    /// Refused tokens and cookies, and requests without any, that one address may cause in a minute. Each
    /// further refusal is delayed. Accepted requests do not count and are never delayed.
    pub unauthenticated_per_minute: u32,
    /// Seconds by which a refusal is delayed, at most 60.
    pub refusal_delay_s: u32,
    /// Seconds within which a new connection must complete the TLS handshake and send the first request's
    /// headers.
    pub first_header_timeout_s: u32,
    /// Seconds within which the headers of any request must arrive. An idle connection is closed after the
    /// same time.
    pub header_timeout_s: u32,
    /// Seconds within which a client must read the next piece of a response, or the connection is closed.
    pub write_timeout_s: u32,
    /// Seconds that in-flight requests get to finish when the service stops.
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
    /// Rejects limits of zero, both of these keys and of the section's `own` keys, because they would lock
    /// every client out. Also rejects a refusal delay that is longer than clients wait.
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
                .hint("set at least 1, or leave the key out to get the default (`bionicpro config show`)")),
            None if self.refusal_delay_s > LONGEST_REFUSAL_DELAY_S => {
                Err(Error::new(Kind::Config, "the refusal delay is longer than clients wait")
                    .detail(format!("{section}.refusal_delay_s"))
                    .hint(format!("set at most {LONGEST_REFUSAL_DELAY_S}, or leave the key out")))
            }
            None => Ok(()),
        }
    }

    /// Returns the service's own listener with these limits.
    pub fn listen(&self, section: &'static str, address: SocketAddr, hosts: Vec<String>) -> Listen {
        Listen {
            limits: self.limits(),
            hosts,
            trusted_proxies: self.trusted_proxies.clone(),
            tls: self.tls.clone(),
            ..Listen::new(section, "listen", "--listen", address)
        }
    }

    /// Returns the listener for the service's metrics: the same limits, hosts of its own, neither proxies nor
    /// TLS.
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

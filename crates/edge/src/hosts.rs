//! The host names that a listener accepts. Other names are refused, so that a foreign page that makes the
//! browser resolve its own name to this address (DNS rebinding), or a proxy that forwards anything, gets no
//! response.

use std::net::{IpAddr, SocketAddr};

use http::uri::Authority;

/// The loopback names.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The hosts that a request may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hosts(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// In lower case; an IPv6 address in its brackets.
    name: String,
    /// `None` allows any port, since a port may be mapped on the way.
    port: Option<u16>,
}

impl Hosts {
    /// Reads the configured hosts, as `name` or `name:port`. Without any, allows the loopback names and the
    /// listening address.
    ///
    /// # Errors
    /// The first entry that is not a host.
    pub(crate) fn new(configured: &[String], listen: SocketAddr) -> Result<Self, String> {
        if configured.is_empty() {
            return Ok(Hosts::of(listen));
        }
        let entry = |text: &String| {
            let authority: Authority = text.parse().map_err(|_| text.clone())?;
            match plain(&authority) {
                true => Ok(Entry { name: authority.host().to_ascii_lowercase(), port: authority.port_u16() }),
                false => Err(text.clone()),
            }
        };
        configured.iter().map(entry).collect::<Result<_, _>>().map(Hosts)
    }

    /// Returns the loopback names and the address itself.
    pub(crate) fn of(listen: SocketAddr) -> Self {
        let own = Some(listen.ip()).filter(|ip| !ip.is_unspecified()).map(|ip| match ip {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        });
        let names = LOOPBACK.into_iter().map(str::to_owned).chain(own);
        Hosts(names.map(|name| Entry { name, port: None }).collect())
    }

    /// Returns true if a request may name this host.
    pub(crate) fn allow(&self, host: &Authority) -> bool {
        plain(host)
            && self.0.iter().any(|entry| {
                entry.name.eq_ignore_ascii_case(host.host())
                    && entry.port.is_none_or(|port| host.port_u16() == Some(port))
            })
    }

    /// Returns true if a TLS client may request this name (SNI).
    pub(crate) fn allow_name(&self, name: &str) -> bool {
        self.0.iter().any(|entry| entry.name.eq_ignore_ascii_case(name))
    }
}

/// Returns true for a host with an optional port: no user name, no comma (proxies join two Host headers with
/// one), and no invalid port.
fn plain(authority: &Authority) -> bool {
    let text = authority.as_str();
    let host = authority.host();
    let rest = text.strip_prefix(host).unwrap_or("?");
    !host.is_empty()
        && !text.contains(['@', ',', '*', '%'])
        && (rest.is_empty() || authority.port_u16().is_some_and(|port| rest == format!(":{port}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(configured: &[&str], listen: &str) -> Hosts {
        let configured: Vec<_> = configured.iter().map(|text| (*text).to_owned()).collect();
        Hosts::new(&configured, listen.parse().unwrap()).unwrap()
    }

    fn allows(hosts: &Hosts, host: &str) -> bool {
        host.parse().is_ok_and(|host| hosts.allow(&host))
    }

    #[test]
    fn without_configuration_the_machine_itself_and_the_address_are_hosts() {
        let default = hosts(&[], "192.0.2.7:8001");
        for host in
            ["localhost", "LOCALHOST:8001", "127.0.0.1:9", "[::1]:8001", "192.0.2.7", "192.0.2.7:8001"]
        {
            assert!(allows(&default, host), "{host}");
        }
        for host in ["evil.example", "192.0.2.8", "0.0.0.0", "localhost.", "localhost.evil.example", "::1"] {
            assert!(!allows(&default, host), "{host}");
        }
        assert!(!allows(&hosts(&[], "0.0.0.0:8001"), "0.0.0.0:8001"));
        assert!(allows(&hosts(&[], "[2001:db8::1]:8001"), "[2001:db8::1]"));
    }

    #[test]
    fn configured_hosts_take_the_place_of_the_default() {
        let configured = hosts(&["Reports.example.com", "other.example.com:8443"], "127.0.0.1:8001");
        for host in ["reports.example.com", "reports.EXAMPLE.com:443", "other.example.com:8443"] {
            assert!(allows(&configured, host), "{host}");
        }
        for host in [
            "localhost",
            "other.example.com",
            "other.example.com:443",
            "reports.example.com.evil.example",
            "user@reports.example.com",
            "reports.example.com,evil.example",
            "reports.example.com:",
            "reports.example.com:99999",
            "reports.example.com:0443",
            "reports.example.com:+443",
        ] {
            assert!(!allows(&configured, host), "{host}");
        }
        assert!(configured.allow_name("other.example.com"));
        assert!(!configured.allow_name("localhost"));
    }

    #[test]
    fn what_is_no_host_is_refused_when_configured() {
        for bad in ["", "https://a", "a b", "*.example.com", "user@a", "a:b", "a/b"] {
            let configured = [bad.to_owned()];
            assert_eq!(Hosts::new(&configured, "127.0.0.1:1".parse().unwrap()), Err(bad.to_owned()));
        }
    }
}

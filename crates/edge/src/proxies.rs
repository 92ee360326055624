//! The client's address behind trusted proxies: `X-Forwarded-For` is believed only from the proxies that the
//! configuration names.
//!
//! Each proxy appends the address that it saw on the right. Read from the right, the first address that is
//! not one of our own proxies is the client. Everything to the left of it was written by the client and is
//! never read.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The networks of our own proxies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Parses addresses or networks, as `10.0.0.7` or `10.0.0.0/8`.
    ///
    /// # Errors
    /// The first entry that is neither.
    pub(crate) fn new(configured: &[String]) -> Result<Self, String> {
        let network = |text: &String| {
            let network = text.parse::<IpNet>().ok();
            network.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)).ok_or_else(|| text.clone())
        };
        configured.iter().map(network).collect::<Result<_, _>>().map(Proxies)
    }

    /// Returns true if the address is one of our own proxies.
    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address.to_canonical()))
    }

    /// Returns the client's address: the peer's own, or the one reported by trusted proxies.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines = headers.get_all(FORWARDED_FOR).iter().map(|line| line.to_str().unwrap_or("?"));
        let mut hops: Vec<_> = lines.flat_map(|line| line.split(',')).collect();
        while self.trust(client) {
            // A hop that is not an address ends the chain at the last known proxy.
            match hops.pop().and_then(address) {
                Some(hop) => client = hop,
                None => break,
            }
        }
        client
    }
}

/// Parses an address with or without a port.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let with_port = || hop.parse().ok().map(|address: SocketAddr| address.ip());
    hop.parse().ok().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, lines: &[&str]) -> String {
        let trusted: Vec<_> = trusted.iter().map(|text| (*text).to_owned()).collect();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        Proxies::new(&trusted).unwrap().client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn h22_nobody_but_a_trusted_proxy_is_believed() {
        assert_eq!(client(&[], "192.0.2.1", &["10.9.9.9"]), "192.0.2.1");
        assert_eq!(client(&["10.0.0.0/8"], "192.0.2.1", &["10.9.9.9"]), "192.0.2.1");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["192.0.2.5"]), "192.0.2.5");
        assert_eq!(client(&["10.0.0.1"], "::ffff:10.0.0.1", &["192.0.2.5"]), "192.0.2.5");
    }

    #[test]
    fn h22_the_rightmost_address_that_is_not_ours_is_the_client() {
        let ours = ["10.0.0.0/8", "2001:db8::/32"];
        assert_eq!(client(&ours, "10.0.0.1", &["1.1.1.1, 192.0.2.5, 10.0.0.2"]), "192.0.2.5");
        assert_eq!(client(&ours, "10.0.0.1", &["1.1.1.1", "192.0.2.5", "2001:db8::9"]), "192.0.2.5");
        assert_eq!(client(&ours, "10.0.0.1", &["192.0.2.5:4711"]), "192.0.2.5");
        assert_eq!(client(&ours, "10.0.0.1", &["[2001:db9::1]:443"]), "2001:db9::1");
    }

    #[test]
    fn h22_what_is_no_address_ends_the_chain() {
        let ours = ["10.0.0.0/8"];
        assert_eq!(client(&ours, "10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client(&ours, "10.0.0.1", &["192.0.2.5, unknown"]), "10.0.0.1");
        assert_eq!(client(&ours, "10.0.0.1", &["192.0.2.5, , 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client(&ours, "10.0.0.1", &["10.0.0.3"]), "10.0.0.3");
    }

    #[test]
    fn what_is_no_network_is_refused_when_configured() {
        for bad in ["", "proxy.example.com", "10.0.0.0/33", "10.0.0"] {
            assert_eq!(Proxies::new(&[bad.to_owned()]), Err(bad.to_owned()));
        }
    }
}

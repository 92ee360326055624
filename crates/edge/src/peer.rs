//! Request extensions set by the edge: the client's address and the request's id.

use std::net::IpAddr;
use std::sync::Arc;

/// The client's address, as a request extension: the connection's remote address, or the one reported by a
/// trusted proxy.
///
/// For limits and the audit log. It is personal data and must not appear in the service's log, a metric or a
/// response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

impl Peer {
    /// Returns the part of the address that identifies one site: the whole IPv4 address, or the /64 network
    /// of an IPv6 address.
    pub fn place(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        }
    }
}

/// The id of a request in the log and in the header `x-request-id`. A request extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub(crate) Arc<str>);

impl RequestId {
    /// Returns the id as text, a UUID.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_one_ipv6_network_are_one_place() {
        let place = |text: &str| Peer(text.parse().unwrap()).place();
        assert_eq!(place("2001:db8::1"), place("2001:db8::ffff:1"));
        assert_ne!(place("2001:db8::1"), place("2001:db8:0:1::1"));
        assert_eq!(place("::ffff:10.0.0.1"), place("10.0.0.1"));
    }
}

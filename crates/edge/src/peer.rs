//! What the edge tells an endpoint about a request: who is at the other end, and the request's name.

use std::net::IpAddr;
use std::sync::Arc;

/// The address that a request comes from: of the connection's other end, or what a trusted proxy says. A request extension.
///
/// For limits and the audit log. It is a person's datum: never for the service's log, a metric or an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

impl Peer {
    /// The part of the address that belongs to one place: whole for IPv4, the /64 network for IPv6.
    pub fn place(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        }
    }
}

/// The name of a request in the log and in the header `x-request-id`. A request extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub(crate) Arc<str>);

impl RequestId {
    /// The name as text, a UUID.
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

//! The layers below [`crate::Edge`], exposed for fuzzing: decisions made about untrusted bytes.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::uri::Authority;

use crate::hosts::Hosts;
use crate::proxies::Proxies;

/// The hosts that a listener accepts.
#[derive(Debug)]
pub struct AllowedHosts(Hosts);

impl AllowedHosts {
    /// Reads the configured hosts. Fails with the first entry that is not a host.
    pub fn new(configured: &[String], listen: SocketAddr) -> Result<Self, String> {
        Hosts::new(configured, listen).map(AllowedHosts)
    }

    /// Returns true if a request may carry this value of `Host`.
    pub fn allow(&self, host: &[u8]) -> bool {
        Authority::try_from(host).is_ok_and(|host| self.0.allow(&host))
    }
}

/// The proxies that a listener trusts.
#[derive(Debug)]
pub struct TrustedProxies(Proxies);

impl TrustedProxies {
    /// Reads the configured proxies. Fails with the first entry that is neither an address nor a network.
    pub fn new(configured: &[String]) -> Result<Self, String> {
        Proxies::new(configured).map(TrustedProxies)
    }

    /// Returns true if the address is a trusted proxy.
    pub fn trust(&self, address: IpAddr) -> bool {
        self.0.trust(address)
    }

    /// Returns the address that a request comes from.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        self.0.client(peer, headers)
    }
}

//! The layers below [`crate::Edge`], for fuzzing: what is decided about bytes that a stranger wrote.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::uri::Authority;

use crate::hosts::Hosts;
use crate::proxies::Proxies;

/// The hosts that a listener answers under.
#[derive(Debug)]
pub struct AllowedHosts(Hosts);

impl AllowedHosts {
    /// Fails with the entry that is no host.
    pub fn new(configured: &[String], listen: SocketAddr) -> Result<Self, String> {
        Hosts::new(configured, listen).map(AllowedHosts)
    }

    /// Whether a request may carry this value of `Host`.
    pub fn allow(&self, host: &[u8]) -> bool {
        Authority::try_from(host).is_ok_and(|host| self.0.allow(&host))
    }
}

/// The proxies that a listener believes.
#[derive(Debug)]
pub struct TrustedProxies(Proxies);

impl TrustedProxies {
    /// Fails with the entry that is neither an address nor a network.
    pub fn new(configured: &[String]) -> Result<Self, String> {
        Proxies::new(configured).map(TrustedProxies)
    }

    /// Whether the address is one of them.
    pub fn trust(&self, address: IpAddr) -> bool {
        self.0.trust(address)
    }

    /// Where a request comes from.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        self.0.client(peer, headers)
    }
}

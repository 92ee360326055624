//! What is known about a connection before its first request.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::HeaderMap;

use crate::Limits;
use crate::hosts::Hosts;
use crate::peer::Peer;
use crate::proxies::Proxies;

/// A connection of one listener, with the rules that hold there.
#[derive(Debug, Clone)]
pub struct Connection {
    pub(crate) peer: IpAddr,
    pub(crate) is_tls: bool,
    pub(crate) rules: Arc<Rules>,
}

/// The rules of a listener that a request meets.
#[derive(Debug)]
pub(crate) struct Rules {
    /// The listener's section of the configuration, for metrics.
    pub(crate) section: &'static str,
    pub(crate) hosts: Hosts,
    pub(crate) proxies: Proxies,
    pub(crate) limits: Limits,
}

impl Connection {
    /// A connection from an address to a listener without configuration, for the tests of routers.
    pub fn from_loopback(peer: SocketAddr) -> Self {
        let hosts = Hosts::of(SocketAddr::from(([127, 0, 0, 1], 0)));
        let rules = Rules { section: "test", hosts, proxies: Proxies::default(), limits: Limits::default() };
        Connection { peer: peer.ip(), is_tls: false, rules: Arc::new(rules) }
    }

    /// Where a request with these headers comes from.
    pub fn client(&self, headers: &HeaderMap) -> Peer {
        Peer(self.rules.proxies.client(self.peer, headers))
    }
}

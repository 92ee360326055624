//! A connection's facts and rules, known before its first request.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::{HeaderMap, Request};
use tokio_util::sync::CancellationToken;

use crate::hosts::Hosts;
use crate::peer::Peer;
use crate::problem::{Problem, ProblemKind};
use crate::proxies::Proxies;
use crate::refusals::Refusals;
use crate::{Limits, request_validation};

/// A connection accepted by a listener, with the listener's rules.
#[derive(Debug, Clone)]
pub struct Connection {
    pub(crate) peer: IpAddr,
    pub(crate) is_tls: bool,
    pub(crate) rules: Arc<Rules>,
    /// Cancelled when the listener stops, so that no response is delayed any longer.
    pub(crate) stopping: CancellationToken,
}

/// The rules that a listener applies to requests.
#[derive(Debug)]
pub(crate) struct Rules {
    /// The listener's section of the configuration, for metrics.
    pub(crate) section: &'static str,
    pub(crate) hosts: Hosts,
    pub(crate) proxies: Proxies,
    pub(crate) limits: Limits,
    pub(crate) refusals: Refusals,
}

impl Rules {
    pub(crate) fn new(section: &'static str, hosts: Hosts, proxies: Proxies, limits: Limits) -> Self {
        Rules { section, hosts, proxies, limits, refusals: Refusals::new(section, &limits) }
    }
}

impl Connection {
    /// A connection from `peer` to a listener without configuration, for the tests of routers.
    pub fn from_loopback(peer: SocketAddr) -> Self {
        let hosts = Hosts::of(SocketAddr::from(([127, 0, 0, 1], 0)));
        let rules = Rules::new("test", hosts, Proxies::default(), Limits::default());
        Connection {
            peer: peer.ip(),
            is_tls: false,
            rules: Arc::new(rules),
            stopping: CancellationToken::new(),
        }
    }

    /// Rejects a request that does not name exactly one allowed host, or that names a host in its target.
    /// [`crate::Edge`] does this itself; call it for protocols that do not use the edge.
    ///
    /// # Errors
    /// The problem 400 or 421.
    pub fn check_host<B>(&self, request: &Request<B>) -> Result<(), Problem> {
        if request.uri().authority().is_some() {
            return Err(Problem::new(ProblemKind::BadRequest).detail("The request target must be a path"));
        }
        request_validation::check_host(request.headers(), &self.rules.hosts)
    }

    /// Returns the address that a request with these headers comes from.
    pub fn client(&self, headers: &HeaderMap) -> Peer {
        Peer(self.rules.proxies.client(self.peer, headers))
    }
}

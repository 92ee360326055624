//! What is known about a connection before its first request.

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

/// A connection of one listener, with the rules that hold there.
#[derive(Debug, Clone)]
pub struct Connection {
    pub(crate) peer: IpAddr,
    pub(crate) is_tls: bool,
    pub(crate) rules: Arc<Rules>,
    /// Cancelled when the listener stops: nothing is held back any more.
    pub(crate) stopping: CancellationToken,
}

/// The rules of a listener that a request meets.
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
    /// A connection from an address to a listener without configuration, for the tests of routers.
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

    /// Refuses a request that does not name exactly one host of ours, or names another in its target. [`crate::Edge`] does it
    /// itself; this is for protocols of their own.
    ///
    /// # Errors
    /// The problem 400 or 421.
    pub fn check_host<B>(&self, request: &Request<B>) -> Result<(), Problem> {
        if request.uri().authority().is_some() {
            return Err(Problem::new(ProblemKind::BadRequest).detail("The request target must be a path"));
        }
        request_validation::check_host(request.headers(), &self.rules.hosts)
    }

    /// Where a request with these headers comes from.
    pub fn client(&self, headers: &HeaderMap) -> Peer {
        Peer(self.rules.proxies.client(self.peer, headers))
    }
}

//! The accept loop: hyper's HTTP/1.1 connections under limits, with a graceful shutdown.
//!
//! `axum::serve` has no header timeout and speaks HTTP/2 to any client that requests it. This loop has a
//! timeout and speaks HTTP/1.1 only. It limits the cost of a connection before a request exists; `edge`
//! decides what a request may look like.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bionicpro_model::{Error, Kind, Result};
use http::{HeaderValue, header};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::connection::Rules;
use crate::heads::Heads;
use crate::hosts::Hosts;
use crate::peer::Peer;
use crate::per_address::PerAddressLimit;
use crate::proxies::Proxies;
use crate::tls::{Tls, TlsConfig};
use crate::turns::{Turn, Turns};
use crate::write_timeout::WriteTimeout;
use crate::{Connection, Edge, Limits, metrics};

/// Header lines that are read at all; [`Edge`] rejects far fewer.
const HEADER_LINES_READ: usize = 128;
/// The highest limit on open files that the process sets; it does not need more.
const MOST_OPEN_FILES: u64 = 65_536;
/// Pause after a failed accept (out of file descriptors), so that the loop does not spin.
const PAUSE_AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

/// The address to listen on and its rules.
#[derive(Debug, Clone)]
pub struct Listen {
    /// The listener's section of the configuration, as `api`. Also its name in metrics.
    pub section: &'static str,
    /// The key of the address in that section, as `listen`.
    pub key: &'static str,
    /// The command-line flag that overrides the address, for messages.
    pub flag: &'static str,
    /// The address. Port 0 takes a free port.
    pub address: SocketAddr,
    /// The limits on clients.
    pub limits: Limits,
    /// The hosts that requests may name, as `name` or `name:port`. Empty means the loopback names and the
    /// address.
    pub hosts: Vec<String>,
    /// The key of the hosts in that section, for messages.
    pub hosts_key: &'static str,
    /// Addresses or networks of our own proxies, whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<String>,
    /// The certificate. Plain HTTP without one.
    pub tls: TlsConfig,
}

impl Listen {
    /// Creates a listener configuration with default limits and hosts, without proxies and TLS.
    pub fn new(section: &'static str, key: &'static str, flag: &'static str, address: SocketAddr) -> Self {
        Listen {
            section,
            key,
            flag,
            address,
            limits: Limits::default(),
            hosts: Vec::new(),
            hosts_key: "hosts",
            trusted_proxies: Vec::new(),
            tls: TlsConfig::default(),
        }
    }

    /// Checks the lists of hosts and proxies without listening, for `doctor`.
    ///
    /// # Errors
    /// `Config` if an entry is not a host or not a proxy.
    pub fn check(&self) -> Result<()> {
        self.lists(self.address).map(|_| ())
    }

    /// Returns true if it listens on all interfaces but has no hosts configured, so that other machines
    /// cannot reach it by any name.
    pub fn answers_nobody_else(&self) -> bool {
        self.address.ip().is_unspecified() && self.hosts.is_empty()
    }

    /// Parses the hosts and proxies, once the bound address is known.
    fn lists(&self, bound: SocketAddr) -> Result<(Hosts, Proxies)> {
        let wrong = |key: &str, text: String, hint: &'static str| {
            Error::new(Kind::Config, "a list in the configuration has an invalid entry")
                .detail(format!("{}.{key} holds {text:?}", self.section))
                .hint(hint)
        };
        let proxies = Proxies::new(&self.trusted_proxies).map_err(|text| {
            wrong("trusted_proxies", text, "list addresses or networks, as 10.0.0.7 or 10.0.0.0/8")
        })?;
        let hosts = Hosts::new(&self.hosts, bound).map_err(|text| {
            wrong(
                self.hosts_key,
                text,
                "list host names as clients send them, as reports.example.com or 10.0.0.7:8001",
            )
        })?;
        Ok((hosts, proxies))
    }
}

/// Raises this process's soft limit on open files to the hard limit, at most to `MOST_OPEN_FILES`, because
/// the default soft limit is below what its connections need.
fn allow_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(MOST_OPEN_FILES).min(MOST_OPEN_FILES);
    if limit.current.is_some_and(|current| current < most) {
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(most), ..limit });
        if let Err(error) = raised {
            tracing::warn!(%error, "cannot raise the limit on open files of this process");
        }
    }
}

/// A bound address that does not serve requests yet.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
    rules: Arc<Rules>,
}

impl Listener {
    /// Binds the address and reads the certificate.
    ///
    /// # Errors
    /// `Config` if the address is in use or does not belong to this machine, or if a host, a proxy or the
    /// certificate is invalid.
    pub async fn bind(listen: Listen) -> Result<Self> {
        let Listen { section, key, flag, address, limits, .. } = listen;
        let refused = |error: std::io::Error| {
            Error::new(Kind::Config, "cannot listen on an address")
                .detail(format!("{section}.{key} is {address}"))
                .hint(format!(
                    "free the port or choose another with {flag} or {section}.{key}; port 0 takes a free one"
                ))
                .source(error)
        };
        let tcp = TcpListener::bind(address).await.map_err(refused)?;
        let bound = tcp.local_addr().map_err(refused)?;
        let (hosts, proxies) = listen.lists(bound)?;
        if listen.answers_nobody_else() {
            tracing::warn!(
                listener = section,
                key = listen.hosts_key,
                "the listener accepts loopback host names only: list its host names under this key"
            );
        }
        let tls = Tls::new(section, &listen.tls, &hosts)?;
        allow_open_files();
        let rules = Arc::new(Rules::new(section, hosts, proxies, limits));
        Ok(Listener { tcp, address: bound, tls, rules })
    }

    /// Returns the bound address.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Returns true if it speaks TLS.
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Serves requests with the edge until `shutdown` completes, and ends as [`Listener::serve_with`] does.
    pub async fn serve(self, edge: Edge, shutdown: impl Future<Output = ()>) {
        self.serve_with(
            move |connection, request| {
                let edge = edge.clone();
                async move { edge.answer(&connection, request).await }
            },
            shutdown,
        )
        .await;
    }

    /// Accepts connections and serves their requests until `shutdown` completes. For protocols that do not
    /// use [`Edge`].
    ///
    /// Shutdown has two stages. First, no further connection is accepted, idle ones are closed, and in-flight
    /// requests get the shutdown timeout to finish. Second, the remaining ones are aborted. When this
    /// returns, no task of this loop is left.
    pub async fn serve_with<A, F, B>(self, answer: A, shutdown: impl Future<Output = ()>)
    where
        A: Fn(Connection, Request<Incoming>) -> F + Clone + Send + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let Rules { section, limits, .. } = *self.rules;
        let turns = Turns::new(section, limits.connections);
        let places = PerAddressLimit::new(limits.connections_per_address);
        let (graceful, stopping) = (GracefulShutdown::new(), CancellationToken::new());
        let mut connections = JoinSet::new();
        let mut watching = JoinSet::new();
        if let Some(tls) = &self.tls {
            watching.spawn(tls.watch());
        }
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let (stream, peer) = tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(_) = connections.join_next() => continue,
                accepted = self.tcp.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(PAUSE_AFTER_ACCEPT_ERROR).await;
                        continue;
                    }
                },
            };
            let is_proxy = self.rules.proxies.trust(peer.ip());
            let place = places.take(Peer(peer.ip()).place());
            if place.is_none() && !is_proxy {
                metrics::count_refused(section, "address");
                continue;
            }
            let turn = tokio::select! {
                biased;
                () = &mut shutdown => break,
                turn = turns.take() => turn,
            };
            let connection = Connection {
                peer: peer.ip(),
                is_tls: self.tls.is_some(),
                rules: Arc::clone(&self.rules),
                stopping: stopping.clone(),
            };
            let acceptor = self.tls.as_ref().map(|tls| tls.acceptor.clone());
            let (watcher, answer, stopping) = (graceful.watcher(), answer.clone(), stopping.clone());
            connections.spawn(async move {
                let _open = metrics::OpenConnection::new(section);
                // Small responses should be sent immediately; a socket that rejects the option still works.
                let _ = stream.set_nodelay(true);
                let stream = WriteTimeout::new(stream, section, limits.write_timeout);
                let conversation = {
                    let turn = Arc::clone(&turn);
                    async move {
                        let Some(acceptor) = acceptor else {
                            return converse(stream, connection, turn, answer, watcher).await;
                        };
                        match stopping.run_until_cancelled(acceptor.accept(stream)).await {
                            Some(Ok(stream)) => converse(stream, connection, turn, answer, watcher).await,
                            // The client speaks another protocol (plain HTTP, for one) or TLS version, or
                            // names a host that is not ours.
                            Some(Err(_)) => metrics::count_refused(section, "tls"),
                            None => {}
                        }
                    }
                };
                tokio::select! {
                    biased;
                    () = turn.lost(limits.first_header_timeout.min(limits.header_timeout)) => {}
                    () = conversation => {}
                }
                drop(place);
            });
        }
        drop(self.tcp);
        stopping.cancel();
        if tokio::time::timeout(limits.shutdown_timeout, graceful.shutdown()).await.is_err() {
            tracing::warn!(connections = connections.len(), "in-flight requests were aborted at shutdown");
        }
        connections.shutdown().await;
    }
}

/// Serves the requests of one connection until it ends.
async fn converse<S, A, F, B>(stream: S, connection: Connection, turn: Arc<Turn>, answer: A, watcher: Watcher)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    A: Fn(Connection, Request<Incoming>) -> F + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let limits = connection.rules.limits;
    let stream = Heads::new(stream, Arc::clone(&turn));
    let service = service_fn(move |request: Request<Incoming>| {
        let length = request.body().size_hint().exact();
        // If the length is unknown, everything that follows is the body and no further request is read.
        let begun = turn.begin(length.unwrap_or(u64::MAX));
        let begun = begun.map(|serving| (serving, answer(connection.clone(), request)));
        async move {
            let Some((serving, response)) = begun else { return std::future::pending().await };
            let mut response = response.await;
            if length.is_none() {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            // The request counts as served until hyper has the whole response and drops it.
            Ok::<_, Infallible>(response.map(|body| {
                body.map_err(move |error| {
                    let _ = &serving;
                    error
                })
            }))
        }
    });
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(HEADER_LINES_READ)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes)
        .serve_connection(TokioIo::new(stream), service);
    // No warning for a client that breaks the protocol or disconnects; hyper has already responded where it
    // could.
    if let Err(error) = watcher.watch(conversation).await {
        tracing::debug!(%error, "connection closed");
    }
}

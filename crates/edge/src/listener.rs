//! The accept loop: hyper's HTTP/1.1 connections under limits, and an orderly end.
//!
//! `axum::serve` has no header timeout and speaks HTTP/2 to whoever asks; this loop does neither. It limits what
//! a connection may cost before a request exists; what a request may look like is decided in `edge`.

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

/// Header lines that are read at all; [`Edge`] refuses far fewer.
const HEADER_LINES_READ: usize = 128;
/// Files that a process is allowed to have open at most: it has no use for more.
const MOST_OPEN_FILES: u64 = 65_536;
/// Rest after a failed accept (out of file descriptors), so that the loop does not spin.
const PAUSE_AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

/// What to listen on, and under which rules.
#[derive(Debug, Clone)]
pub struct Listen {
    /// The section of the configuration that the listener belongs to, as `api`; also its name in metrics.
    pub section: &'static str,
    /// The key in that section that holds the address, as `listen`.
    pub key: &'static str,
    /// The flag that changes the address, for messages.
    pub flag: &'static str,
    /// The address; port 0 takes a free one.
    pub address: SocketAddr,
    /// What clients may take.
    pub limits: Limits,
    /// The hosts that requests may name, as `name` or `name:port`; none means the loopback names and the address.
    pub hosts: Vec<String>,
    /// The key in that section that holds the hosts, for messages.
    pub hosts_key: &'static str,
    /// Addresses or networks of our own proxies, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<String>,
    /// The certificate; none means plain HTTP.
    pub tls: TlsConfig,
}

impl Listen {
    /// An address with the default limits, hosts, no proxies and no TLS.
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

    /// Reads the lists of hosts and proxies, without listening. For `doctor`.
    ///
    /// # Errors
    /// `Config` when a host or a proxy is none.
    pub fn check(&self) -> Result<()> {
        self.lists(self.address).map(|_| ())
    }

    /// Whether it listens for other machines and answers under none of its names.
    pub fn answers_nobody_else(&self) -> bool {
        self.address.ip().is_unspecified() && self.hosts.is_empty()
    }

    /// The hosts and proxies, once it is known which address is listened on.
    fn lists(&self, bound: SocketAddr) -> Result<(Hosts, Proxies)> {
        let wrong = |key: &str, text: String, hint: &'static str| {
            Error::new(Kind::Config, "an entry of a list in the configuration is wrong")
                .detail(format!("{}.{key} holds {text:?}", self.section))
                .hint(hint)
        };
        let proxies = Proxies::new(&self.trusted_proxies).map_err(|text| {
            wrong("trusted_proxies", text, "write addresses or networks, as 10.0.0.7 or 10.0.0.0/8")
        })?;
        let hosts = Hosts::new(&self.hosts, bound).map_err(|text| {
            wrong(
                self.hosts_key,
                text,
                "write host names as clients send them, as reports.example.com or 10.0.0.7:8001",
            )
        })?;
        Ok((hosts, proxies))
    }
}

/// Lets this process open as many files as it may: fewer than its connections need are allowed until it asks.
fn allow_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(MOST_OPEN_FILES).min(MOST_OPEN_FILES);
    if limit.current.is_some_and(|current| current < most) {
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(most), ..limit });
        if let Err(error) = raised {
            tracing::warn!(%error, "the number of files that this process may open stays as it is");
        }
    }
}

/// An address that is bound and not yet answering.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
    rules: Arc<Rules>,
}

impl Listener {
    /// Takes the address and reads the certificate.
    ///
    /// # Errors
    /// `Config` when the address is taken or not this machine's, or a host, a proxy or the certificate is none.
    pub async fn bind(listen: Listen) -> Result<Self> {
        let Listen { section, key, flag, address, limits, .. } = listen;
        let refused = |error: std::io::Error| {
            Error::new(Kind::Config, "an address cannot be listened on")
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
                "it answers under loopback names only: list its names in this key"
            );
        }
        let tls = Tls::new(section, &listen.tls, &hosts)?;
        allow_open_files();
        let rules = Arc::new(Rules::new(section, hosts, proxies, limits));
        Ok(Listener { tcp, address: bound, tls, rules })
    }

    /// Where it answers.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Whether it speaks TLS.
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Answers with the edge until `shutdown` completes, and ends as [`Listener::serve_with`].
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

    /// Accepts connections and answers their requests until `shutdown` completes. For protocols that are not for [`Edge`].
    ///
    /// Then, first stage, no connection is accepted any more, idle ones are closed, and requests in flight get the
    /// shutdown timeout to finish; second stage, the rest is cut. A return promises that no task of this loop is left.
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
                        tracing::warn!(%error, "a connection could not be accepted");
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
                // Small answers should leave at once; a socket that refuses the option works all the same.
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
                            // Another protocol (plain HTTP, for one), version or name than ours.
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
            tracing::warn!(connections = connections.len(), "requests in flight were cut at shutdown");
        }
        connections.shutdown().await;
    }
}

/// Answers the requests of one connection until it ends.
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
        // Where the end is not known, all that follows is the body, and no further request.
        let begun = turn.begin(length.unwrap_or(u64::MAX));
        let begun = begun.map(|serving| (serving, answer(connection.clone(), request)));
        async move {
            let Some((serving, response)) = begun else { return std::future::pending().await };
            let mut response = response.await;
            if length.is_none() {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            // Served until hyper has the whole answer and drops it.
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
    // A client that breaks the protocol or hangs up is its own affair; hyper has answered what it could.
    if let Err(error) = watcher.watch(conversation).await {
        tracing::debug!(%error, "connection closed");
    }
}

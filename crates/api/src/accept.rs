//! The accept loop: hyper's HTTP/1.1 connections under limits, and an orderly end.
//!
//! `axum::serve` has no header timeout and speaks HTTP/2 to whoever asks; this loop does neither. It limits what
//! a connection may cost before a request exists; what a request may look like is decided in `edge`.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::Config;
use crate::metrics::OpenConnection;

/// Bytes of request line and headers that are read at all. `edge` refuses far less, with a problem that says so;
/// what exceeds this too gets hyper's bare 431.
const HEADER_BYTES_READ: usize = 32 * 1024;
/// Header lines that are read at all, as [`HEADER_BYTES_READ`].
const HEADER_LINES_READ: usize = 128;
/// Rest after a failed accept (out of file descriptors), so that the loop does not spin.
const PAUSE_AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

/// What one connection, and all of them, may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    connections: usize,
    header_timeout: Duration,
    shutdown_timeout: Duration,
}

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        Limits {
            connections: usize::try_from(config.max_connections).unwrap_or(Semaphore::MAX_PERMITS),
            header_timeout: config.header_timeout(),
            shutdown_timeout: config.shutdown_timeout(),
        }
    }
}

/// Accepts connections and answers their requests until `shutdown` completes.
///
/// Then no connection is accepted any more, requests in flight get the shutdown timeout to finish, and the rest
/// is cut. A success promises that no task of this loop is left.
pub(crate) async fn serve<A, F>(
    listener: TcpListener,
    limits: Limits,
    answer: A,
    shutdown: impl Future<Output = ()>,
) where
    A: Fn(SocketAddr, Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let free = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = async {
            let permit = Arc::clone(&free).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, stream, peer) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            (permit, accepted) = accepted => match accepted {
                Ok((stream, peer)) => (permit, stream, peer),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE_AFTER_ACCEPT_ERROR).await;
                    continue;
                }
            },
        };
        let connection = graceful.watch(connection(limits, stream, peer, answer.clone()));
        connections.spawn(async move {
            let _open = OpenConnection::new();
            // A client that breaks the protocol or hangs up is its own affair; hyper has answered what it could.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection closed");
            }
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.shutdown_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests in flight were cut at shutdown");
    }
    connections.shutdown().await;
}

fn connection<A, F>(
    limits: Limits,
    stream: TcpStream,
    peer: SocketAddr,
    answer: A,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error>
where
    A: Fn(SocketAddr, Request<Incoming>) -> F + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    // Small answers should leave at once; a socket that refuses the option works all the same.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let response = answer(peer, request);
        async move { Ok::<_, Infallible>(response.await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(HEADER_LINES_READ)
        .max_header_size(HEADER_BYTES_READ)
        .max_buf_size(HEADER_BYTES_READ)
        .serve_connection(TokioIo::new(stream), service)
}

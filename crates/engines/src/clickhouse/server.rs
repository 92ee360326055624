//! The HTTP server: accepts connections, knows the paths, stops in order.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bionicpro_model::{Error, Kind, Result};
use http::{Method, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;

use super::body::{self, ResponseBody};
use super::handler::Handler;

/// How long a client may take to send its headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest head of a request; URLs hold whole statements.
const MAX_HEAD_BYTES: usize = 1 << 20;
/// How long running statements may go on after a request to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Binds the address, naming the flag that changes it when it is taken.
pub(super) async fn bind(listen: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(listen).await.map_err(|error| {
        Error::new(Kind::Config, "the warehouse's address cannot be used")
            .detail(listen.to_string())
            .hint("choose another with --listen or engines.warehouse.listen; port 0 takes a free one")
            .source(error)
    })
}

/// Serves until `shutdown` ends, then lets running statements finish for a few seconds.
pub(super) async fn serve(listener: TcpListener, handler: Arc<Handler>, shutdown: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let socket = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => socket,
                Err(error) => {
                    // Out of file descriptors, for one: the next try may succeed.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let _ = socket.set_nodelay(true);
        let handler = Arc::clone(&handler);
        let service = service_fn(move |request| {
            let handler = Arc::clone(&handler);
            async move { Ok::<_, Infallible>(route(&handler, request).await) }
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_buf_size(MAX_HEAD_BYTES);
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(socket), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("statements were still running when the warehouse stopped");
    }
}

async fn route(handler: &Arc<Handler>, request: http::Request<Incoming>) -> Response<ResponseBody> {
    let has_statement = |query: Option<&str>| query.is_some_and(|query| !query.is_empty());
    match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/ping" | "/replicas_status") => ok(),
        (&Method::GET | &Method::HEAD, "/") if !has_statement(request.uri().query()) => ok(),
        (&Method::GET | &Method::HEAD | &Method::POST | &Method::PUT, "/" | "/query") => {
            handler.handle(request).await
        }
        (&Method::OPTIONS, _) => status(StatusCode::NO_CONTENT, ""),
        (_, path) => {
            let path: String = path.chars().take(200).collect();
            status(
                StatusCode::NOT_FOUND,
                &format!(
                    "There is no handle {path}\n\nUse / or /ping for health checks.\nUse POST / with the statement as the body to run it.\n"
                ),
            )
        }
    }
}

fn ok() -> Response<ResponseBody> {
    let mut response = status(StatusCode::OK, "Ok.\n");
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/html; charset=UTF-8"));
    response
}

fn status(status: StatusCode, text: &str) -> Response<ResponseBody> {
    let mut response = Response::new(body::full(text.to_owned()));
    *response.status_mut() = status;
    response
}

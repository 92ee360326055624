//! The HTTP server: what a client of the warehouse may take, and the paths.
//!
//! The shared listener accepts; the rules that are for reports (small heads, no bodies, problems) are not for this
//! protocol, whose URLs hold statements and whose bodies hold rows.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bionicpro_edge::{Connection, Limits, Listen, Listener};
use bionicpro_model::Result;
use http::{Method, Response, StatusCode};
use hyper::body::Incoming;

use super::body::{self, ResponseBody};
use super::handler::Handler;

/// What clients may take: heads that hold whole statements, and time to work on what they read of a long result.
const LIMITS: Limits = Limits {
    connections: 1024,
    connections_per_address: 1024,
    // Of requests that pass the edge; here the handler refuses.
    refusals_per_minute: u32::MAX,
    refusal_delay: Duration::ZERO,
    first_header_timeout: Duration::from_secs(5),
    header_timeout: Duration::from_secs(30),
    body_timeout: Duration::MAX,
    write_timeout: Duration::from_secs(300),
    // How long running statements may go on after a request to stop.
    shutdown_timeout: Duration::from_secs(5),
    head_bytes: 1 << 20,
    target_bytes: 1 << 20,
};

/// Binds the address, naming the flag that changes it when it is taken.
pub(super) async fn bind(address: SocketAddr, hosts: &[String]) -> Result<Listener> {
    let listen = Listen::new("engines.warehouse", "listen", "--listen", address);
    Listener::bind(Listen { limits: LIMITS, hosts: hosts.to_vec(), ..listen }).await
}

/// Serves until `shutdown` ends, then lets running statements finish for a few seconds.
pub(super) async fn serve(listener: Listener, handler: Arc<Handler>, shutdown: impl Future<Output = ()>) {
    let answer = move |connection: Connection, request: http::Request<Incoming>| {
        let handler = Arc::clone(&handler);
        async move {
            match connection.check_host(&request) {
                Ok(()) => route(&handler, request).await,
                Err(problem) => status(
                    problem.slug().status(),
                    "The request must name one host of this warehouse; engines.warehouse.hosts lists them.\n",
                ),
            }
        }
    };
    listener.serve_with(answer, shutdown).await;
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

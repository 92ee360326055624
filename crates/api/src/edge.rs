//! The outermost layer: every request enters here and every answer leaves here.
//!
//! It names the request, refuses shapes that no endpoint could mean, limits its time, catches a panic, writes
//! errors as problems, and adds the headers that every answer has. One log line and one metric an answer.

mod shape;

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::MatchedPath;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use tower::ServiceExt;
use tracing::Instrument;
use uuid::Uuid;

use crate::metrics;
use crate::problem::{Problem, Slug};
use crate::wearer::Peer;

/// The header that names the request in the service's log. One that a client sends is ignored.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Where no route matched; the path as it was sent is the caller's text and not for a log or a label.
const UNMATCHED: &str = "unmatched";
/// Seconds after which a caller may try again when the deadline has passed.
const RETRY_AFTER_DEADLINE_S: u64 = 5;

/// An answer of an endpoint that is final although its status is an error (readiness has a body of its own).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Final;

/// Answers requests with the router, under the rules above.
#[derive(Clone)]
pub(crate) struct Edge {
    router: Router,
    deadline: Duration,
}

impl Edge {
    pub(crate) fn new(router: Router, deadline: Duration) -> Self {
        Edge { router: router.layer(axum::middleware::map_response(note_route_of)), deadline }
    }

    /// Answers one request. Never fails and never panics.
    pub(crate) async fn answer<B: hyper::body::Body>(
        self,
        peer: SocketAddr,
        request: Request<B>,
    ) -> Response {
        let started = Instant::now();
        let request_id = Uuid::now_v7().to_string();
        let span = tracing::info_span!("request", request_id);
        let method = method_label(request.method());
        async move {
            let response = match shape::check(&request) {
                Ok(()) => self.route(peer, request).await,
                Err(problem) => close_after(problem.into_response()),
            };
            let response = finish(response, &request_id);
            record(&response, method, started.elapsed());
            response
        }
        .instrument(span)
        .await
    }

    async fn route<B>(self, peer: SocketAddr, request: Request<B>) -> Response {
        let (mut parts, _) = request.into_parts();
        parts.extensions.insert(Peer(peer));
        let routed = self.router.oneshot(Request::from_parts(parts, Body::empty()));
        match tokio::time::timeout(self.deadline, AssertUnwindSafe(routed).catch_unwind()).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Err(_panic)) => {
                tracing::error!("a handler panicked");
                close_after(Problem::new(Slug::Internal).reason("panic").into_response())
            }
            Err(_elapsed) => {
                let problem = Problem::new(Slug::Unavailable).retry_after(RETRY_AFTER_DEADLINE_S);
                problem.reason("deadline").into_response()
            }
        }
    }
}

/// The template of the route that answered, for the log and the metrics.
#[derive(Debug, Clone)]
struct RouteOf(String);

async fn note_route_of(path: Option<MatchedPath>, mut response: Response) -> Response {
    if let Some(path) = path {
        response.extensions_mut().insert(RouteOf(path.as_str().to_owned()));
    }
    response
}

/// Writes the problem's body, if the response is an error, and the headers that every answer has.
fn finish(mut response: Response, request_id: &str) -> Response {
    let status = response.status();
    if (status.is_client_error() || status.is_server_error())
        && response.extensions().get::<Final>().is_none()
    {
        let problem =
            response.extensions_mut().remove().unwrap_or_else(|| Problem::new(Slug::of_status(status)));
        let mut rendered = problem.clone().render(request_id);
        for name in [header::ALLOW, header::CONNECTION] {
            if let Some(value) = response.headers_mut().remove(&name) {
                rendered.headers_mut().insert(name, value);
            }
        }
        *rendered.extensions_mut() = std::mem::take(response.extensions_mut());
        rendered.extensions_mut().insert(problem);
        response = rendered;
    }
    add_headers(response.headers_mut(), request_id);
    response
}

fn add_headers(headers: &mut HeaderMap, request_id: &str) {
    // A UUID is always a header value.
    headers.extend(HeaderValue::from_str(request_id).map(|id| (REQUEST_ID, id)));
    // Health data must not stay in any cache, and nothing here is a page of somebody else's.
    let always = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in always {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
}

/// A client that breaks the protocol gets its answer and no second request on the same connection.
fn close_after(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The one log line. No path, query, address, header or name of the caller is in it.
fn record(response: &Response, method: &'static str, took: Duration) {
    let route = response.extensions().get().map_or(UNMATCHED, |RouteOf(route)| route.as_str()).to_owned();
    let status = response.status().as_u16();
    let problem = response.extensions().get::<Problem>();
    tracing::info!(
        method,
        route,
        status,
        duration_ms = took.as_secs_f64() * 1e3,
        problem = problem.map(|problem| problem.slug.as_str()),
        reason = problem.and_then(|problem| problem.reason),
        "answered"
    );
    metrics::count_request(route, method, status, took.as_secs_f64());
}

/// A method as a word of a fixed set: a client may invent any.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests;

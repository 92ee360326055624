//! The outermost layer, which every request enters and every response leaves.
//!
//! It assigns the request id, rejects requests that no endpoint could mean, enforces the deadline, catches
//! panics, renders errors as problems, and adds the headers common to all responses. It writes one log line
//! and one metric sample per response.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::MatchedPath;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use tower::ServiceExt;
use tracing::Instrument;
use uuid::Uuid;

use crate::body::{RequestBody, Verdict};
use crate::peer::{Peer, RequestId};
use crate::problem::{DefaultDetails, Problem, ProblemKind};
use crate::refusals::{Refusal, is_refusal};
use crate::{Connection, metrics, request_validation};

/// The header with the request's id in the service's log. One sent by a client is ignored.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The route label if no route matched. The path as sent is caller text and must not reach a log or a label.
const UNMATCHED: &str = "unmatched";
/// `Retry-After` in seconds when the deadline has passed.
const RETRY_AFTER_DEADLINE_S: u64 = 5;

/// `Retry-After` in seconds when too many credentials from the caller's address were refused.
const RETRY_AFTER_REFUSALS_S: u64 = 5;

/// One year, the minimum that browsers require before they add a host to their preload list.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

/// A response extension that marks the response as final although its status is an error: readiness has a
/// body of its own, and a proxy passes on another service's problem.
#[derive(Debug, Clone, Copy)]
pub struct Final;

/// The settings that differ between services.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The time after which a request without a response gets 503.
    pub deadline: Duration,
    /// The largest request body in bytes; 0 if no endpoint reads one.
    pub body_bytes: u64,
    /// The methods that the service allows at any path. `None` if the router itself rejects other methods.
    pub methods: Option<&'static [Method]>,
    /// The service's detail texts for problems without one.
    pub texts: DefaultDetails,
}

/// Serves requests with the router under the rules above.
///
/// Endpoints find [`crate::Peer`] and [`crate::RequestId`] in the request's extensions. Headers that an
/// endpoint sets are kept, except `X-Request-Id` and `X-Content-Type-Options`.
#[derive(Clone)]
pub struct Edge {
    router: Router,
    options: Options,
}

impl Edge {
    /// Creates an edge in front of a router whose state is complete.
    pub fn new(router: Router, options: Options) -> Self {
        Edge { router: router.layer(axum::middleware::map_response(note_route_of)), options }
    }

    /// Handles one request. Never fails and never panics.
    pub async fn answer<B>(self, connection: &Connection, request: Request<B>) -> Response
    where
        B: hyper::body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let started = Instant::now();
        let request_id = RequestId(Arc::from(Uuid::now_v7().to_string()));
        let span = tracing::info_span!("request", request_id = request_id.as_str());
        let (method, texts) = (method_label(request.method()), self.options.texts);
        let peer = connection.client(request.headers());
        async move {
            let response = match self.check(connection, &request) {
                Ok(()) => self.route(connection, peer, request_id.clone(), request).await,
                Err(response) => response,
            };
            let (response, late) = match is_refusal(&response) {
                true => match connection.rules.refusals.refuse(peer.place(), Instant::now()) {
                    Refusal::Immediate => (response, None),
                    Refusal::Delayed(late) => (response, Some(late)),
                    Refusal::Overloaded => (too_many_refusals(), None),
                },
                false => (response, None),
            };
            let mut response = finish(response, request_id.as_str(), &texts);
            if connection.is_tls {
                response.headers_mut().entry(header::STRICT_TRANSPORT_SECURITY).or_insert(HSTS);
            }
            record(connection.rules.section, &response, method, started.elapsed());
            if let Some(late) = late {
                late.wait(&connection.stopping).await;
            }
            response
        }
        .instrument(span)
        .await
    }

    #[expect(clippy::result_large_err, reason = "the refusal is the answer")]
    fn check<B: hyper::body::Body>(
        &self,
        connection: &Connection,
        request: &Request<B>,
    ) -> Result<(), Response> {
        request_validation::check(connection, request, self.options.body_bytes)
            .map_err(|problem| close_after(problem.into_response()))?;
        match self.options.methods {
            Some(methods) if !methods.contains(request.method()) => {
                let mut refusal = Problem::new(ProblemKind::MethodNotAllowed).into_response();
                let allowed: Vec<_> = methods.iter().map(Method::as_str).collect();
                refusal
                    .headers_mut()
                    .extend(HeaderValue::try_from(allowed.join(",")).map(|value| (header::ALLOW, value)));
                Err(refusal)
            }
            _ => Ok(()),
        }
    }

    async fn route<B>(
        self,
        connection: &Connection,
        peer: Peer,
        request_id: RequestId,
        request: Request<B>,
    ) -> Response
    where
        B: hyper::body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let Options { deadline, body_bytes, .. } = self.options;
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(peer);
        parts.extensions.insert(request_id);
        let verdict = Verdict::default();
        let body = match body.is_end_stream() {
            true => Body::empty(),
            false => {
                let timeout = connection.rules.limits.body_timeout;
                Body::new(RequestBody::new(body, body_bytes, timeout, verdict.clone()))
            }
        };
        let routed = self.router.oneshot(Request::from_parts(parts, body));
        let response = match tokio::time::timeout(deadline, AssertUnwindSafe(routed).catch_unwind()).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Err(_panic)) => {
                tracing::error!("a handler panicked");
                close_after(Problem::new(ProblemKind::Internal).reason("panic").into_response())
            }
            Err(_elapsed) => {
                let problem = Problem::new(ProblemKind::Unavailable).retry_after(RETRY_AFTER_DEADLINE_S);
                problem.reason("deadline").into_response()
            }
        };
        match verdict.problem(body_bytes) {
            Some(problem) if is_error(&response) => close_after(problem.into_response()),
            _ => response,
        }
    }
}

fn is_error(response: &Response) -> bool {
    response.status().is_client_error() || response.status().is_server_error()
}

/// The template of the matched route, for the log and the metrics.
#[derive(Debug, Clone)]
struct RouteOf(String);

async fn note_route_of(path: Option<MatchedPath>, mut response: Response) -> Response {
    if let Some(path) = path {
        response.extensions_mut().insert(RouteOf(path.as_str().to_owned()));
    }
    response
}

/// Writes the problem's body if the response is an error, and the headers common to all responses.
fn finish(mut response: Response, request_id: &str, texts: &DefaultDetails) -> Response {
    let status = response.status();
    if is_error(&response) && response.extensions().get::<Final>().is_none() {
        let problem = response
            .extensions_mut()
            .remove()
            .unwrap_or_else(|| Problem::new(ProblemKind::of_status(status)));
        let mut rendered = problem.clone().render(request_id, texts);
        // Headers that describe the replaced body are dropped; the endpoint's other headers (connection,
        // cookies, authorization) are kept.
        for (name, value) in response.headers() {
            if ![header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING].contains(name) {
                rendered.headers_mut().append(name, value.clone());
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
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Health data must not be cached anywhere, and no other site may embed anything served here.
    let unless_set = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    for (name, value) in unless_set {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// The response to a refused credential when so many refusals are delayed already that this one cannot be.
fn too_many_refusals() -> Response {
    let problem = Problem::new(ProblemKind::TooManyRequests)
        .detail("Too many requests without a valid token in a short time; wait as long as the header Retry-After says")
        .retry_after(RETRY_AFTER_REFUSALS_S)
        .reason("address");
    close_after(problem.into_response())
}

/// Closes the connection after this response, so that a client that broke the protocol cannot send a second
/// request on it.
fn close_after(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Writes the request's log line and metric. They contain no path, query, address, header or name from the
/// caller.
fn record(section: &'static str, response: &Response, method: &'static str, took: Duration) {
    let route = response.extensions().get().map_or(UNMATCHED, |RouteOf(route)| route.as_str()).to_owned();
    let status = response.status().as_u16();
    let problem = response.extensions().get::<Problem>();
    tracing::info!(
        method,
        route,
        status,
        duration_ms = took.as_secs_f64() * 1e3,
        problem = problem.map(|problem| problem.kind().as_str()),
        reason = problem.and_then(Problem::why),
        "answered"
    );
    metrics::count_request(section, route, method, status, took.as_secs_f64());
}

/// Maps a method to a fixed set of labels, because clients may invent methods.
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

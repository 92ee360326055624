//! The outermost layer: every request enters here and every answer leaves here.
//!
//! It names the request, refuses shapes that no endpoint could mean, limits its time, catches a panic, writes
//! errors as problems, and adds the headers that every answer has. One log line and one metric an answer.

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

/// The header that names the request in the service's log. One that a client sends is ignored.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Where no route matched; the path as it was sent is the caller's text and not for a log or a label.
const UNMATCHED: &str = "unmatched";
/// Seconds after which a caller may try again when the deadline has passed.
const RETRY_AFTER_DEADLINE_S: u64 = 5;

/// Seconds after which a caller may try again where many credentials of their address were refused.
const RETRY_AFTER_REFUSALS_S: u64 = 5;

/// A year, as browsers ask for before they list a name.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

/// A response extension: the answer is final although its status is an error (readiness has a body of its own, a proxy
/// passes another service's problem on).
#[derive(Debug, Clone, Copy)]
pub struct Final;

/// What is different from one service to another.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// After which a request that has no answer yet gets 503.
    pub deadline: Duration,
    /// Bytes that a request's body may have; 0 where no endpoint reads one.
    pub body_bytes: u64,
    /// The methods that any address answers, where the router does not refuse others itself; none means that it does.
    pub methods: Option<&'static [Method]>,
    /// What the service says where a problem says nothing more precise.
    pub texts: DefaultDetails,
}

/// Answers requests with the router, under the rules above.
///
/// Endpoints find [`crate::Peer`] and [`crate::RequestId`] among a request's extensions. Headers that they set stay,
/// except `X-Request-Id` and `X-Content-Type-Options`.
#[derive(Clone)]
pub struct Edge {
    router: Router,
    options: Options,
}

impl Edge {
    /// An edge before the router, whose state is complete.
    pub fn new(router: Router, options: Options) -> Self {
        Edge { router: router.layer(axum::middleware::map_response(note_route_of)), options }
    }

    /// Answers one request. Never fails and never panics.
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
fn finish(mut response: Response, request_id: &str, texts: &DefaultDetails) -> Response {
    let status = response.status();
    if is_error(&response) && response.extensions().get::<Final>().is_none() {
        let problem = response
            .extensions_mut()
            .remove()
            .unwrap_or_else(|| Problem::new(ProblemKind::of_status(status)));
        let mut rendered = problem.clone().render(request_id, texts);
        // A body's own headers go with the body; what an endpoint says about the connection, cookies and rights stays.
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
    // Health data must not stay in any cache, and nothing here is a page of somebody else's.
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

/// What a refusal becomes where so many are held that it cannot be late.
fn too_many_refusals() -> Response {
    let problem = Problem::new(ProblemKind::TooManyRequests)
        .detail("Too many requests without a valid token in a short time; wait as long as the header Retry-After says")
        .retry_after(RETRY_AFTER_REFUSALS_S)
        .reason("address");
    close_after(problem.into_response())
}

/// A client that breaks the protocol gets its answer and no second request on the same connection.
fn close_after(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The one log line. No path, query, address, header or name of the caller is in it.
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

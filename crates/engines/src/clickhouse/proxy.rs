//! The proxy in front of the engine: forwards well-formed requests of the ClickHouse HTTP interface, and
//! streams both ways.
//!
//! Malformed HTTP headers end the engine. hyper has parsed the client's request, and a new one is written for
//! the engine: a method and a path of a short list, and the headers that the interface reads.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bionicpro_edge::Connection;
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{Either, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::Sleep;

use super::cancel::{Canceller, Killer};
use super::credentials;
use super::gate::{Gate, Turn};
use super::supervisor::Address;
use super::timed::Timed;

/// The idle timeout of a connection to the engine; shorter than the engine's, so that no half-closed one is
/// used.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// Loopback answers at once or not at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Headers of a request that the engine's interface reads, in addition to those that begin with
/// `x-clickhouse-`.
const PASSED_ON: [HeaderName; 8] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::AUTHORIZATION,
    header::CONTENT_ENCODING,
    header::CONTENT_TYPE,
    header::ORIGIN,
    header::REFERER,
    header::USER_AGENT,
];
const OF_THE_INTERFACE: &str = "x-clickhouse-";

/// Headers of one connection (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "proxy-authenticate",
];

/// A response's body: ours, or the engine's with the turn that it holds.
pub(super) type Answer = Either<Full<Bytes>, Held>;

/// The proxy. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Proxy {
    client: Client<HttpConnector, Timed>,
    killer: Killer,
    engine: Address,
    gate: Gate,
}

impl Proxy {
    pub(super) fn new(engine: Address, gate: Gate) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE_TIMEOUT);
        let (client, killer) = (builder.build(connector.clone()), builder.build(connector));
        Proxy { client, killer, engine, gate }
    }

    /// Answers one request.
    pub(super) async fn answer(self, connection: Connection, request: Request<Incoming>) -> Response<Answer> {
        if let Err(problem) = connection.check_host(&request) {
            return say(
                problem.kind().status(),
                "The request must name one host of this warehouse; engines.warehouse.hosts lists them.\n",
            );
        }
        let takes_turn = match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/ping" | "/replicas_status") => false,
            (&Method::GET | &Method::HEAD, "/") if request.uri().query().is_none() => false,
            (&Method::GET | &Method::HEAD | &Method::POST | &Method::PUT, "/" | "/query") => true,
            (&Method::OPTIONS, "/" | "/query") => return say(StatusCode::NO_CONTENT, ""),
            (_, "/" | "/query" | "/ping" | "/replicas_status") => {
                return say(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "Use GET, or POST with the statement as the body.\n",
                );
            }
            _ => {
                return say(
                    StatusCode::NOT_FOUND,
                    "There is no such path. Use /ping for health checks, and POST / with the statement as the body.\n",
                );
            }
        };
        if takes_turn && !credentials::are_given(&request) {
            return refuse(
                StatusCode::FORBIDDEN,
                "516",
                "Send an account's name and password: with basic authentication, in X-ClickHouse-User and \
                 X-ClickHouse-Key, or as the parameters user and password. (AUTHENTICATION_FAILED)",
            );
        }
        let (parts, body) = request.into_parts();
        let Ok(body) = Timed::begun(body).await else {
            return say(StatusCode::REQUEST_TIMEOUT, "The body of the request did not arrive in time.\n");
        };
        let request = Request::from_parts(parts, body);
        let turn = if takes_turn { Some(self.gate.enter().await) } else { None };
        match turn.transpose() {
            Ok(turn) => self.pass_on(request, turn).await,
            Err(text) => later("202", &format!("{text}. (TOO_MANY_SIMULTANEOUS_QUERIES)")),
        }
    }

    async fn pass_on(&self, request: Request<Timed>, turn: Option<Turn>) -> Response<Answer> {
        let (parts, mut body) = request.into_parts();
        if let Some(turn) = &turn {
            body.has_turn(turn.pauses());
        }
        let target = parts.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        let mut fields = fields(parts.headers);
        // Only a statement has a turn.
        let mut canceller =
            turn.is_some().then(|| Canceller::new(&self.killer, &self.engine, &target, &mut fields));
        let uri = Uri::builder()
            .scheme("http")
            .authority(self.engine.get().to_string())
            .path_and_query(target)
            .build();
        let Ok(uri) = uri else {
            return say(StatusCode::BAD_REQUEST, "The request target must be a path.\n");
        };
        // The engine refuses a POST that does not state that it is empty.
        if let Some(length) = body.size_hint().exact().filter(|_| parts.method != Method::GET) {
            fields.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        let mut onward = Request::new(body);
        *onward.method_mut() = parts.method;
        *onward.uri_mut() = uri;
        *onward.headers_mut() = fields;
        match self.client.request(onward).await {
            Ok(answer) => {
                let (mut parts, body) = answer.into_parts();
                if body.is_end_stream() {
                    disarm(&mut canceller);
                }
                for name in HOP_BY_HOP {
                    parts.headers.remove(name);
                }
                Response::from_parts(
                    parts,
                    Either::Right(Held { body, broken: None, canceller, _turn: turn }),
                )
            }
            Err(error) if error.is_connect() => {
                disarm(&mut canceller);
                later("210", "The engine is starting; try again. (NETWORK_ERROR)")
            }
            Err(error) => {
                disarm(&mut canceller);
                tracing::warn!(%error, "the engine cut off a request");
                refuse(
                    StatusCode::BAD_GATEWAY,
                    "210",
                    "The engine cut off the request; whether it was executed is not known. (NETWORK_ERROR)",
                )
            }
        }
    }
}

/// Returns the headers to forward: those that the engine reads and that have plain values.
fn fields(headers: HeaderMap) -> HeaderMap {
    let mut passed = HeaderMap::new();
    let mut last = None;
    for (name, value) in headers {
        // The iterator yields the name only with the first of several values.
        if name.is_some() {
            last = name;
        }
        let Some(name) = &last else { continue };
        let is_read = PASSED_ON.contains(name) || name.as_str().starts_with(OF_THE_INTERFACE);
        if is_read && is_plain(&value) {
            passed.append(name.clone(), value);
        }
    }
    passed
}

/// Returns true if the value is visible ASCII and spaces.
fn is_plain(value: &HeaderValue) -> bool {
    value.as_bytes().iter().all(|byte| (b' '..=b'~').contains(byte))
}

fn say(status: StatusCode, text: &str) -> Response<Answer> {
    let mut answer = Response::new(Either::Left(Full::from(text.to_owned())));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=UTF-8"));
    answer
}

/// A refusal in the format of the engine's own.
fn refuse(status: StatusCode, code: &'static str, text: &str) -> Response<Answer> {
    let mut answer = say(status, &format!("Code: {code}. DB::Exception: {text}\n"));
    answer.headers_mut().insert("x-clickhouse-exception-code", HeaderValue::from_static(code));
    answer
}

/// A temporary refusal, to be retried after a second.
fn later(code: &'static str, text: &str) -> Response<Answer> {
    let mut answer = refuse(StatusCode::SERVICE_UNAVAILABLE, code, text);
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    answer
}

fn disarm(canceller: &mut Option<Canceller>) {
    if let Some(canceller) = canceller {
        canceller.disarm();
    }
}

/// The delay before a response is cut off, so that the engine's exception reaches the client first.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// The engine's body, and the turn that ends with it.
#[derive(Debug)]
pub(super) struct Held {
    body: Incoming,
    /// The error with which the body ends, and the delay after which it is returned.
    broken: Option<(hyper::Error, Pin<Box<Sleep>>)>,
    canceller: Option<Canceller>,
    _turn: Option<Turn>,
}

impl Body for Held {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if let Some((error, mut told)) = self.broken.take() {
            if told.as_mut().poll(context).is_ready() {
                return Poll::Ready(Some(Err(error)));
            }
            self.broken = Some((error, told));
            return Poll::Pending;
        }
        let frame = Pin::new(&mut self.body).poll_frame(context);
        // The statement has ended. A body whose length is known may never be polled for its end.
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) || self.body.is_end_stream() {
            disarm(&mut self.canceller);
        }
        if let Poll::Ready(Some(Err(error))) = frame {
            self.broken = Some((error, Box::pin(tokio::time::sleep(LAST_WORDS))));
            return self.poll_frame(context);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.broken.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

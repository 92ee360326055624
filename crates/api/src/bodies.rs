//! Which requests may bring a body: one that writes. A body elsewhere is a mistake, or an attempt at one.

use axum::body::HttpBody;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, header};

use crate::problem::{Problem, ProblemKind};

/// The only address and method that read a body.
const WRITES: (&Method, &str) = (&Method::PUT, "/api/preferences");

/// The layer of every address, those that do not exist included.
pub(crate) async fn refuse(request: Request, next: Next) -> Response {
    if (request.method(), request.uri().path()) == WRITES || request.body().is_end_stream() {
        return next.run(request).await;
    }
    let problem =
        Problem::new(ProblemKind::BadRequest).detail("This address reads no request body; send none");
    let mut response = problem.into_response();
    // The body is not read: no second request can follow it.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

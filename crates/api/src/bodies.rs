//! Refuses request bodies except on the one endpoint that writes. A body elsewhere is a mistake or an attack.

use axum::body::HttpBody;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, header};

use crate::problem::{Problem, ProblemKind};

/// The only method and path that read a body.
const WRITES: (&Method, &str) = (&Method::PUT, "/api/preferences");

/// Middleware of every path, including those that do not exist.
pub(crate) async fn refuse(request: Request, next: Next) -> Response {
    if (request.method(), request.uri().path()) == WRITES || request.body().is_end_stream() {
        return next.run(request).await;
    }
    let problem =
        Problem::new(ProblemKind::BadRequest).detail("This address reads no request body; send none");
    let mut response = problem.into_response();
    // The body is left unread, so no second request may follow on this connection.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

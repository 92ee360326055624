//! `/api`: passes on what the web app may ask of the Reports API, with the session's token in the place of the cookie.
//!
//! Only what the table allows is passed on, and what is passed on is written anew: of the request its path, query, body
//! and a few headers, of the answer its status, body and a few headers.

mod headers;
pub(crate) mod table;
mod upstream;

pub(crate) use headers::of_request as headers_to_api;
pub(crate) use upstream::Upstream;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use bionicpro_edge::{Peer, Problem, ProblemKind, RequestId};

use crate::errors;
use crate::guard::OwnPage;
use crate::session::refresh::with_fresh_token;
use crate::signed_in::SignedIn;
use crate::state::AppState;

/// Longest body of a request.
const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// A route for each row of the table; other methods get 405, other paths 404.
pub(crate) fn routes() -> Router<AppState> {
    table::routes(forward)
}

async fn forward(
    State(bff): State<AppState>,
    _: OwnPage,
    mut signed_in: SignedIn,
    request: Request,
) -> Result<Response, Problem> {
    if !is_plain(request.uri().path()) {
        return Err(Problem::new(ProblemKind::BadRequest)
            .detail("The path holds what no address of this service has"));
    }
    bff.sessions.touch(&mut signed_in.session).await.map_err(errors::store)?;
    let signed_in = with_fresh_token(&bff, signed_in).await?;
    let id = request.extensions().get::<RequestId>().cloned();
    let peer = request.extensions().get::<Peer>().copied();
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_REQUEST_BYTES).await.map_err(|_| {
        Problem::new(ProblemKind::BodyTooLarge).detail(format!("A body may have {MAX_REQUEST_BYTES} bytes"))
    })?;
    let access_token = &signed_in.session.record.tokens.access;
    bff.upstream.ask(&parts, body, access_token, id.as_ref(), peer).await
}

/// Letters, digits and `- . _ ~` between single slashes: nothing that another reader of paths could read otherwise.
pub(crate) fn is_plain(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_step = |segment: &str| segment.is_empty() || segment.bytes().all(|byte| byte == b'.');
    path.strip_prefix('/')
        .is_some_and(|rest| rest.split('/').all(|segment| !is_step(segment) && segment.bytes().all(is_plain)))
}

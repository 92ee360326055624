//! `/api`: passes the web app's requests on to the Reports API, with the session's token in place of the
//! cookie.
//!
//! Only requests in the table are passed on, and each is rebuilt: of a request its path, query, body and a
//! few headers, of a response its status, body and a few headers.

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

/// Largest request body.
const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// Returns a route for each row of the table. Other methods get 405, other paths 404.
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
            .detail("The path contains a part that no address of this service has"));
    }
    bff.sessions.touch(&mut signed_in.session).await.map_err(errors::store)?;
    let signed_in = with_fresh_token(&bff, signed_in).await?;
    let id = request.extensions().get::<RequestId>().cloned();
    let peer = request.extensions().get::<Peer>().copied();
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_REQUEST_BYTES).await.map_err(|_| {
        Problem::new(ProblemKind::BodyTooLarge)
            .detail(format!("A request body may have at most {MAX_REQUEST_BYTES} bytes"))
    })?;
    let access_token = &signed_in.session.record.tokens.access;
    bff.upstream.ask(&parts, body, access_token, id.as_ref(), peer).await
}

/// Allows letters, digits and `- . _ ~` between single slashes: nothing that another parser of paths could
/// read differently.
pub(crate) fn is_plain(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_step = |segment: &str| segment.is_empty() || segment.bytes().all(|byte| byte == b'.');
    path.strip_prefix('/')
        .is_some_and(|rest| rest.split('/').all(|segment| !is_step(segment) && segment.bytes().all(is_plain)))
}

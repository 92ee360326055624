//! Bodies: a request's as a stream of pieces, a response's as what hyper sends.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};
use http_body_util::{BodyExt, BodyStream, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};

/// How long a client may take for the next piece of its body: it may be making the rows.
const PIECE_TIMEOUT: Duration = Duration::from_secs(300);

/// A response's body.
pub(super) type ResponseBody = UnsyncBoxBody<Bytes, io::Error>;

/// A body that is whole.
pub(super) fn full(bytes: impl Into<Bytes>) -> ResponseBody {
    Full::new(bytes.into()).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// A body that comes in pieces.
pub(super) fn stream(pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> ResponseBody {
    StreamBody::new(pieces.map_ok(Frame::data)).boxed_unsync()
}

/// The pieces of a request's body, each of which must come in time.
pub(super) fn pieces(body: Incoming) -> impl Stream<Item = io::Result<Bytes>> + Send + Unpin + 'static {
    let pieces = futures_util::stream::unfold(BodyStream::new(body), async |mut body| {
        let piece = match tokio::time::timeout(PIECE_TIMEOUT, body.next()).await {
            Ok(frame) => frame?.map_err(io::Error::other),
            Err(_elapsed) => Err(io::Error::new(io::ErrorKind::TimedOut, "the body stopped in the middle")),
        };
        Some((piece, body))
    });
    Box::pin(pieces.fuse().filter_map(async |piece| piece.map(|frame| frame.into_data().ok()).transpose()))
}

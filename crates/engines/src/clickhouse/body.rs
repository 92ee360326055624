//! Bodies: a request's as a stream of pieces, a response's as what hyper sends.

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};
use http_body_util::{BodyExt, BodyStream, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};

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

/// The pieces of a request's body.
pub(super) fn pieces(body: Incoming) -> impl Stream<Item = io::Result<Bytes>> + Send + Unpin + 'static {
    Box::pin(BodyStream::new(body).filter_map(async |frame| match frame {
        Ok(frame) => frame.into_data().ok().map(Ok),
        Err(error) => Some(Err(io::Error::other(error))),
    }))
}

//! A request's body with a time limit for each piece.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Sleep;

/// How long a client may take for the next piece: it may be making the rows.
const PIECE_TIMEOUT: Duration = Duration::from_secs(300);

/// A body that fails when it stops in the middle.
#[derive(Debug)]
pub(super) struct Timed {
    body: Incoming,
    /// Runs while a piece is waited for.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Timed {
    pub(super) fn new(body: Incoming) -> Self {
        Timed { body, waiting: None }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.waiting = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(PIECE_TIMEOUT)));
        waiting
            .as_mut()
            .poll(context)
            .map(|()| Some(Err(io::Error::new(io::ErrorKind::TimedOut, "the body stopped in the middle"))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

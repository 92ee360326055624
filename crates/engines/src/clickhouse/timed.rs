//! A request body with a timeout for each piece. A statement whose body does not arrive holds no turn.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};

use super::gate::Pauses;

/// The timeout of a client's next piece: the client may be producing the rows.
const PIECE_TIMEOUT: Duration = Duration::from_secs(300);
/// The time for which a statement keeps its turn without a piece.
const PAUSED_AFTER: Duration = Duration::from_millis(50);

type Piece = Option<io::Result<Frame<Bytes>>>;

/// A body that fails when it stalls.
pub(super) struct Timed {
    body: Incoming,
    /// A piece that has arrived and is to be passed on.
    next: Option<Piece>,
    /// The timer that runs while a piece is awaited.
    waiting: Option<Pin<Box<Sleep>>>,
    turn: Turn,
}

enum Turn {
    /// A request that takes no turn, or whose turn has not come.
    None,
    Running(Pauses),
    Paused(Pauses),
    Resuming(Pauses, Pin<Box<dyn Future<Output = ()> + Send>>),
}

impl Timed {
    /// Waits for the first piece; before it arrives, there is nothing to do.
    pub(super) async fn begun(mut body: Incoming) -> io::Result<Self> {
        let next = if body.is_end_stream() {
            None
        } else {
            let first = tokio::time::timeout(PIECE_TIMEOUT, body.frame()).await.map_err(|_| late())?;
            Some(first.transpose().map_err(io::Error::other)?.map(Ok))
        };
        Ok(Timed { body, next, waiting: None, turn: Turn::None })
    }

    /// Sets the turn that the statement has got.
    pub(super) fn has_turn(&mut self, turn: Pauses) {
        self.turn = Turn::Running(turn);
    }

    fn poll_waiting(&mut self, context: &mut Context<'_>) -> Poll<Piece> {
        let first = if matches!(self.turn, Turn::Running(_)) { PAUSED_AFTER } else { PIECE_TIMEOUT };
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(first)));
        ready!(waiting.as_mut().poll(context));
        let Turn::Running(turn) = &self.turn else { return Poll::Ready(Some(Err(late()))) };
        turn.pause();
        self.turn = Turn::Paused(turn.clone());
        waiting.as_mut().reset(Instant::now() + PIECE_TIMEOUT);
        waiting.as_mut().poll(context).map(|()| Some(Err(late())))
    }
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the request body stalled")
}

impl Body for Timed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Piece> {
        let this = &mut *self;
        if this.next.is_none() {
            match Pin::new(&mut this.body).poll_frame(context) {
                Poll::Ready(piece) => this.next = Some(piece.map(|piece| piece.map_err(io::Error::other))),
                Poll::Pending => return this.poll_waiting(context),
            }
            this.waiting = None;
        }
        if let Turn::Paused(turn) = &this.turn {
            this.turn = Turn::Resuming(turn.clone(), Box::pin(turn.clone().resume()));
        }
        if let Turn::Resuming(turn, resumed) = &mut this.turn {
            ready!(resumed.as_mut().poll(context));
            this.turn = Turn::Running(turn.clone());
        }
        Poll::Ready(this.next.take().flatten())
    }

    fn is_end_stream(&self) -> bool {
        self.next.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let next = match &self.next {
            Some(Some(Ok(piece))) => piece.data_ref().map_or(0, Bytes::len) as u64,
            _ => 0,
        };
        let rest = self.body.size_hint();
        let mut whole = SizeHint::new();
        whole.set_lower(rest.lower() + next);
        if let Some(upper) = rest.upper() {
            whole.set_upper(upper + next);
        }
        whole
    }
}

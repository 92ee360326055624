//! The way of a result to the client: held back for a moment, then sent as it comes.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http::Response;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::oneshot;

use super::body::{self, ResponseBody};
use super::connection::Answer;
use super::encode::Encoder;
use super::engine::Canceller;
use super::failure::Failure;
use super::marker;
use super::response::Head;
use super::spool::Spool;

/// Result bytes that are held back, so that an early error still gets a status of its own.
const HELD_BACK_BYTES: usize = 256 << 10;
/// Bytes of a result that are read at once.
const READ_BYTES: usize = 64 << 10;
/// How long the exception block gets to leave before the connection is cut.
const BEFORE_THE_CUT: Duration = Duration::from_millis(20);

/// How a statement ended.
pub(super) type Outcome = Result<Answer, Failure>;

/// A statement that runs: where its result comes from and how it ends.
pub(super) struct Run {
    pub(super) pipe: pipe::Receiver,
    pub(super) outcome: oneshot::Receiver<Outcome>,
    pub(super) canceller: Canceller,
}

impl Run {
    async fn end(self) -> Outcome {
        let outcome = self.outcome.await;
        self.canceller.disarm();
        outcome.unwrap_or_else(|_| Err(Failure::from_engine("The statement's thread ended")))
    }
}

/// Answers with the result. Until [`HELD_BACK_BYTES`] have come, a failure has a status of its own.
pub(super) async fn respond(
    head: &Head,
    mut run: Run,
    waits: bool,
) -> Result<Response<ResponseBody>, Failure> {
    if waits {
        return respond_at_the_end(head, run).await;
    }
    let mut held = BytesMut::new();
    loop {
        held.reserve(READ_BYTES);
        if run.pipe.read_buf(&mut held).await.map_err(unavailable)? == 0 {
            let answer = run.end().await?;
            // Statements that are no SELECT leave their result in the answer.
            let bytes = if held.is_empty() { &answer.bytes[..] } else { &held[..] };
            return head.success(&answer.progress, bytes);
        }
        if held.len() >= HELD_BACK_BYTES {
            break;
        }
    }
    let sending =
        Sending { head: head.clone(), encoder: head.encoder()?, phase: Phase::Held(held.freeze(), run) };
    Ok(head.streaming(None, body::stream(sending.into_stream())))
}

/// `wait_end_of_query=1`: the whole result is kept, on disk when it is long, and its end is known before it is sent.
async fn respond_at_the_end(head: &Head, mut run: Run) -> Result<Response<ResponseBody>, Failure> {
    let mut spool = Spool::new(head.spool_dir.clone());
    loop {
        let mut buffer = BytesMut::with_capacity(READ_BYTES);
        if run.pipe.read_buf(&mut buffer).await.map_err(unavailable)? == 0 {
            break;
        }
        spool.push(&buffer).await.map_err(unavailable)?;
    }
    let answer = run.end().await?;
    if spool.is_empty() {
        return head.success(&answer.progress, &answer.bytes);
    }
    let sending = Sending { head: head.clone(), encoder: head.encoder()?, phase: Phase::Kept(spool) };
    Ok(head.streaming(Some(&answer.progress), body::stream(sending.into_stream())))
}

fn unavailable(error: io::Error) -> Failure {
    Failure::from_engine(&error.to_string())
}

/// A result on its way.
struct Sending {
    head: Head,
    encoder: Encoder,
    phase: Phase,
}

/// Where it stands.
enum Phase {
    Held(Bytes, Run),
    Running(Run),
    Kept(Spool),
    /// What was sent is flushed; the exception block comes next, in a piece of its own.
    Failed(Failure),
    /// The exception block is out; now the transfer breaks off, as a server's does.
    Broken,
    Ended,
}

impl Sending {
    fn into_stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send {
        futures_util::stream::unfold(self, async |mut sending| {
            loop {
                match sending.next().await {
                    // An encoder may swallow a piece; an empty chunk would end the transfer.
                    Some(Ok(piece)) if piece.is_empty() => {}
                    Some(piece) => return Some((piece, sending)),
                    None => return None,
                }
            }
        })
    }

    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        match std::mem::replace(&mut self.phase, Phase::Ended) {
            Phase::Held(bytes, run) => {
                self.phase = Phase::Running(run);
                Some(self.encoder.push(&bytes))
            }
            Phase::Running(mut run) => {
                let mut buffer = BytesMut::with_capacity(READ_BYTES);
                match run.pipe.read_buf(&mut buffer).await {
                    Ok(0) => match run.end().await {
                        Ok(_) => Some(self.last(&[])),
                        Err(failure) => {
                            self.phase = Phase::Failed(failure);
                            Some(self.encoder.flush())
                        }
                    },
                    Ok(_) => {
                        self.phase = Phase::Running(run);
                        Some(self.encoder.push(&buffer))
                    }
                    Err(error) => Some(Err(error)),
                }
            }
            Phase::Kept(mut spool) => match spool.next().await {
                Ok(Some(bytes)) => {
                    self.phase = Phase::Kept(spool);
                    Some(self.encoder.push(&bytes))
                }
                Ok(None) => Some(self.last(&[])),
                Err(error) => Some(Err(error)),
            },
            Phase::Failed(failure) => {
                // A decoder that is cut off drops what it holds, the block among it: an encoded body ends whole.
                self.phase = if self.encoder.is_plain() { Phase::Broken } else { Phase::Ended };
                let text = failure.with_version(&self.head.version);
                Some(self.last(&marker::block(&self.head.tag, &text)))
            }
            Phase::Broken => {
                tokio::time::sleep(BEFORE_THE_CUT).await;
                Some(Err(io::Error::other("the statement failed")))
            }
            Phase::Ended => None,
        }
    }

    /// The last piece, encoded together with what the encoder still holds.
    fn last(&mut self, piece: &[u8]) -> io::Result<Bytes> {
        let mut encoder = std::mem::replace(&mut self.encoder, Encoder::Plain);
        let mut bytes =
            if piece.is_empty() { BytesMut::new() } else { BytesMut::from(&encoder.push(piece)?[..]) };
        bytes.extend_from_slice(&encoder.finish()?);
        Ok(bytes.freeze())
    }
}

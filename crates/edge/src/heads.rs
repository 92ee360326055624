//! A filter on the bytes that hyper reads, one head and one body at a time, which refuses a head with a line
//! that ends in a bare LF.
//!
//! hyper accepts a bare LF as the end of a line (RFC 9112, section 2.2, allows it). A proxy in front may not,
//! and then the two parse different requests. Headers are not parsed a second time here to separate heads
//! from bodies: each read ends at the end of a head, and before hyper reads on it has called the service,
//! which reports the length of the body.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::turns::Turn;

/// The replacement for a bare LF. hyper responds to it with 400 anywhere in a head.
const REFUSED_BYTE: u8 = 0;
/// The end of a refused head, so that hyper does not wait for further lines.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// The byte stream between TLS, if any, and hyper.
#[derive(Debug)]
pub(crate) struct Heads<S> {
    inner: S,
    turn: Arc<Turn>,
    part: Part,
    /// Bytes that were read already and belong to the next part.
    held: BytesMut,
}

#[derive(Debug)]
enum Part {
    Head(Lines),
    /// A whole head was read, and its request has not begun.
    HeadRead,
    /// A body, with the number of bytes still to come.
    Body(u64),
    /// A refused head, whose end is still to be supplied.
    Refused,
    Over,
}

/// The state of the current head.
#[derive(Debug, Default)]
struct Lines {
    /// True after the first non-empty line. Empty lines before it do not end the head.
    has_any: bool,
    current: Line,
}

/// The state of the current line.
#[derive(Debug, Clone, Copy, Default)]
enum Line {
    #[default]
    Nothing,
    Cr,
    Text,
    TextCr,
}

impl<S> Heads<S> {
    pub(crate) fn new(inner: S, turn: Arc<Turn>) -> Self {
        Heads { inner, turn, part: Part::Head(Lines::default()), held: BytesMut::new() }
    }

    /// Returns how many of the bytes belong to the current part. Reports a completed body to the turn.
    fn take(part: &mut Part, turn: &Turn, bytes: &mut [u8]) -> usize {
        let was_body = matches!(part, Part::Body(_));
        let taken = part.take(bytes);
        if was_body && !matches!(part, Part::Body(_)) {
            turn.received();
        }
        taken
    }

    /// Enters the body of the head that was just read.
    fn go_on(&mut self) -> io::Result<()> {
        match (&self.part, self.turn.take_body()) {
            (Part::HeadRead, Some(length)) => self.part = Part::body(length),
            (Part::HeadRead, None) | (_, Some(_)) => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "hyper and this filter disagree about the end of a head",
                ));
            }
            _ => {}
        }
        Ok(())
    }
}

impl Part {
    fn body(length: u64) -> Self {
        match length {
            0 => Part::Head(Lines::default()),
            length => Part::Body(length),
        }
    }

    /// Returns how many of the bytes belong to this part, and moves to the next part if this one is complete.
    fn take(&mut self, bytes: &mut [u8]) -> usize {
        match self {
            Part::Head(lines) => {
                for (at, byte) in bytes.iter_mut().enumerate() {
                    match lines.read(*byte) {
                        Read::More => continue,
                        Read::Head => *self = Part::HeadRead,
                        Read::BareLineFeed => {
                            *byte = REFUSED_BYTE;
                            *self = Part::Refused;
                        }
                    }
                    return at + 1;
                }
                bytes.len()
            }
            Part::Body(left) => {
                let taken = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                *self = Part::body(*left - taken as u64);
                taken
            }
            Part::HeadRead | Part::Refused | Part::Over => 0,
        }
    }
}

/// The effect of one byte of a head.
enum Read {
    More,
    Head,
    BareLineFeed,
}

impl Lines {
    fn read(&mut self, byte: u8) -> Read {
        self.current = match (self.current, byte) {
            (Line::Nothing | Line::Text, b'\n') => return Read::BareLineFeed,
            (Line::Cr, b'\n') if self.has_any => return Read::Head,
            (Line::Cr, b'\n') => Line::Nothing,
            (Line::TextCr, b'\n') => {
                self.has_any = true;
                Line::Nothing
            }
            (Line::Nothing, b'\r') => Line::Cr,
            (_, b'\r') => Line::TextCr,
            _ => Line::Text,
        };
        Read::More
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heads<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.go_on()?;
        match this.part {
            Part::Refused => {
                buffer.put_slice(&END_OF_HEAD[..END_OF_HEAD.len().min(buffer.remaining())]);
                this.part = Part::Over;
            }
            Part::Over => {}
            _ if this.held.is_empty() => {
                let start = buffer.filled().len();
                ready!(Pin::new(&mut this.inner).poll_read(cx, buffer))?;
                let fresh = &mut buffer.filled_mut()[start..];
                let taken = Self::take(&mut this.part, &this.turn, fresh);
                this.held.extend_from_slice(&fresh[taken..]);
                buffer.set_filled(start + taken);
            }
            _ => {
                let most = this.held.len().min(buffer.remaining());
                let taken = Self::take(&mut this.part, &this.turn, &mut this.held[..most]);
                buffer.put_slice(&this.held.split_to(taken));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heads<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    /// hyper flushes when it has written everything it holds.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        self.turn.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

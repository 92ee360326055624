//! What hyper reads, one head and one body at a time: a head with a line that ends in a bare LF is refused.
//!
//! hyper takes a bare LF for the end of a line (RFC 9112, section 2.2, lets it), a proxy in front may not, and then the
//! two read different requests. To tell heads from bodies no header is read here a second time: a piece ends with its
//! head, and hyper has called the service, which tells how long the body is, before it reads on.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::turns::Turn;

/// The replacement of a bare LF. hyper answers it with 400 at any place in a head.
const REFUSED_BYTE: u8 = 0;
/// The end of the refused head, so that hyper waits for no further line.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// The bytes of a connection between TLS, if there is any, and hyper.
#[derive(Debug)]
pub(crate) struct Heads<S> {
    inner: S,
    turn: Arc<Turn>,
    part: Part,
    /// Read, and of the next part.
    held: BytesMut,
}

#[derive(Debug)]
enum Part {
    Head(Lines),
    /// A whole head was read and its request has not begun.
    HeadRead,
    /// So many bytes to go.
    Body(u64),
    /// A head that is refused, without its end.
    Refused,
    Over,
}

/// The lines of a head so far.
#[derive(Debug, Default)]
struct Lines {
    /// One that is not empty; empty ones before the first do not end a head.
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

    /// How many of the bytes belong to the part that is read.
    fn take(part: &mut Part, turn: &Turn, bytes: &mut [u8]) -> usize {
        let was_body = matches!(part, Part::Body(_));
        let taken = part.take(bytes);
        if was_body && !matches!(part, Part::Body(_)) {
            turn.received();
        }
        taken
    }

    /// Enters the body whose head was read.
    fn go_on(&mut self) -> io::Result<()> {
        match (&self.part, self.turn.take_body()) {
            (Part::HeadRead, Some(length)) => self.part = Part::body(length),
            (Part::HeadRead, None) | (_, Some(_)) => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a head ends where hyper sees no end",
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

    /// How many of the bytes belong to this part; then it may be the next one.
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

/// The effect of a byte of a head.
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

    /// hyper flushes when it has written all that it holds.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        self.turn.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

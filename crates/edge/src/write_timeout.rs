//! A stream that fails if its peer does not read what is written to it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::metrics;

/// Bytes that a slow client must read within each timeout, so that one byte now and then is not enough.
const LEAST_PROGRESS: usize = 16 * 1024;

/// A stream with a limit on the time that a write may be stuck.
#[derive(Debug)]
pub(crate) struct WriteTimeout<S> {
    inner: S,
    section: &'static str,
    timeout: Duration,
    /// Started by the first write that has to wait, stopped when everything or at least `LEAST_PROGRESS`
    /// bytes are written.
    stuck: Option<Pin<Box<Sleep>>>,
    progress: usize,
}

impl<S> WriteTimeout<S> {
    pub(crate) fn new(inner: S, section: &'static str, timeout: Duration) -> Self {
        WriteTimeout { inner, section, timeout, stuck: None, progress: 0 }
    }

    fn advance(&mut self, bytes: usize) {
        self.progress += bytes;
        if self.progress >= LEAST_PROGRESS {
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.stuck = None;
        self.progress = 0;
    }

    /// Returns pending for a write that must wait, or an error if it has waited longer than the timeout.
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let timeout = self.timeout;
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        ready!(stuck.as_mut().poll(cx));
        metrics::count_cut(self.section, "write");
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read its response")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteTimeout<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteTimeout<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.inner).poll_write(cx, bytes) {
            Poll::Ready(written) => {
                self.advance(*written.as_ref().unwrap_or(&0));
                Poll::Ready(written)
            }
            Poll::Pending => self.wait(cx),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.inner).poll_write_vectored(cx, pieces) {
            Poll::Ready(written) => {
                self.advance(*written.as_ref().unwrap_or(&0));
                Poll::Ready(written)
            }
            Poll::Pending => self.wait(cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_flush(cx) {
            Poll::Ready(flushed) => {
                self.settle();
                Poll::Ready(flushed)
            }
            Poll::Pending => self.wait(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_shutdown(cx) {
            Poll::Ready(ended) => Poll::Ready(ended),
            Poll::Pending => self.wait(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const TIMEOUT: Duration = Duration::from_millis(400);

    #[tokio::test]
    async fn a_reader_that_takes_nothing_or_next_to_nothing_is_cut() {
        for taken_a_second in [0, 100] {
            let (here, mut there) = tokio::io::duplex(1024);
            let mut paced = WriteTimeout::new(here, "test", TIMEOUT);
            let reader = tokio::spawn(async move {
                let mut piece = vec![0; taken_a_second];
                loop {
                    tokio::time::sleep(TIMEOUT / 20).await;
                    let _ = there.read_exact(&mut piece).await;
                }
            });
            let started = std::time::Instant::now();
            let error = paced.write_all(&[0; 1 << 20]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            assert!(started.elapsed() >= TIMEOUT);
            reader.abort();
        }
    }

    #[tokio::test]
    async fn a_slow_reader_and_a_long_silence_are_no_fault() {
        let (here, mut there) = tokio::io::duplex(32 * 1024);
        let mut paced = WriteTimeout::new(here, "test", TIMEOUT);
        let reader = tokio::spawn(async move {
            let mut piece = vec![0; 32 * 1024];
            while there.read_exact(&mut piece).await.is_ok() {
                tokio::time::sleep(TIMEOUT / 4).await;
            }
        });
        for _ in 0..2 {
            // Takes longer in total than the timeout, with progress within each.
            paced.write_all(&[0; 256 * 1024]).await.unwrap();
            paced.flush().await.unwrap();
            tokio::time::sleep(TIMEOUT * 2).await;
        }
        reader.abort();
    }
}

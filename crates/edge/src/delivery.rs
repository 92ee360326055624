//! Responses and changes whose client disconnects.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tracing::Instrument;

/// Runs a change on its own task, so that a client that disconnects cannot leave it half done.
///
/// # Panics
/// If the change panics.
pub async fn to_its_end<T: Send + 'static>(change: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(change.in_current_span()).await {
        Ok(done) => done,
        // The task is never aborted, so the runtime is shutting down, and this future with it.
        Err(error) if error.is_cancelled() => std::future::pending().await,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Middleware that runs changes to completion. Safe requests are cancelled when the client disconnects.
pub async fn finish_changes(request: Request, next: Next) -> Response {
    match request.method().is_safe() {
        true => next.run(request).await,
        false => to_its_end(next.run(request)).await,
    }
}

/// A guard that calls back when it is dropped, unless it was disarmed.
#[derive(Debug)]
pub struct Otherwise<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Otherwise<F> {
    /// Creates an armed guard.
    pub fn new(call: F) -> Self {
        Otherwise(Some(call))
    }

    /// Disarms the guard: it no longer calls back.
    pub fn disarm(&mut self) {
        self.0 = None;
    }
}

impl<F: FnOnce()> Drop for Otherwise<F> {
    fn drop(&mut self) {
        if let Some(call) = self.0.take() {
            call();
        }
    }
}

/// The largest piece of a body. A piece counts as taken once it is handed over, whether or not it was sent.
const PIECE_BYTES: usize = 64 * 1024;

/// Returns the same body in small pieces. Calls back if it is dropped before all of it was taken.
pub fn watch_body(body: Body, cut_off: impl FnOnce() + Send + Unpin + 'static) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let left = body.size_hint().exact();
    Body::new(Watched { body, rest: Bytes::new(), left, cut_off: Otherwise::new(cut_off) })
}

struct Watched<F: FnOnce()> {
    body: Body,
    /// Data read from the body and not yet handed over.
    rest: Bytes,
    /// Remaining bytes of a body of known length, whose end is never polled.
    left: Option<u64>,
    cut_off: Otherwise<F>,
}

impl<F: FnOnce() + Unpin> HttpBody for Watched<F> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    self.cut_off.disarm();
                    return Poll::Ready(None);
                }
            }
        }
        let length = self.rest.len().min(PIECE_BYTES);
        let piece = self.rest.split_to(length);
        self.left = self.left.map(|left| left.saturating_sub(length as u64));
        if self.left == Some(0) || self.is_end_stream() {
            self.cut_off.disarm();
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use http_body_util::BodyExt;

    use super::*;

    fn watched(body: Body) -> (Body, Arc<AtomicBool>) {
        let is_cut_off = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_cut_off);
        (watch_body(body, move || seen.store(true, Ordering::SeqCst)), is_cut_off)
    }

    fn pieces() -> Body {
        Body::from_stream(futures_util::stream::iter(["one", "two"].map(Ok::<_, std::io::Error>)))
    }

    #[tokio::test]
    async fn a_body_is_cut_off_unless_all_of_it_was_taken() {
        let long = || Body::from(vec![b'x'; PIECE_BYTES + 1]);
        for (body, frames) in [(Body::from("answer"), 1), (pieces(), 3), (long(), 2)] {
            let (mut body, is_cut_off) = watched(body);
            for _ in 0..frames {
                assert!(!is_cut_off.load(Ordering::SeqCst));
                let _ = body.frame().await;
            }
            drop(body);
            assert!(!is_cut_off.load(Ordering::SeqCst), "{frames}");
        }
        for (body, frames) in [(Body::from("answer"), 0), (pieces(), 0), (pieces(), 1), (long(), 1)] {
            let (mut body, is_cut_off) = watched(body);
            for _ in 0..frames {
                let _ = body.frame().await;
            }
            drop(body);
            assert!(is_cut_off.load(Ordering::SeqCst), "{frames}");
        }
        let (body, is_cut_off) = watched(Body::empty());
        drop(body);
        assert!(!is_cut_off.load(Ordering::SeqCst), "there was nothing to take");
    }

    #[tokio::test]
    async fn a_change_ends_although_nobody_waits_for_it() {
        let (begin, begun) = tokio::sync::oneshot::channel();
        let (done, is_done) = tokio::sync::oneshot::channel();
        let change = to_its_end(async move {
            begun.await.unwrap();
            done.send(()).unwrap();
        });
        assert!(tokio::time::timeout(std::time::Duration::ZERO, change).await.is_err());
        begin.send(()).unwrap();
        is_done.await.unwrap();
    }
}

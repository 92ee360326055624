//! Request bodies on their way to an endpoint, limited in size and in time.
//!
//! An endpoint that reads past the limit or waits past the deadline gets an error. The verdict records which
//! limit was broken, so that the response names it whatever the endpoint made of the error.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::problem::{Problem, ProblemKind};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The outcome of reading a request body.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict(Arc<AtomicU8>);

const TOO_LARGE: u8 = 1;
const TOO_LATE: u8 = 2;

impl Verdict {
    /// Returns the problem to respond with if the body broke a limit.
    pub(crate) fn problem(&self, limit: u64) -> Option<Problem> {
        match self.0.load(Ordering::Relaxed) {
            TOO_LARGE => Some(too_large(limit)),
            TOO_LATE => {
                Some(Problem::new(ProblemKind::BodyTooLate).detail("The request body did not arrive in time"))
            }
            _ => None,
        }
    }
}

/// The response to a body above the limit.
pub(crate) fn too_large(limit: u64) -> Problem {
    Problem::new(ProblemKind::BodyTooLarge).detail(format!("A request body may have at most {limit} bytes"))
}

/// A request body with a size limit and a deadline.
#[derive(Debug)]
pub(crate) struct RequestBody<B> {
    inner: Pin<Box<B>>,
    left: u64,
    deadline: Pin<Box<Sleep>>,
    verdict: Verdict,
}

impl<B> RequestBody<B> {
    pub(crate) fn new(inner: B, limit: u64, timeout: Duration, verdict: Verdict) -> Self {
        RequestBody {
            inner: Box::pin(inner),
            left: limit,
            deadline: Box::pin(tokio::time::sleep(timeout)),
            verdict,
        }
    }

    fn refuse(&self, verdict: u8) -> BoxError {
        self.verdict.0.store(verdict, Ordering::Relaxed);
        "the request body is too large or too late".into()
    }
}

impl<B> Body for RequestBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match self.inner.as_mut().poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => frame,
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => {
                return match self.deadline.as_mut().poll(cx) {
                    Poll::Ready(()) => Poll::Ready(Some(Err(self.refuse(TOO_LATE)))),
                    Poll::Pending => Poll::Pending,
                };
            }
        };
        // Trailers are not used here.
        let Ok(mut data) = frame.into_data() else { return Poll::Ready(None) };
        let length = u64::try_from(data.remaining()).unwrap_or(u64::MAX);
        match self.left.checked_sub(length) {
            Some(left) => {
                self.left = left;
                let bytes = data.copy_to_bytes(data.remaining());
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            None => Poll::Ready(Some(Err(self.refuse(TOO_LARGE)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Full, StreamBody};

    use super::*;

    const TIMEOUT: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn a_body_passes_up_to_the_limit_and_in_time() {
        let verdict = Verdict::default();
        let whole = RequestBody::new(Full::new(Bytes::from_static(b"12345")), 5, TIMEOUT, verdict.clone());
        assert_eq!(whole.collect().await.unwrap().to_bytes(), "12345");
        assert!(verdict.problem(5).is_none());

        let long = RequestBody::new(Full::new(Bytes::from_static(b"123456")), 5, TIMEOUT, verdict.clone());
        assert!(long.collect().await.is_err());
        assert_eq!(verdict.problem(5).unwrap().kind(), ProblemKind::BodyTooLarge);
    }

    #[tokio::test]
    async fn a_body_that_drips_is_given_up() {
        let drip = futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(TIMEOUT / 10).await;
            Some((Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(b"x"))), ()))
        });
        let (verdict, started) = (Verdict::default(), std::time::Instant::now());
        let body = RequestBody::new(StreamBody::new(Box::pin(drip)), 1000, TIMEOUT, verdict.clone());
        assert!(body.collect().await.is_err());
        assert_eq!(verdict.problem(1000).unwrap().kind(), ProblemKind::BodyTooLate);
        assert!(started.elapsed() >= TIMEOUT);
    }
}

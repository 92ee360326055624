//! How long a step may take: what it talks to may fall silent without closing the connection.

use std::time::Duration;

use bionicpro_model::{Error, Kind};

use crate::context::PipelineContext;

/// Does a step's work, or drops it when its time is over. The work lies on the heap: it is large, and everything that
/// waits for it would carry it along.
///
/// # Errors
/// The work's own; `Unreachable` when it did not end in time.
pub(crate) fn in_time<T, E: From<Error>>(
    context: &PipelineContext,
    work: impl Future<Output = Result<T, E>>,
) -> impl Future<Output = Result<T, E>> {
    let limit_s = context.config.step_timeout_s;
    let work = tokio::time::timeout(Duration::from_secs(limit_s), Box::pin(work));
    async move {
        work.await.unwrap_or_else(|_| {
            Err(Error::new(Kind::Unreachable, "a step took longer than it may")
                .detail(format!("{limit_s} s"))
                .hint(
                    "a database or the staging store has fallen silent: look at them, and at what lies in between; \
                     where the step has that much to do, raise pipeline.step_timeout_s",
                )
                .into())
        })
    }
}

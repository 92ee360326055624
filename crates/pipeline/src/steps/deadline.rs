//! The timeout of a step: a server may stop responding without closing the connection.

use std::time::Duration;

use bionicpro_model::{Error, Kind};

use crate::context::PipelineContext;

/// Runs a step's work, and drops it at the timeout. Boxes the future, which is large and would otherwise
/// bloat every caller's.
///
/// # Errors
/// Those of the work; `Unreachable` if it did not end in time.
pub(crate) fn in_time<T, E: From<Error>>(
    context: &PipelineContext,
    work: impl Future<Output = Result<T, E>>,
) -> impl Future<Output = Result<T, E>> {
    let limit_s = context.config.step_timeout_s;
    let work = tokio::time::timeout(Duration::from_secs(limit_s), Box::pin(work));
    async move {
        work.await.unwrap_or_else(|_| {
            Err(Error::new(Kind::Unreachable, "a step exceeded its timeout")
                .detail(format!("{limit_s} s"))
                .hint(
                    "a database or the staging store has stopped responding: check them and the network \
                     in between; if the step has that much to do, raise pipeline.step_timeout_s",
                )
                .into())
        })
    }
}

//! Retries a step if waiting may help.

use std::future::Future;
use std::time::Duration;

use bionicpro_model::Result;

/// The number of retries of a failed step, and the delay before each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    pub(crate) retries: u32,
    pub(crate) delay: Duration,
}

/// Runs `step` until it succeeds, fails permanently, or the retries are used up.
pub(crate) async fn with_policy<T, F>(policy: Policy, mut step: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut left = policy.retries;
    loop {
        match step().await {
            Err(error) if error.kind().is_retryable() && left > 0 => {
                tracing::warn!(%error, left, delay_s = policy.delay.as_secs(), "step failed, retrying after a delay");
                left -= 1;
                tokio::time::sleep(policy.delay).await;
            }
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use bionicpro_model::{Error, Kind};

    use super::*;

    async fn tries_of(kind: Kind) -> u32 {
        let policy = Policy { retries: 3, delay: Duration::ZERO };
        let mut tries = 0;
        let outcome: Result<()> = with_policy(policy, || {
            tries += 1;
            std::future::ready(Err(Error::new(kind, "it fails")))
        })
        .await;
        assert_eq!(outcome.unwrap_err().kind(), kind);
        tries
    }

    #[tokio::test]
    async fn only_what_waiting_may_mend_is_tried_again() {
        assert_eq!(tries_of(Kind::Unreachable).await, 4);
        assert_eq!(tries_of(Kind::Storage).await, 4);
        assert_eq!(tries_of(Kind::Data).await, 1);
        assert_eq!(tries_of(Kind::Config).await, 1);
    }
}

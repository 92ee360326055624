//! A value that is asked for at most once in a while, by one caller at a time.
//!
//! It stands before what anybody can make the service do: a readiness probe in a loop costs the warehouse one
//! question a second.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

/// A value with an age limit. Callers that come while it is being fetched wait for that fetch.
#[derive(Debug)]
pub(crate) struct Cached<T> {
    max_age: Duration,
    held: Mutex<Option<(Instant, T)>>,
}

impl<T: Clone> Cached<T> {
    pub(crate) fn new(max_age: Duration) -> Self {
        Cached { max_age, held: Mutex::new(None) }
    }

    /// The value, fetched when there is none or it is too old. A failure is not kept.
    pub(crate) async fn get<E>(&self, fetch: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let mut held = self.held.lock().await;
        if let Some((fetched_at, value)) = &*held
            && fetched_at.elapsed() < self.max_age
        {
            return Ok(value.clone());
        }
        // Its age counts from before the question, so that it is never younger than it says.
        let asked_at = Instant::now();
        let value = fetch.await?;
        *held = Some((asked_at, value.clone()));
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_crowd_asks_once() {
        let fresh = Cached::new(Duration::from_secs(60));
        let asked = AtomicU32::new(0);
        let ask = || fresh.get(async { Ok::<_, ()>(asked.fetch_add(1, Ordering::SeqCst)) });
        let answers = tokio::join!(ask(), ask(), ask());
        assert_eq!(answers, (Ok(0), Ok(0), Ok(0)));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_failure_is_asked_again() {
        let fresh = Cached::new(Duration::from_secs(60));
        assert_eq!(fresh.get(async { Err::<u32, _>("down") }).await, Err("down"));
        assert_eq!(fresh.get(async { Ok::<_, &str>(7) }).await, Ok(7));
    }
}

//! A value that is fetched at most once per interval, by one caller at a time.
//!
//! It limits the work that any client can trigger: a readiness probe in a loop costs the warehouse one query
//! per second.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

/// A value with a maximum age. Callers that arrive during a fetch wait for it.
#[derive(Debug)]
pub(crate) struct Cached<T> {
    max_age: Duration,
    held: Mutex<Option<(Instant, T)>>,
}

impl<T: Clone> Cached<T> {
    pub(crate) fn new(max_age: Duration) -> Self {
        Cached { max_age, held: Mutex::new(None) }
    }

    /// Returns the value, after fetching it if there is none or it is too old. A failure is not cached.
    pub(crate) async fn get<E>(&self, fetch: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let mut held = self.held.lock().await;
        if let Some((fetched_at, value)) = &*held
            && fetched_at.elapsed() < self.max_age
        {
            return Ok(value.clone());
        }
        // The age counts from the start of the fetch, so the value is never older than assumed.
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

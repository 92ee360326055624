//! How many statements run at once. The others wait for their turn, then are told that it did not come.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The turnstile in front of the engine.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    turns: Arc<Semaphore>,
    at_once: u16,
    patience: Duration,
}

impl Gate {
    pub(super) fn new(at_once: u16, patience: Duration) -> Self {
        let at_once = at_once.max(1);
        Gate { turns: Arc::new(Semaphore::new(usize::from(at_once))), at_once, patience }
    }

    /// Waits for a turn, which ends when the permit is dropped; otherwise the text of the refusal.
    pub(super) async fn enter(&self) -> Result<OwnedSemaphorePermit, String> {
        match tokio::time::timeout(self.patience, Arc::clone(&self.turns).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(format!(
                "Too many simultaneous queries. Maximum: {}: no turn came within {} s; the keys are \
                 engines.warehouse.max_running_queries and engines.warehouse.queue_timeout_s",
                self.at_once,
                self.patience.as_secs()
            )),
        }
    }
}

//! Limits the number of statements that run concurrently. The others wait for a turn, and are refused after a
//! timeout.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The limiter in front of the engine.
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

    /// Waits for a turn, which ends when it is dropped; returns the text of the refusal after the timeout.
    pub(super) async fn enter(&self) -> Result<Turn, String> {
        match tokio::time::timeout(self.patience, Arc::clone(&self.turns).acquire_owned()).await {
            Ok(Ok(permit)) => {
                let state = Arc::new(Mutex::new(State::Running(permit)));
                Ok(Turn(Pauses { turns: Arc::clone(&self.turns), state }))
            }
            _ => Err(format!(
                "Too many simultaneous queries. Maximum: {}: the query was not admitted within {} s; the \
                 keys are engines.warehouse.max_running_queries and engines.warehouse.queue_timeout_s",
                self.at_once,
                self.patience.as_secs()
            )),
        }
    }
}

/// A statement's turn: its permit to run.
#[derive(Debug)]
pub(super) struct Turn(Pauses);

impl Turn {
    /// A handle for the statement's body, whose client may make the statement wait.
    pub(super) fn pauses(&self) -> Pauses {
        self.0.clone()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.set(State::Ended);
    }
}

/// Releases the permit to others while the client makes its statement wait.
#[derive(Debug, Clone)]
pub(super) struct Pauses {
    turns: Arc<Semaphore>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
enum State {
    Running(#[expect(dead_code, reason = "held")] OwnedSemaphorePermit),
    Paused,
    Ended,
}

impl Pauses {
    /// Releases the permit to another statement.
    pub(super) fn pause(&self) {
        self.set(State::Paused);
    }

    /// Waits for a permit again.
    pub(super) async fn resume(self) {
        if let Ok(permit) = Arc::clone(&self.turns).acquire_owned().await {
            self.set(State::Running(permit));
        }
    }

    /// Sets the state, unless the turn has ended.
    fn set(&self, next: State) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*state, State::Ended) {
            *state = next;
        }
    }
}

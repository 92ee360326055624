//! Connections for requests without a session: each is used once, so that nothing of a request stays for the next.
//!
//! Opening one takes a fraction of a millisecond; a few are opened ahead, so that no request waits for it.

use std::sync::{Arc, Mutex, PoisonError};

use super::connection::Connection;
use super::engine::Engine;
use super::failure::Failure;

/// Connections that are opened ahead.
const SPARES: usize = 4;

/// Fresh connections.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    engine: Arc<Engine>,
    spares: Arc<Mutex<Vec<Connection>>>,
}

impl Pool {
    pub(super) fn new(engine: Arc<Engine>) -> Self {
        Pool { engine, spares: Arc::default() }
    }

    /// A connection that no request has used. Blocks when none was opened ahead.
    pub(super) fn take(&self) -> Result<Connection, Failure> {
        let spare = self.spares.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.map_or_else(|| self.engine.connect(), Ok)
    }

    /// Closes a used connection and opens another in its place. Blocks; called when the answer is already on its way.
    pub(super) fn replace(&self, used: Connection) {
        drop(used);
        let is_full = self.spares.lock().unwrap_or_else(PoisonError::into_inner).len() >= SPARES;
        if is_full {
            return;
        }
        match self.engine.connect() {
            Ok(fresh) => self.spares.lock().unwrap_or_else(PoisonError::into_inner).push(fresh),
            Err(failure) => tracing::warn!(failure = failure.text, "a connection could not be opened ahead"),
        }
    }
}

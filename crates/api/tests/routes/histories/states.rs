//! The states of a history, from the first to the newest one that may be visible.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::world::State;

/// The states, shared by the loader and the readers.
pub(super) struct States(Mutex<Shared>);

struct Shared {
    states: Vec<Arc<State>>,
    /// The times at which the first states were settled; the others are not settled yet.
    settled: Vec<Instant>,
    /// The last state of each load that settled something.
    loads: Vec<usize>,
}

impl States {
    pub(super) fn new(first: State) -> States {
        States(Mutex::new(Shared {
            states: vec![Arc::new(first)],
            settled: vec![Instant::now()],
            loads: Vec::new(),
        }))
    }

    /// Adds a state that is visible from now on, or will be soon.
    pub(super) fn push(&self, state: State) {
        let mut shared = self.0.lock().unwrap();
        if *shared.states[shared.states.len() - 1] != state {
            shared.states.push(Arc::new(state));
        }
    }

    /// Marks all states so far as settled.
    pub(super) fn settle(&self) {
        let mut shared = self.0.lock().unwrap();
        let states = shared.states.len();
        if shared.settled.len() < states {
            shared.settled.resize(states, Instant::now());
            shared.loads.push(states - 1);
        }
    }

    pub(super) fn all(&self) -> Vec<Arc<State>> {
        self.0.lock().unwrap().states.clone()
    }

    pub(super) fn newest(&self) -> Arc<State> {
        let shared = self.0.lock().unwrap();
        Arc::clone(&shared.states[shared.states.len() - 1])
    }

    /// Returns the newest state that was settled before this time.
    pub(super) fn settled_before(&self, time: Instant) -> usize {
        self.0.lock().unwrap().settled.partition_point(|settled| *settled < time).saturating_sub(1)
    }

    /// Returns how long each state had been settled at this time.
    pub(super) fn ages(&self, time: Instant) -> Vec<Duration> {
        let shared = self.0.lock().unwrap();
        shared.settled.iter().map(|settled| time.saturating_duration_since(*settled)).collect()
    }

    pub(super) fn loads(&self) -> Vec<usize> {
        self.0.lock().unwrap().loads.clone()
    }
}

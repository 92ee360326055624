//! Named sessions: a connection that is kept between requests, for `SET` and temporary tables.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::failure::{self, Failure};
use super::request::SessionRequest;
use super::threads;

/// Sessions that are kept at once.
const MAX_SESSIONS: usize = 256;
/// How often sessions that nobody uses are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug)]
enum Slot {
    /// A request of this session is running.
    Busy,
    Idle {
        connection: Box<Connection>,
        until: Instant,
    },
}

/// The sessions by their names.
#[derive(Debug, Clone, Default)]
pub(super) struct Sessions(Arc<Mutex<HashMap<String, Slot>>>);

impl Sessions {
    /// Takes the session's connection, or `None` when the session begins with this request. Until the lease is
    /// returned or dropped, the session is locked.
    pub(super) fn take(&self, request: &SessionRequest) -> Result<(Lease, Option<Connection>), Failure> {
        let mut slots = self.slots();
        let mut expired = remove_expired(&mut slots);
        let connection = match slots.remove(&request.id) {
            Some(Slot::Busy) => {
                slots.insert(request.id.clone(), Slot::Busy);
                return Err(Failure::new(
                    failure::SESSION_IS_LOCKED,
                    format!("Session {} is locked by a concurrent client", request.id),
                ));
            }
            Some(Slot::Idle { connection, .. }) => Some(*connection),
            None if request.must_exist => {
                return Err(Failure::new(
                    failure::SESSION_NOT_FOUND,
                    format!("Session {} not found", request.id),
                ));
            }
            // Some clients begin a session per object and never come back to it: the idle one that ends first makes room.
            None if slots.len() >= MAX_SESSIONS && !remove_next_to_expire(&mut slots, &mut expired) => {
                return Err(Failure::new(
                    failure::USER_SESSION_LIMIT_EXCEEDED,
                    format!("Too many sessions: {MAX_SESSIONS} run statements at once"),
                ));
            }
            None => None,
        };
        slots.insert(request.id.clone(), Slot::Busy);
        drop(slots);
        drop_elsewhere(expired);
        let lease = Lease {
            sessions: self.clone(),
            id: request.id.clone(),
            timeout: request.timeout,
            close: request.close,
        };
        Ok((lease, connection))
    }

    /// Ends sessions when their time is over, for as long as the sessions exist elsewhere.
    pub(super) fn sweep_in_background(&self) {
        let weak = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(SWEEP_INTERVAL).await;
                let Some(slots) = weak.upgrade() else { return };
                let expired = remove_expired(&mut slots.lock().unwrap_or_else(PoisonError::into_inner));
                drop_elsewhere(expired);
            }
        });
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<String, Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remove_expired(slots: &mut HashMap<String, Slot>) -> Vec<Slot> {
    let now = Instant::now();
    slots
        .extract_if(|_, slot| matches!(slot, Slot::Idle { until, .. } if *until <= now))
        .map(|(_, slot)| slot)
        .collect()
}

/// Ends the idle session that would expire first; `false` when none is idle.
fn remove_next_to_expire(slots: &mut HashMap<String, Slot>, expired: &mut Vec<Slot>) -> bool {
    let next = slots
        .iter()
        .filter_map(|(id, slot)| match slot {
            Slot::Idle { until, .. } => Some((*until, id.clone())),
            Slot::Busy => None,
        })
        .min();
    let removed = next.and_then(|(_, id)| slots.remove(&id));
    let has_room = removed.is_some();
    expired.extend(removed);
    has_room
}

/// Closing a connection blocks for a moment.
fn drop_elsewhere(expired: Vec<Slot>) {
    if !expired.is_empty() {
        threads::spawn_blocking(move || drop(expired));
    }
}

/// The right to use a session. Dropped without [`Lease::give_back`], it ends the session.
#[derive(Debug)]
pub(super) struct Lease {
    sessions: Sessions,
    id: String,
    timeout: Duration,
    close: bool,
}

impl Lease {
    /// Keeps the connection for the session's next request.
    pub(super) fn give_back(self, connection: Connection) {
        if self.close {
            return;
        }
        let until = Instant::now() + self.timeout;
        let slot = Slot::Idle { connection: Box::new(connection), until };
        self.sessions.slots().insert(self.id.clone(), slot);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut slots = self.sessions.slots();
        if matches!(slots.get(&self.id), Some(Slot::Busy)) {
            slots.remove(&self.id);
        }
    }
}

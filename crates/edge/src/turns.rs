//! The connections of a listener, and which of them is closed for a new one when all are in use.
//!
//! A connection that is serving a complete request is never closed. Of the others, a new connection displaces
//! first the one that has waited longest for its first complete head, then the one that has been idle
//! longest, then the one whose body has been arriving for the longest time. So neither half-sent requests nor
//! idle connections lock clients out, however many there are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::metrics;

/// The connections of a listener.
#[derive(Debug, Clone)]
pub(crate) struct Turns(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    section: &'static str,
    free: Arc<Semaphore>,
    line: Mutex<Line>,
    /// Notified when one more connection stops serving a request.
    grown: Notify,
}

/// Connections that are not serving a complete request, the next one to close first.
#[derive(Debug, Default)]
struct Line {
    count: u64,
    waiting: BTreeMap<Position, CancellationToken>,
}

/// Connections that lack an earlier part come first, and within a part the one that has waited longest,
/// because the number grows.
type Position = (Lacks, u64);

/// The part that a connection still waits for from its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lacks {
    /// The head of its first request.
    FirstHead,
    /// A further request.
    NextHead,
    /// The rest of a body.
    Body,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Turn {
    shared: Arc<Shared>,
    gives_way: CancellationToken,
    state: Mutex<State>,
    _permit: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// The length of the body of the request that has begun, until [`Turn::take_body`].
    body: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Waiting for a complete head.
    Waiting(Position),
    /// A request whose body has not arrived completely.
    Receiving(Position),
    Serving,
    /// The response is complete, and part of it may still have to be written.
    Answered,
}

/// A request that is being served: held until its response is complete.
#[derive(Debug)]
pub(crate) struct Serving(Arc<Turn>);

impl Turns {
    pub(crate) fn new(section: &'static str, most: u32) -> Self {
        let free = Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS)));
        Turns(Arc::new(Shared { section, free, line: Mutex::default(), grown: Notify::new() }))
    }

    /// Returns a turn for a new connection as soon as there is room, closing another connection if necessary.
    pub(crate) async fn take(&self) -> Arc<Turn> {
        let permit = self.room().await;
        let (shared, gives_way) = (Arc::clone(&self.0), CancellationToken::new());
        let position = shared.join(Lacks::FirstHead, gives_way.clone());
        let state = Mutex::new(State { phase: Phase::Waiting(position), body: None });
        Arc::new(Turn { shared, gives_way, state, _permit: permit })
    }

    async fn room(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            let free = || Arc::clone(&self.0.free);
            if let Ok(permit) = free().try_acquire_owned() {
                return Some(permit);
            }
            let first = self.0.line().waiting.pop_first();
            if let Some((_, gives_way)) = first {
                gives_way.cancel();
                return free().acquire_owned().await.ok();
            }
            tokio::select! {
                permit = free().acquire_owned() => return permit.ok(),
                () = self.0.grown.notified() => {}
            }
        }
    }
}

impl Shared {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, lacks: Lacks, gives_way: CancellationToken) -> Position {
        let mut line = self.line();
        line.count += 1;
        let position = (lacks, line.count);
        line.waiting.insert(position, gives_way);
        self.grown.notify_one();
        position
    }

    /// Removes a connection from the line. Returns true if it was still there.
    fn leave(&self, position: Position) -> bool {
        self.line().waiting.remove(&position).is_some()
    }
}

impl Turn {
    /// Begins a request with a body of that many bytes. `None` if the connection has been displaced.
    pub(crate) fn begin(self: &Arc<Self>, body: u64) -> Option<Serving> {
        let mut state = self.state();
        if let Phase::Waiting(position) = state.phase
            && !self.shared.leave(position)
        {
            return None;
        }
        let phase = match body {
            0 => Phase::Serving,
            _ => Phase::Receiving(self.shared.join(Lacks::Body, self.gives_way.clone())),
        };
        *state = State { phase, body: Some(body) };
        Some(Serving(Arc::clone(self)))
    }

    /// Notes that the whole body of the request has arrived.
    pub(crate) fn received(&self) {
        let mut state = self.state();
        if let Phase::Receiving(position) = state.phase
            && self.shared.leave(position)
        {
            state.phase = Phase::Serving;
        }
    }

    /// Returns the length of the body of a request that has begun, once.
    pub(crate) fn take_body(&self) -> Option<u64> {
        self.state().body.take()
    }

    /// Notes that everything produced so far is written.
    pub(crate) fn flushed(&self) {
        let mut state = self.state();
        if let Phase::Answered = state.phase {
            state.phase = Phase::Waiting(self.shared.join(Lacks::NextHead, self.gives_way.clone()));
        }
    }

    /// Completes when the connection must close: it is displaced by another one, or has no complete head
    /// after that time.
    pub(crate) async fn lost(&self, first_head: Duration) {
        let section = self.shared.section;
        let late = async {
            tokio::time::sleep(first_head).await;
            if self.has_served() {
                std::future::pending().await
            }
        };
        tokio::select! {
            () = self.gives_way.cancelled() => match self.has_served() {
                false => metrics::count_refused(section, "full"),
                true => metrics::count_cut(section, "full"),
            },
            () = late => metrics::count_refused(section, "head"),
        }
    }

    fn has_served(&self) -> bool {
        !matches!(self.state().phase, Phase::Waiting((Lacks::FirstHead, _)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Phase::Waiting(position) | Phase::Receiving(position) = self.state().phase {
            self.shared.leave(position);
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if let Phase::Receiving(position) = state.phase {
            self.0.shared.leave(position);
        }
        state.phase = Phase::Answered;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// Takes a turn that is available immediately.
    fn take(turns: &Turns) -> Arc<Turn> {
        turns.take().now_or_never().unwrap()
    }

    /// Returns which of these is displaced by a new connection.
    fn gives_way(turns: &Turns, held: &[&Arc<Turn>]) -> Option<usize> {
        let is_out = |turn: &Turn| turn.gives_way.is_cancelled();
        let before: Vec<_> = held.iter().map(|turn| is_out(turn)).collect();
        assert!(turns.take().now_or_never().is_none(), "there was room");
        (0..held.len()).find(|at| is_out(held[*at]) && !before[*at])
    }

    #[test]
    fn the_oldest_without_a_head_gives_way_then_the_longest_idle_and_never_one_that_serves() {
        let turns = Turns::new("test", 4);
        let held = [(); 4].map(|()| take(&turns));
        let [first, second, third, fourth] = &held;
        let _serving = first.begin(0).unwrap();
        for turn in [third, second] {
            drop(turn.begin(0));
            turn.flushed();
        }
        let next = || gives_way(&turns, &[first, second, third, fourth]);
        assert_eq!([next(), next(), next(), next()], [Some(3), Some(2), Some(1), None]);
        assert!(fourth.begin(0).is_none(), "it has given way");
    }

    #[test]
    fn a_request_without_the_end_of_its_body_gives_way_last_and_with_it_never() {
        let turns = Turns::new("test", 3);
        let held = [(); 3].map(|()| take(&turns));
        let [half, whole, idle] = &held;
        let _half = half.begin(2).unwrap();
        let _whole = whole.begin(2).unwrap();
        whole.received();
        drop(idle.begin(0));
        idle.flushed();
        let next = || gives_way(&turns, &[half, whole, idle]);
        assert_eq!([next(), next(), next()], [Some(2), Some(0), None]);
    }

    #[test]
    fn an_answer_that_is_not_written_whole_is_still_served() {
        let turns = Turns::new("test", 1);
        let turn = take(&turns);
        drop(turn.begin(0));
        assert_eq!(gives_way(&turns, &[&turn]), None);
        turn.flushed();
        let serving = turn.begin(0).unwrap();
        turn.flushed();
        assert_eq!(gives_way(&turns, &[&turn]), None, "a flush before the answer, as of 100 Continue");
        drop(serving);
        turn.flushed();
        assert_eq!(gives_way(&turns, &[&turn]), Some(0));
    }

    #[tokio::test]
    async fn who_waits_for_room_gets_it_when_a_connection_ends_or_falls_idle() {
        let turns = Turns::new("test", 1);
        let mut turn = take(&turns);
        for is_idle in [true, false] {
            let serving = turn.begin(0).unwrap();
            let waiting = tokio::spawn({
                let turns = turns.clone();
                async move { turns.take().await }
            });
            tokio::task::yield_now().await;
            drop(serving);
            if is_idle {
                turn.flushed();
                turn.lost(Duration::MAX).await;
            }
            drop(turn);
            turn = waiting.await.unwrap();
        }
        drop(turn);
        assert!(turns.0.line().waiting.is_empty(), "no connection is left over");
    }
}

//! Invalidations: the changes that loads have announced, polled from the warehouse.
//!
//! A poll returns every change announced since the last settled load, so each poll returns the changes of a
//! running load again. A change invalidates what was read before that poll, so no valid entry is older than
//! the newest poll. Loads hold a lock; an interrupted load is settled by the next one.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use bionicpro_reports::Month;
use bionicpro_warehouse::changes::Changes;
use bionicpro_warehouse::reports::{Freshness, MartReader};
use uuid::Uuid;

/// The time between two polls.
const INTERVAL: Duration = Duration::from_secs(1);
/// The maximum number of entries in the maps below. Beyond it, everything is invalidated and the maps are
/// cleared.
const MOST: usize = 500_000;

/// The number of a poll, from 1; 0 is the time before the first. An entry has the number of the newest poll
/// before it was read.
pub(super) type Poll = u64;

/// The newest poll and the invalidations.
#[derive(Debug)]
pub(super) struct Feed {
    state: RwLock<Invalidations>,
    grace: Duration,
}

/// The newest poll.
#[derive(Debug, Clone, Copy)]
pub(super) struct Newest {
    pub(super) poll: Poll,
    /// Its start. Its result contains the changes to everything that was read before.
    pub(super) began: Instant,
    pub(super) freshness: Freshness,
}

#[derive(Debug, Default)]
struct Invalidations {
    polls: Poll,
    newest: Option<Newest>,
    /// The number of the last settled load.
    settled: u64,
    /// By person, the newest poll with a change in any month.
    people: HashMap<Uuid, Poll>,
    /// By person and month, the newest poll with a change to it.
    months: HashMap<(Uuid, u32), Poll>,
    /// By person, the newest poll with a change to all months.
    whole: HashMap<Uuid, Poll>,
    /// The newest poll that invalidated everything.
    everybody: Poll,
}

impl Feed {
    /// A feed whose entries are served for `grace` without a successful poll.
    pub(super) fn new(grace: Duration) -> Self {
        Feed { state: RwLock::default(), grace }
    }

    /// Polls and never returns.
    pub(super) async fn follow(&self, reports: &MartReader) {
        let mut fails = false;
        loop {
            let (seen, began) = (self.read().settled, Instant::now());
            match reports.changes_since(seen).await {
                Ok(changes) => {
                    if std::mem::take(&mut fails) {
                        tracing::info!("polling for changes works again; the cache is in use");
                    }
                    self.take(began, changes);
                }
                Err(error) if !fails => {
                    fails = true;
                    tracing::warn!(error = %error, "cannot poll for changes; the cache is used for the grace period only");
                }
                Err(_) => {}
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    pub(super) fn take(&self, began: Instant, Changes { settled, freshness, of }: Changes) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.polls += 1;
        let poll = state.polls;
        // Everything is invalidated after a long outage, and by a warehouse in an earlier state, as after a
        // restore.
        let was_away = state.newest.is_none_or(|newest| newest.began.elapsed() > self.grace);
        let is_too_much = state.people.len() + state.months.len() > MOST;
        if was_away || is_too_much || settled < state.settled || of.is_none() {
            state.everybody = poll;
            state.people.clear();
            state.months.clear();
            state.whole.clear();
        }
        for (user, month) in of.into_iter().flatten() {
            state.people.insert(user, poll);
            match month {
                0 => state.whole.insert(user, poll),
                month => state.months.insert((user, month), poll),
            };
        }
        state.settled = settled;
        state.newest = Some(Newest { poll, began, freshness });
    }

    /// The newest poll, or `None` if it is older than the grace period.
    pub(super) fn newest(&self) -> Option<Newest> {
        self.read().newest.filter(|newest| newest.began.elapsed() <= self.grace)
    }

    /// Returns true if the person is unchanged since this poll.
    pub(super) fn is_valid(&self, user: Uuid, read: Poll) -> bool {
        let state = self.read();
        let people = state.people.get(&user).copied().unwrap_or_default();
        read >= people.max(state.everybody)
    }

    /// Returns true if the person's month is unchanged since this poll.
    pub(super) fn is_month_valid(&self, user: Uuid, month: Month, read: Poll) -> bool {
        let state = self.read();
        let of_month = state.months.get(&(user, month.number())).copied().unwrap_or_default();
        let whole = state.whole.get(&user).copied().unwrap_or_default();
        read >= of_month.max(whole).max(state.everybody)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Invalidations> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: Uuid = Uuid::from_u128(1);
    const IVAN: Uuid = Uuid::from_u128(2);

    fn tell(feed: &Feed, settled: u64, of: &[(Uuid, u32)]) {
        let freshness = Freshness { data_as_of: None, received_at: None };
        feed.take(Instant::now(), Changes { settled, freshness, of: Some(of.to_vec()) });
    }

    fn month(number: u32) -> Month {
        let text = format!("{}-{:02}-01T00:00:00Z", number / 100, number % 100);
        Month::of(text.parse().unwrap())
    }

    #[test]
    fn a_poll_invalidates_what_was_read_before_it() {
        let feed = Feed::new(Duration::from_secs(60));
        assert!(feed.newest().is_none());
        tell(&feed, 0, &[]);
        assert!(feed.is_valid(ANNA, 1) && !feed.is_valid(ANNA, 0));
        tell(&feed, 0, &[(ANNA, 202_401)]);
        assert!(!feed.is_valid(ANNA, 1) && feed.is_valid(IVAN, 1));
        assert!(!feed.is_month_valid(ANNA, month(202_401), 1));
        assert!(feed.is_month_valid(ANNA, month(202_402), 1));
        // Read since then, but the load is still running: the next poll returns the change again.
        assert!(feed.is_month_valid(ANNA, month(202_401), 2));
        tell(&feed, 1, &[(ANNA, 202_401)]);
        assert!(!feed.is_month_valid(ANNA, month(202_401), 2));
        tell(&feed, 1, &[]);
        assert!(feed.is_month_valid(ANNA, month(202_401), 3));
        tell(&feed, 2, &[(ANNA, 0)]);
        assert!(!feed.is_month_valid(ANNA, month(202_402), 4));
    }

    #[test]
    fn a_restored_warehouse_and_too_many_changes_invalidate_everything() {
        let feed = Feed::new(Duration::from_secs(60));
        tell(&feed, 9, &[]);
        tell(&feed, 8, &[]);
        assert!(!feed.is_valid(ANNA, 1) && feed.is_valid(ANNA, 2));
        feed.take(
            Instant::now(),
            Changes { settled: 8, freshness: Freshness { data_as_of: None, received_at: None }, of: None },
        );
        assert!(!feed.is_month_valid(IVAN, month(202_401), 2));
    }

    #[test]
    fn after_the_grace_period_there_is_no_poll_and_the_next_one_invalidates_everything() {
        let feed = Feed::new(Duration::ZERO);
        tell(&feed, 1, &[]);
        std::thread::sleep(Duration::from_millis(2));
        assert!(feed.newest().is_none());
        tell(&feed, 1, &[]);
        assert!(!feed.is_valid(ANNA, 1));
    }
}

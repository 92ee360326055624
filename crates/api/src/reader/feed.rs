//! What loads have changed, as far as the newest poll of the warehouse tells.
//!
//! A poll tells of everything that was announced since the last settled load, so of a load that is under way each poll tells
//! again. Whatever was read before a poll tells of a change is old after it; so nothing that is kept is older than the newest
//! poll, in whatever order loads end.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use bionicpro_reports::Month;
use bionicpro_warehouse::changes::Changes;
use bionicpro_warehouse::reports::{Freshness, Reports};
use uuid::Uuid;

/// The time between two polls.
const INTERVAL: Duration = Duration::from_secs(1);
/// More people and months than these are forgotten at once, and with them all that is kept.
const MOST: usize = 500_000;

/// A poll's number, from 1; 0 is before the first. Something read has the number of the newest poll before it.
pub(super) type Poll = u64;

/// The newest poll, and what polls have told.
#[derive(Debug)]
pub(super) struct Feed {
    told: RwLock<Told>,
    grace: Duration,
}

/// The newest poll.
#[derive(Debug, Clone, Copy)]
pub(super) struct Newest {
    pub(super) poll: Poll,
    /// When it began: what had been read by then, it would have told of.
    pub(super) began: Instant,
    pub(super) freshness: Freshness,
}

#[derive(Debug, Default)]
struct Told {
    polls: Poll,
    newest: Option<Newest>,
    /// The number up to which loads are settled, of the newest poll.
    settled: u64,
    /// The newest poll that told of a change of a person, in any month.
    people: HashMap<Uuid, Poll>,
    /// The same of one month.
    months: HashMap<(Uuid, u32), Poll>,
    /// The same of every month of a person.
    whole: HashMap<Uuid, Poll>,
    /// The same of everybody.
    everybody: Poll,
}

impl Feed {
    /// `grace` is how long the newest poll is believed where no newer one succeeds.
    pub(super) fn new(grace: Duration) -> Self {
        Feed { told: RwLock::default(), grace }
    }

    /// Polls for ever.
    pub(super) async fn follow(&self, reports: &Reports) {
        let mut fails = false;
        loop {
            let (seen, began) = (self.read().settled, Instant::now());
            match reports.changes_since(seen).await {
                Ok(changes) => {
                    if std::mem::take(&mut fails) {
                        tracing::info!("the warehouse tells again what it changes");
                    }
                    self.take(began, changes);
                }
                Err(error) if !fails => {
                    fails = true;
                    tracing::warn!(error = %error, "the warehouse does not tell what it changes");
                }
                Err(_) => {}
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    pub(super) fn take(&self, began: Instant, Changes { settled, freshness, of }: Changes) {
        let mut told = self.told.write().unwrap_or_else(PoisonError::into_inner);
        told.polls += 1;
        let poll = told.polls;
        // Nobody has told what happened meanwhile, or not of this state of the warehouse.
        let was_away = told.newest.is_none_or(|newest| newest.began.elapsed() > self.grace);
        let is_too_much = told.people.len() + told.months.len() > MOST;
        if was_away || is_too_much || settled < told.settled || of.is_none() {
            told.everybody = poll;
            told.people.clear();
            told.months.clear();
            told.whole.clear();
        }
        for (user, month) in of.into_iter().flatten() {
            told.people.insert(user, poll);
            match month {
                0 => told.whole.insert(user, poll),
                month => told.months.insert((user, month), poll),
            };
        }
        told.settled = settled;
        told.newest = Some(Newest { poll, began, freshness });
    }

    /// The newest poll; none where it is too long ago, or there was none.
    pub(super) fn newest(&self) -> Option<Newest> {
        self.read().newest.filter(|newest| newest.began.elapsed() <= self.grace)
    }

    /// Whether what was read of a person is what the newest poll knows.
    pub(super) fn is_current(&self, user: Uuid, read: Poll) -> bool {
        let told = self.read();
        let people = told.people.get(&user).copied().unwrap_or_default();
        read >= people.max(told.everybody)
    }

    /// The same of one month.
    pub(super) fn is_current_month(&self, user: Uuid, month: Month, read: Poll) -> bool {
        let told = self.read();
        let of_month = told.months.get(&(user, month.number())).copied().unwrap_or_default();
        let whole = told.whole.get(&user).copied().unwrap_or_default();
        read >= of_month.max(whole).max(told.everybody)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Told> {
        self.told.read().unwrap_or_else(PoisonError::into_inner)
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
    fn what_was_read_before_a_poll_that_tells_of_it_is_old() {
        let feed = Feed::new(Duration::from_secs(60));
        assert!(feed.newest().is_none());
        tell(&feed, 0, &[]);
        assert!(feed.is_current(ANNA, 1) && !feed.is_current(ANNA, 0));
        tell(&feed, 0, &[(ANNA, 202_401)]);
        assert!(!feed.is_current(ANNA, 1) && feed.is_current(IVAN, 1));
        assert!(!feed.is_current_month(ANNA, month(202_401), 1));
        assert!(feed.is_current_month(ANNA, month(202_402), 1));
        // Read since, but the load is still under way: the next poll tells of it again.
        assert!(feed.is_current_month(ANNA, month(202_401), 2));
        tell(&feed, 1, &[(ANNA, 202_401)]);
        assert!(!feed.is_current_month(ANNA, month(202_401), 2));
        tell(&feed, 1, &[]);
        assert!(feed.is_current_month(ANNA, month(202_401), 3));
        tell(&feed, 2, &[(ANNA, 0)]);
        assert!(!feed.is_current_month(ANNA, month(202_402), 4));
    }

    #[test]
    fn a_restored_warehouse_and_too_many_changes_make_everything_old() {
        let feed = Feed::new(Duration::from_secs(60));
        tell(&feed, 9, &[]);
        tell(&feed, 8, &[]);
        assert!(!feed.is_current(ANNA, 1) && feed.is_current(ANNA, 2));
        feed.take(
            Instant::now(),
            Changes { settled: 8, freshness: Freshness { data_as_of: None, received_at: None }, of: None },
        );
        assert!(!feed.is_current_month(IVAN, month(202_401), 2));
    }

    #[test]
    fn a_poll_that_is_too_long_ago_is_none_and_the_next_one_makes_everything_old() {
        let feed = Feed::new(Duration::ZERO);
        tell(&feed, 1, &[]);
        std::thread::sleep(Duration::from_millis(2));
        assert!(feed.newest().is_none());
        tell(&feed, 1, &[]);
        assert!(!feed.is_current(ANNA, 1));
    }
}

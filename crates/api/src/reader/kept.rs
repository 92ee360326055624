//! One person's hours as they were read, and which of them are still what the warehouse says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bionicpro_reports::{Hours, Month, MonthHours, Person};
use tokio::sync::Mutex;

use super::feed::{Feed, Newest, Poll};

/// What a place takes beside the hours: the login name, locks, trees.
const OVERHEAD: u64 = 512;

/// A person's place in the cache. Whoever needs the same person waits for one reading.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) kept: Arc<Mutex<Option<Kept>>>,
    /// What it took when it was put into the cache, which counts on a place to stay as heavy as it was.
    pub(super) bytes: u64,
}

impl Default for Place {
    fn default() -> Self {
        Place { kept: Arc::default(), bytes: OVERHEAD }
    }
}

/// When something was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    /// The newest poll before it.
    pub(super) poll: Poll,
    /// The moment before it.
    pub(super) began: Instant,
    /// The moment after it.
    pub(super) ended: Instant,
}

/// What was read of a person.
#[derive(Debug)]
pub(super) struct Kept {
    person: (Arc<Person>, Stamp),
    months: BTreeMap<Month, (Arc<MonthHours>, Stamp)>,
}

impl Kept {
    /// The hours of these months, where all that it takes is kept and is of one state of the warehouse.
    ///
    /// What was read before the newest poll began, and that poll told nothing of, is of the state that the poll saw. What was
    /// read later may be newer: it goes together only with what was read by the same statement.
    pub(super) fn answer(
        &self,
        feed: &Feed,
        newest: &Newest,
        max_age: Duration,
        asked: &[Month],
    ) -> Option<Hours> {
        let (person, read) = &self.person;
        let user = person.user_id?;
        let is_fresh = |stamp: &Stamp| stamp.began.elapsed() < max_age;
        if !is_fresh(read) || !feed.is_current(user, read.poll) {
            return None;
        }
        let mut months = Vec::new();
        // Where the person has no data nothing has to be kept.
        for month in asked.iter().filter(|month| person.presence.has(**month)) {
            let (hours, stamp) = self.months.get(month)?;
            let is_current = is_fresh(stamp) && feed.is_current_month(user, *month, stamp.poll);
            let is_seen = |stamp: &Stamp| stamp.ended <= newest.began;
            let goes_together = stamp.began == read.began || (is_seen(stamp) && is_seen(read));
            if !is_current || !goes_together {
                return None;
            }
            months.push(Arc::clone(hours));
        }
        Some(Hours::new(Arc::clone(person), months))
    }

    /// What is kept of these months.
    pub(super) fn shown(&self, months: &[Month]) -> Hours {
        let month = |month: &Month| self.months.get(month).map(|(hours, _)| Arc::clone(hours));
        Hours::new(Arc::clone(&self.person.0), months.iter().filter_map(month).collect())
    }

    /// Puts together what was kept and what was read now. Somebody else's hours are dropped with their name.
    pub(super) fn with(former: Option<Kept>, stamp: Stamp, person: Person, read: Vec<MonthHours>) -> Kept {
        let former = former.filter(|former| former.person.0.user_id == person.user_id);
        let mut months = former.map(|former| former.months).unwrap_or_default();
        months.extend(read.into_iter().map(|hours| (hours.month(), (Arc::new(hours), stamp))));
        Kept { person: (Arc::new(person), stamp), months }
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> u64 {
        let months = self.months.values().map(|(hours, _)| hours.bytes()).sum::<usize>();
        (self.person.0.presence.bytes() + months) as u64 + OVERHEAD
    }
}

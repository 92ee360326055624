//! One person's hours as they were read, and which of them are still what the warehouse says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bionicpro_reports::{Hours, Month, MonthHours, Person};
use tokio::sync::Mutex;

use super::feed::{Feed, Poll};

/// What an entry takes beside the hours: names of logins, locks, trees.
const OVERHEAD: u64 = 512;

/// A person's place in the cache. Whoever needs the same person waits for one reading.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub(super) kept: Mutex<Option<Kept>>,
    bytes: AtomicU64,
}

impl Place {
    /// What it weighs, as of when it was last put into the cache.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed) + OVERHEAD
    }

    pub(super) fn weigh(&self, kept: &Kept) {
        self.bytes.store(kept.bytes(), Ordering::Relaxed);
    }
}

/// When something was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    /// The newest poll before it.
    pub(super) poll: Poll,
    /// The moment before it.
    pub(super) at: Instant,
}

/// What was read of a person.
#[derive(Debug)]
pub(super) struct Kept {
    person: (Arc<Person>, Stamp),
    months: BTreeMap<Month, (Arc<MonthHours>, Stamp)>,
}

impl Kept {
    /// What is still current answers the question; otherwise, the months to read with the person.
    pub(super) fn answer(
        &self,
        feed: &Feed,
        max_age: Duration,
        asked: &[Month],
    ) -> Result<Hours, Vec<Month>> {
        let (person, read) = &self.person;
        let is_fresh = |stamp: &Stamp| stamp.at.elapsed() < max_age;
        let is_current =
            person.user_id.is_some_and(|user| feed.is_current(user, read.poll)) && is_fresh(read);
        let month = |month: &Month| {
            let (hours, read) = self.months.get(month)?;
            let user = person.user_id?;
            (is_fresh(read) && feed.is_current_month(user, *month, read.poll)).then(|| Arc::clone(hours))
        };
        // Which months have data is known as well as the person is.
        let missing =
            |asked: &&Month| month(asked).is_none() && (!is_current || person.presence.has(**asked));
        let missing: Vec<Month> = asked.iter().filter(missing).copied().collect();
        if !is_current || !missing.is_empty() {
            return Err(missing);
        }
        Ok(Hours::new(Arc::clone(person), asked.iter().filter_map(month).collect()))
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

    fn bytes(&self) -> u64 {
        let months = self.months.values().map(|(hours, _)| hours.bytes()).sum::<usize>();
        (self.person.0.presence.bytes() + months) as u64
    }
}

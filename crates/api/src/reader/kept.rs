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

#[cfg(test)]
mod tests {
    use bionicpro_reports::Presence;
    use bionicpro_warehouse::changes::Changes;
    use bionicpro_warehouse::reports::Freshness;
    use uuid::Uuid;

    use super::*;

    const ANNA: Uuid = Uuid::from_u128(1);
    const AGE: Duration = Duration::from_secs(60);

    fn months() -> [Month; 2] {
        ["2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"].map(|text| Month::of(text.parse().unwrap()))
    }

    fn person() -> Person {
        // 2024-01-15 and 2024-02-15.
        let presence = Presence::new([(ANNA, 19_737, 1), (ANNA, 19_768, 1)]);
        Person { user_id: Some(ANNA), presence, ..Person::default() }
    }

    fn poll(feed: &Feed, settled: u64, of: &[(Uuid, u32)]) {
        std::thread::sleep(Duration::from_millis(1));
        let freshness = Freshness::default();
        feed.take(Instant::now(), Changes { settled, freshness, of: Some(of.to_vec()) });
    }

    fn read(former: Option<Kept>, feed: &Feed, months: &[Month]) -> Kept {
        std::thread::sleep(Duration::from_millis(1));
        let now = Instant::now();
        let stamp = Stamp { poll: feed.newest().unwrap().poll, began: now, ended: now };
        Kept::with(former, stamp, person(), MonthHours::of_months(months, []))
    }

    #[test]
    fn parts_that_were_read_apart_go_together_once_a_poll_has_seen_both() {
        let (feed, both) = (Feed::new(AGE), months());
        let answers =
            |kept: &Kept, asked: &[Month]| kept.answer(&feed, &feed.newest().unwrap(), AGE, asked).is_some();
        poll(&feed, 0, &[]);
        let kept = read(None, &feed, &both);
        assert!(answers(&kept, &both) && answers(&kept, &[]));
        // A load may have come between the two.
        let kept = read(Some(kept), &feed, &both[1..]);
        assert!(answers(&kept, &both[1..]) && !answers(&kept, &both));
        poll(&feed, 0, &[]);
        assert!(answers(&kept, &both));
        poll(&feed, 1, &[(ANNA, 202_401)]);
        assert!(!answers(&kept, &both) && !answers(&kept, &[]));
        let kept = read(Some(kept), &feed, &both[1..]);
        poll(&feed, 1, &[]);
        assert!(answers(&kept, &both[1..]) && !answers(&kept, &both), "January is old");
        assert!(answers(&kept, &[Month::of("2023-01-01T00:00:00Z".parse().unwrap())]), "without data");
    }

    #[test]
    fn what_is_old_or_of_whom_the_name_was_is_no_answer() {
        let (feed, both) = (Feed::new(AGE), months());
        poll(&feed, 0, &[]);
        let kept = read(None, &feed, &both);
        assert!(kept.answer(&feed, &feed.newest().unwrap(), Duration::ZERO, &both).is_none());
        let other = Person { user_id: Some(Uuid::from_u128(2)), ..person() };
        let stamp = kept.person.1;
        let kept = Kept::with(Some(kept), stamp, other, MonthHours::of_months(&both[..1], []));
        assert!(kept.answer(&feed, &feed.newest().unwrap(), AGE, &both[..1]).is_some());
        assert!(kept.answer(&feed, &feed.newest().unwrap(), AGE, &both).is_none());
    }
}

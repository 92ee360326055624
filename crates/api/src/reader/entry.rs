//! A cache entry: one person's hours, each part with the time at which it was read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bionicpro_reports::{Hours, Month, MonthHours, Person};
use bionicpro_warehouse::reports::OwnedProsthesis;
use tokio::sync::Mutex;

use super::feed::{Feed, Newest, Poll};

/// The overhead of a slot in bytes: key, locks, maps.
const OVERHEAD: u64 = 512;

/// A person's slot in the cache.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) entry: Arc<Mutex<Option<Entry>>>,
    /// The weight in bytes at insertion. The cache requires that it does not change, so a slot that has grown
    /// is inserted again.
    pub(super) bytes: u64,
}

impl Default for Slot {
    fn default() -> Self {
        Slot { entry: Arc::default(), bytes: OVERHEAD }
    }
}

/// The time of a query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    /// The newest poll before it.
    pub(super) poll: Poll,
    pub(super) began: Instant,
    pub(super) ended: Instant,
}

/// The cached data of a person.
#[derive(Debug)]
pub(super) struct Entry {
    person: (Arc<Person>, Stamp),
    months: BTreeMap<Month, (Arc<MonthHours>, Stamp)>,
    prostheses: Option<(Arc<[OwnedProsthesis]>, Stamp)>,
}

impl Entry {
    /// Returns the hours of these months if the entry has all of them as of one state of the warehouse.
    ///
    /// A part that was read before the newest poll began, and that this poll did not invalidate, reflects the
    /// state of the poll. A part that was read later may be newer, so it is combined only with parts of the
    /// same query.
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
        if !is_fresh(read) || !feed.is_valid(user, read.poll) {
            return None;
        }
        let mut months = Vec::new();
        // A month without data need not be in the entry.
        for month in asked.iter().filter(|month| person.presence.has(**month)) {
            let (hours, stamp) = self.months.get(month)?;
            let is_valid = is_fresh(stamp) && feed.is_month_valid(user, *month, stamp.poll);
            let is_polled = |stamp: &Stamp| stamp.ended <= newest.began;
            let is_one_state = stamp.began == read.began || (is_polled(stamp) && is_polled(read));
            if !is_valid || !is_one_state {
                return None;
            }
            months.push(Arc::clone(hours));
        }
        Some(Hours::new(Arc::clone(person), months))
    }

    /// The hours of these months, valid or not.
    pub(super) fn hours(&self, months: &[Month]) -> Hours {
        let month = |month: &Month| self.months.get(month).map(|(hours, _)| Arc::clone(hours));
        Hours::new(Arc::clone(&self.person.0), months.iter().filter_map(month).collect())
    }

    /// Merges the parts that were just read into the former entry. The hours of another person are dropped,
    /// because a login name can move.
    pub(super) fn merged(
        former: Option<Entry>,
        stamp: Stamp,
        person: Person,
        read: Vec<MonthHours>,
    ) -> Entry {
        let former = former.filter(|former| former.person.0.user_id == person.user_id);
        let (mut months, prostheses) =
            former.map(|former| (former.months, former.prostheses)).unwrap_or_default();
        months.extend(read.into_iter().map(|hours| (hours.month(), (Arc::new(hours), stamp))));
        Entry { person: (Arc::new(person), stamp), months, prostheses }
    }

    /// The prostheses, if the entry has them as of the newest poll.
    pub(super) fn prostheses(&self, feed: &Feed, max_age: Duration) -> Option<Arc<[OwnedProsthesis]>> {
        let (prostheses, read) = self.prostheses.as_ref()?;
        let is_valid = feed.is_valid(self.person.0.user_id?, read.poll) && read.began.elapsed() < max_age;
        is_valid.then(|| Arc::clone(prostheses))
    }

    /// Caches prostheses that were just read, if they are this person's.
    pub(super) fn keep(&mut self, prostheses: &Arc<[OwnedProsthesis]>, stamp: Stamp) {
        let is_own = prostheses.iter().all(|own| Some(own.user_id) == self.person.0.user_id);
        self.prostheses = is_own.then(|| (Arc::clone(prostheses), stamp));
    }

    /// The approximate size in memory, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        let months = self.months.values().map(|(hours, _)| hours.bytes()).sum::<usize>();
        let prostheses =
            self.prostheses.iter().map(|(prostheses, _)| size_of_val(&**prostheses)).sum::<usize>();
        (self.person.0.presence.bytes() + months + prostheses) as u64 + OVERHEAD
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

    fn read(former: Option<Entry>, feed: &Feed, months: &[Month]) -> Entry {
        std::thread::sleep(Duration::from_millis(1));
        let now = Instant::now();
        let stamp = Stamp { poll: feed.newest().unwrap().poll, began: now, ended: now };
        Entry::merged(former, stamp, person(), MonthHours::of_months(months, []))
    }

    #[test]
    fn parts_that_were_read_apart_go_together_once_a_poll_has_seen_both() {
        let (feed, both) = (Feed::new(AGE), months());
        let answers = |entry: &Entry, asked: &[Month]| {
            entry.answer(&feed, &feed.newest().unwrap(), AGE, asked).is_some()
        };
        poll(&feed, 0, &[]);
        let entry = read(None, &feed, &both);
        assert!(answers(&entry, &both) && answers(&entry, &[]));
        // A load may have happened between the two reads.
        let entry = read(Some(entry), &feed, &both[1..]);
        assert!(answers(&entry, &both[1..]) && !answers(&entry, &both));
        poll(&feed, 0, &[]);
        assert!(answers(&entry, &both));
        poll(&feed, 1, &[(ANNA, 202_401)]);
        assert!(!answers(&entry, &both) && !answers(&entry, &[]));
        let entry = read(Some(entry), &feed, &both[1..]);
        poll(&feed, 1, &[]);
        assert!(answers(&entry, &both[1..]) && !answers(&entry, &both), "January is old");
        assert!(answers(&entry, &[Month::of("2023-01-01T00:00:00Z".parse().unwrap())]), "without data");
    }

    #[test]
    fn what_is_old_or_of_whom_the_name_was_is_no_answer() {
        let (feed, both) = (Feed::new(AGE), months());
        poll(&feed, 0, &[]);
        let entry = read(None, &feed, &both);
        assert!(entry.answer(&feed, &feed.newest().unwrap(), Duration::ZERO, &both).is_none());
        let other = Person { user_id: Some(Uuid::from_u128(2)), ..person() };
        let stamp = entry.person.1;
        let entry = Entry::merged(Some(entry), stamp, other, MonthHours::of_months(&both[..1], []));
        assert!(entry.answer(&feed, &feed.newest().unwrap(), AGE, &both[..1]).is_some());
        assert!(entry.answer(&feed, &feed.newest().unwrap(), AGE, &both).is_none());
    }
}

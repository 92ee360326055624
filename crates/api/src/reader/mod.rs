//! Reads people's hours for the endpoints, from the cache or from the warehouse.
//!
//! A cache entry is valid until a load announces a change to it ([`feed`]). A request is answered from the
//! cache entirely or not at all: if anything is missing, one query reads all of it. While the warehouse is
//! unavailable, entries are served for the configured grace period.

mod entry;
mod feed;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bionicpro_model::{Result, Username};
use bionicpro_reports::{Hours, Month};
use bionicpro_warehouse::MartReader;
use bionicpro_warehouse::reports::{Freshness, OwnedProsthesis};
use chrono::{TimeDelta, Utc};
use quick_cache::Weighter;
use quick_cache::sync::{Cache, EntryAction, EntryResult};

use self::entry::{Entry, Slot, Stamp};
use self::feed::{Feed, Newest};
use crate::config::Config;
use crate::extractors::Wearer;
use crate::metrics;

/// The estimated size of an entry in bytes, which determines the cache's number of slots.
const TYPICAL_BYTES: u64 = 100_000;

/// A month, and the week before it, which is needed for medians.
const RECENT: TimeDelta = TimeDelta::days(38);

/// Reads people's hours.
pub(crate) struct Reader {
    reports: MartReader,
    cache: Option<Cache<Username, Slot, Bytes>>,
    feed: Feed,
    max_age: Duration,
}

/// Weighs slots in bytes.
#[derive(Clone)]
struct Bytes;

impl Weighter<Username, Slot> for Bytes {
    fn weight(&self, login: &Username, slot: &Slot) -> u64 {
        slot.bytes + login.as_str().len() as u64
    }
}

impl Reader {
    pub(crate) fn new(reports: MartReader, config: &Config) -> Self {
        let bytes = config.bytes_of_hours();
        let people = usize::try_from(bytes / TYPICAL_BYTES).unwrap_or(usize::MAX).max(16);
        Reader {
            reports,
            cache: (bytes > 0).then(|| Cache::with_weighter(people, bytes, Bytes)),
            feed: Feed::new(Duration::from_secs(config.cache_grace_s.into())),
            max_age: Duration::from_secs(config.cache_max_age_s.into()),
        }
    }

    /// Polls the warehouse for changes and never returns. Without a cache it only waits.
    pub(crate) async fn follow(&self) {
        match self.cache {
            Some(_) => self.feed.follow(&self.reports).await,
            None => std::future::pending().await,
        }
    }

    /// The freshness of the mart as of the newest poll. Hours that are read afterwards are at least as new.
    pub(crate) fn freshness(&self) -> Option<Freshness> {
        self.feed.newest().map(|newest| newest.freshness)
    }

    /// Returns the wearer with the hours of the given months; without months, only what is known without
    /// numbers.
    pub(crate) async fn hours(&self, wearer: &Wearer, months: &[Month]) -> Result<Hours> {
        let (Some(cache), Some(newest)) = (&self.cache, self.feed.newest()) else {
            let (person, months) = self.reports.person(&wearer.username, months).await?;
            return Ok(Hours::new(Arc::new(person), months.into_iter().map(Arc::new).collect()));
        };
        let Ok(slot) = cache.get_or_insert_with(&wearer.username, || Ok::<_, Infallible>(Slot::default()));
        // Concurrent requests for the same person wait for one query.
        let mut entry = slot.entry.lock().await;
        let answer = entry.as_ref().and_then(|entry| entry.answer(&self.feed, &newest, self.max_age, months));
        metrics::count_question(answer.is_some());
        if let Some(hours) = answer {
            return Ok(hours);
        }
        // Taken before the query, which may or may not see what a later poll announces.
        let (poll, began) = (self.feed.newest().map_or(0, |newest| newest.poll), Instant::now());
        let needed: BTreeSet<Month> = match &*entry {
            Some(_) => months.iter().copied().collect(),
            None => months.iter().copied().chain(recent(&newest)).collect(),
        };
        let (person, read) = self.reports.person(&wearer.username, &Vec::from_iter(needed)).await?;
        let stamp = Stamp { poll, began, ended: Instant::now() };
        let is_known = person.user_id.is_some();
        let read = Entry::merged(entry.take(), stamp, person, read);
        let hours = read.hours(months);
        if is_known {
            let grown = Slot { entry: Arc::clone(&slot.entry), bytes: read.bytes() };
            *entry = Some(read);
            replace(cache, &wearer.username, grown);
        }
        Ok(hours)
    }

    /// The prostheses that the wearer has, and those of which they have data. If none of them is a former
    /// one, they follow from what is known with the hours; otherwise a separate query reads them, and its
    /// result is cached in the same entry.
    pub(crate) async fn prostheses(&self, wearer: &Wearer) -> Result<Arc<[OwnedProsthesis]>> {
        let read = async || Ok(Arc::from(self.reports.owned(&wearer.username).await?));
        let (Some(cache), Some(newest)) = (&self.cache, self.feed.newest()) else { return read().await };
        if let Some(present) = OwnedProsthesis::of_person(self.hours(wearer, &[]).await?.person()) {
            return Ok(Arc::from(present));
        }
        let Some(slot) = cache.get(&wearer.username) else { return read().await };
        let mut entry = slot.entry.lock().await;
        let Some(entry) = entry.as_mut() else { return read().await };
        let cached = entry.prostheses(&self.feed, self.max_age);
        metrics::count_question(cached.is_some());
        if let Some(prostheses) = cached {
            return Ok(prostheses);
        }
        let began = Instant::now();
        let prostheses = read().await?;
        entry.keep(&prostheses, Stamp { poll: newest.poll, began, ended: Instant::now() });
        Ok(prostheses)
    }
}

/// Replaces a slot by the same slot that has grown, so that the cache weighs it again. A slot that was
/// evicted meanwhile is not inserted: another one that was filled since then may be newer, and may already
/// have been shown.
fn replace(cache: &Cache<Username, Slot, Bytes>, login: &Username, grown: Slot) {
    let is_same = |cached: &Slot| Arc::ptr_eq(&cached.entry, &grown.entry);
    let place = cache.entry(login, None, |_, cached| match is_same(cached) {
        true => EntryAction::ReplaceWithGuard,
        false => EntryAction::Retain(()),
    });
    if let EntryResult::Replaced(place, _) = place {
        // Fails if the login name was inserted again meanwhile; that slot is the newer one.
        let _ = place.insert(grown);
    }
}

/// The months that a visit will request soon, whatever it requests first. Reading them with the first query
/// is cheaper than with a query of their own.
fn recent(newest: &Newest) -> Vec<Month> {
    let until = newest.freshness.data_as_of.unwrap_or_else(Utc::now);
    Month::spanning(until - RECENT, until)
}

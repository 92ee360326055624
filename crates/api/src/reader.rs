//! Where the endpoints get a person's hours from: the one way from a route to anybody's numbers.
//!
//! What was read is kept as long as loads have not changed it ([`feed`]), by person and month, up to so many bytes. A question
//! of which any part is missing is read whole, by one statement. Where the warehouse tells nothing, what is kept is still
//! shown for the grace of the configuration; after it, everything is read.

mod feed;
mod kept;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bionicpro_model::Result;
use bionicpro_reports::{Hours, Month};
use bionicpro_warehouse::Reports;
use bionicpro_warehouse::reports::Freshness;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use self::feed::Feed;
use self::kept::{Kept, Place, Stamp};
use crate::config::Config;
use crate::metrics;
use crate::wearer::Wearer;

/// A person's hours are estimated to take this much, for the size of the cache's table.
const TYPICAL_BYTES: u64 = 100_000;

/// Reads people's hours.
pub(crate) struct Reader {
    reports: Reports,
    cache: Option<Cache<String, Place, Bytes>>,
    feed: Feed,
    max_age: Duration,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<String, Place> for Bytes {
    fn weight(&self, login: &String, place: &Place) -> u64 {
        place.bytes + login.len() as u64
    }
}

impl Reader {
    pub(crate) fn new(reports: Reports, config: &Config) -> Self {
        let bytes = u64::from(config.cache_mb) * 1_000_000;
        let people = usize::try_from(bytes / TYPICAL_BYTES).unwrap_or(usize::MAX).max(16);
        Reader {
            reports,
            cache: (bytes > 0).then(|| Cache::with_weighter(people, bytes, Bytes)),
            feed: Feed::new(Duration::from_secs(config.cache_grace_s.into())),
            max_age: Duration::from_secs(config.cache_max_age_s.into()),
        }
    }

    /// Follows what the warehouse changes, for ever, where anything is kept.
    pub(crate) async fn follow(&self) {
        match self.cache {
            Some(_) => self.feed.follow(&self.reports).await,
            None => std::future::pending().await,
        }
    }

    /// How fresh the mart was at the newest poll; what is read or shown afterwards is at least as new.
    pub(crate) fn freshness(&self) -> Option<Freshness> {
        self.feed.newest().map(|newest| newest.freshness)
    }

    /// The wearer with the hours of the months that a question needs; without months, what is known without numbers.
    pub(crate) async fn hours(&self, wearer: &Wearer, months: &[Month]) -> Result<Hours> {
        let (Some(cache), Some(newest)) = (&self.cache, self.feed.newest()) else {
            let (person, months) = self.reports.person(&wearer.name, months).await?;
            return Ok(Hours::new(Arc::new(person), months.into_iter().map(Arc::new).collect()));
        };
        let Ok(place) = cache.get_or_insert_with(&*wearer.name, || Ok::<_, Infallible>(Place::default()));
        let mut kept = place.kept.lock().await;
        let answer = kept.as_ref().and_then(|kept| kept.answer(&self.feed, &newest, self.max_age, months));
        metrics::count_kept(answer.is_some());
        if let Some(hours) = answer {
            return Ok(hours);
        }
        // The poll and the moment before the reading: what a later poll tells may be in it or not.
        let (poll, began) = (self.feed.newest().map_or(0, |newest| newest.poll), Instant::now());
        let (person, read) = self.reports.person(&wearer.name, months).await?;
        let stamp = Stamp { poll, began, ended: Instant::now() };
        let is_anybody = person.user_id.is_some();
        let now = Kept::with(kept.take(), stamp, person, read);
        let hours = now.shown(months);
        if is_anybody {
            let place = Place { kept: Arc::clone(&place.kept), bytes: now.bytes() };
            *kept = Some(now);
            cache.insert(wearer.name.clone(), place);
        }
        Ok(hours)
    }
}

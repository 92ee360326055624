//! The hours of a person that have data, over all time: one bit per hour.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use bionicpro_model::hours::midnight;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use crate::Month;

/// The hours with a movement, by prosthesis. A year of one prosthesis takes 3 kB.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Presence(BTreeMap<Uuid, BTreeMap<Day, Bits>>);

/// A UTC day, counted from 1970.
type Day = u16;
/// The hours of a UTC day with data; the lowest bit is the first hour.
type Bits = u32;

impl Presence {
    /// Creates the presence from tuples of prosthesis, UTC day since 1970, and hours (the lowest bit is the
    /// first hour), in any order.
    pub fn new(days: impl IntoIterator<Item = (Uuid, u16, u32)>) -> Self {
        let mut presence = Presence::default();
        for (prosthesis, day, bits) in days {
            *presence.0.entry(prosthesis).or_default().entry(day).or_default() |= bits;
        }
        presence
    }

    /// The hours with data of a prosthesis, or of any if `None`, oldest first.
    pub fn hours(&self, prosthesis: Option<Uuid>) -> impl DoubleEndedIterator<Item = DateTime<Utc>> + use<> {
        self.within(prosthesis, 0..=Day::MAX)
    }

    /// The hours `from <= hour < to` with data.
    pub fn hours_between(
        &self,
        prosthesis: Option<Uuid>,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> impl Iterator<Item = DateTime<Utc>> + use<> {
        self.within(prosthesis, day_of(from)..=day_of(to)).filter(move |hour| from <= *hour && *hour < to)
    }

    fn within(
        &self,
        prosthesis: Option<Uuid>,
        range: RangeInclusive<Day>,
    ) -> impl DoubleEndedIterator<Item = DateTime<Utc>> + use<> {
        let mut days: BTreeMap<Day, Bits> = BTreeMap::new();
        for (day, bits) in self.asked(prosthesis).flat_map(|days| days.range(range.clone())) {
            *days.entry(*day).or_default() |= bits;
        }
        days.into_iter().flat_map(|(day, bits)| {
            let hours = (0..24).filter(move |hour| bits >> hour & 1 == 1);
            hours.map(move |hour| hour_of(day, hour))
        })
    }

    /// The newest hours with data before a moment: those of the last UTC day that has any, and of the day
    /// before it.
    pub(crate) fn before(&self, prosthesis: Option<Uuid>, moment: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let newest = |end: Day| {
            self.asked(prosthesis).filter_map(|days| days.range(..end).next_back()).map(|(day, _)| *day).max()
        };
        let mut end = day_of(moment).saturating_add(1);
        while let Some(day) = newest(end) {
            let hours = self.within(prosthesis, day.saturating_sub(1)..=day);
            let found: Vec<_> = hours.filter(|hour| *hour < moment).collect();
            if !found.is_empty() {
                return found;
            }
            end = day;
        }
        Vec::new()
    }

    /// The oldest hours with data from a moment on: those of the first UTC day that has any, and of the day
    /// after it.
    pub(crate) fn from(&self, prosthesis: Option<Uuid>, moment: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let oldest = |from: Day| {
            self.asked(prosthesis).filter_map(|days| days.range(from..).next()).map(|(day, _)| *day).min()
        };
        let mut from = Some(day_of(moment));
        while let Some(day) = from.and_then(oldest) {
            let hours = self.within(prosthesis, day..=day.saturating_add(1));
            let found: Vec<_> = hours.filter(|hour| *hour >= moment).collect();
            if !found.is_empty() {
                return found;
            }
            from = day.checked_add(1);
        }
        Vec::new()
    }

    fn asked(&self, prosthesis: Option<Uuid>) -> impl Iterator<Item = &BTreeMap<Day, Bits>> {
        self.0
            .iter()
            .filter(move |(id, _)| prosthesis.is_none_or(|asked| asked == **id))
            .map(|(_, days)| days)
    }

    /// The first hour with data.
    pub fn first_hour(&self, prosthesis: Option<Uuid>) -> Option<DateTime<Utc>> {
        let firsts = self.asked(prosthesis).filter_map(|days| days.first_key_value());
        firsts.map(|(day, bits)| hour_of(*day, bits.trailing_zeros())).min()
    }

    /// The last hour with data.
    pub fn last_hour(&self, prosthesis: Option<Uuid>) -> Option<DateTime<Utc>> {
        let lasts = self.asked(prosthesis).filter_map(|days| days.last_key_value());
        lasts.filter_map(|(day, bits)| Some(hour_of(*day, bits.checked_ilog2()?))).max()
    }

    /// The prostheses with data.
    pub fn prostheses(&self) -> impl Iterator<Item = Uuid> {
        self.0.keys().copied()
    }

    /// Returns true if the month has data.
    pub fn has(&self, month: Month) -> bool {
        let days = day_of(month.start())..day_of(month.next().start());
        self.0.values().any(|of_prosthesis| of_prosthesis.range(days.clone()).next().is_some())
    }

    /// The approximate memory in bytes.
    pub fn bytes(&self) -> usize {
        // Nodes of a B-tree are about two thirds full.
        let entry = (size_of::<Day>() + size_of::<Bits>()) * 3 / 2;
        self.0.values().map(|days| size_of::<Uuid>() + days.len() * entry).sum()
    }
}

/// The UTC day of a moment, counted from 1970.
fn day_of(moment: DateTime<Utc>) -> Day {
    Day::try_from(moment.timestamp().max(0) / 86_400).unwrap_or(Day::MAX)
}

/// The beginning of an hour of a UTC day.
fn hour_of(day: Day, hour: u32) -> DateTime<Utc> {
    midnight(NaiveDate::default() + Days::new(day.into())) + TimeDelta::hours(hour.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_of_several_prostheses_are_one_presence() {
        let id = Uuid::from_u128;
        // 2024-01-31 and 2024-02-01.
        let presence =
            Presence::new([(id(1), 19_753, 0b101), (id(2), 19_753, 0b110), (id(2), 19_754, 1 << 23)]);
        let hours = |of| presence.hours(of).map(|hour| hour.format("%dT%H").to_string()).collect::<Vec<_>>();
        assert_eq!(hours(None), ["31T00", "31T01", "31T02", "01T23"]);
        assert_eq!(hours(Some(id(1))), ["31T00", "31T02"]);
        assert_eq!(hours(Some(id(3))), [""; 0]);
        assert_eq!(presence.hours(None).next_back(), presence.hours(Some(id(2))).last());
        for prosthesis in [None, Some(id(1)), Some(id(2)), Some(id(3))] {
            assert_eq!(presence.last_hour(prosthesis), presence.hours(prosthesis).next_back());
            assert_eq!(presence.first_hour(prosthesis), presence.hours(prosthesis).next());
        }
        assert_eq!(presence.prostheses().collect::<Vec<_>>(), [id(1), id(2)]);
        let has = |text: &str| presence.has(Month::of(text.parse().unwrap()));
        assert!(has("2024-01-01T00:00:00Z") && has("2024-02-29T00:00:00Z"));
        assert!(!has("2023-12-31T00:00:00Z") && !has("2024-03-01T00:00:00Z"));
        assert_eq!(Presence::default().first_hour(None), None);
    }
}

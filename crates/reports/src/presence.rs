//! Which hours of a person have data, for all time: a bit for each hour.

use std::collections::BTreeMap;

use bionicpro_model::hours::midnight;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use crate::Month;

/// The hours with a movement, by prosthesis. A year of one prosthesis takes 3 kB.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Presence(BTreeMap<Uuid, BTreeMap<Day, Bits>>);

/// A UTC day, counted from 1970.
type Day = u16;
/// The hours of a UTC day, the first one as the lowest bit.
type Bits = u32;

impl Presence {
    /// A prosthesis, a UTC day counted from 1970, and its hours with the first one as the lowest bit, in any order.
    pub fn new(days: impl IntoIterator<Item = (Uuid, u16, u32)>) -> Self {
        let mut presence = Presence::default();
        for (prosthesis, day, bits) in days {
            *presence.0.entry(prosthesis).or_default().entry(day).or_default() |= bits;
        }
        presence
    }

    /// The hours with data of a prosthesis, or of any, oldest first.
    pub fn hours(&self, prosthesis: Option<Uuid>) -> impl DoubleEndedIterator<Item = DateTime<Utc>> + use<> {
        let mut days: BTreeMap<Day, Bits> = BTreeMap::new();
        let asked = self.0.iter().filter(|(id, _)| prosthesis.is_none_or(|asked| asked == **id));
        for (day, bits) in asked.flat_map(|(_, days)| days) {
            *days.entry(*day).or_default() |= bits;
        }
        days.into_iter().flat_map(|(day, bits)| {
            let hours = (0..24).filter(move |hour| bits >> hour & 1 == 1);
            hours.map(move |hour| hour_of(day, hour))
        })
    }

    /// The first hour with data.
    pub fn first_hour(&self, prosthesis: Option<Uuid>) -> Option<DateTime<Utc>> {
        let asked = self.0.iter().filter(|(id, _)| prosthesis.is_none_or(|asked| asked == **id));
        let firsts = asked.filter_map(|(_, days)| days.first_key_value());
        firsts.map(|(day, bits)| hour_of(*day, bits.trailing_zeros())).min()
    }

    /// Whether the month has data.
    pub fn has(&self, month: Month) -> bool {
        let day = |moment: DateTime<Utc>| u16::try_from(moment.timestamp() / 86_400).unwrap_or(u16::MAX);
        let days = day(month.start())..day(month.next().start());
        self.0.values().any(|of_prosthesis| of_prosthesis.range(days.clone()).next().is_some())
    }

    /// About how much memory it takes.
    pub fn bytes(&self) -> usize {
        // Nodes of a B-tree are two thirds full.
        let entry = (size_of::<Day>() + size_of::<Bits>()) * 3 / 2;
        self.0.values().map(|days| size_of::<Uuid>() + days.len() * entry).sum()
    }
}

/// An hour of a day.
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
        let has = |text: &str| presence.has(Month::of(text.parse().unwrap()));
        assert!(has("2024-01-01T00:00:00Z") && has("2024-02-29T00:00:00Z"));
        assert!(!has("2023-12-31T00:00:00Z") && !has("2024-03-01T00:00:00Z"));
        assert_eq!(Presence::default().first_hour(None), None);
    }
}

//! The reach of a change of ownership: the cells that have to be read again, and the rows that lose their
//! owner.
//!
//! A row of the mart adds up every chip that a person's prosthesis had in the hour. So if one of them is
//! read, its [`siblings`] are read too.

use std::collections::{BTreeMap, BTreeSet};

use bionicpro_model::HourRange;
use bionicpro_model::hours::{END_OF_HOURS, FIRST_HOUR, floor_to_hour};
use bionicpro_sources::telemetry::{ChipScope, Cut};
use bionicpro_warehouse::load::Former;
use chrono::{DateTime, TimeDelta, Utc};

use super::Holding;
use super::change::{Change, Timelines, Was};

/// Hours of chips that have to be read completely.
pub(crate) struct Reach(BTreeMap<String, Vec<HourRange>>);

impl Reach {
    /// Computes the reach of the changes within the hours that may be read.
    pub(crate) fn of(changes: &[Change], after: &Timelines<'_>, within: &HourRange) -> Reach {
        let mut chips_of: BTreeMap<Holding, BTreeSet<&str>> = BTreeMap::new();
        for (chip, spans) in &after.chips {
            for span in spans {
                chips_of.entry(span.holding).or_default().insert(chip);
            }
        }
        let mut reach: BTreeMap<String, Vec<HourRange>> = BTreeMap::new();
        for change in changes {
            let Some(hours) = hours(change.from, change.to).and_then(|hours| overlap(&hours, within)) else {
                continue;
            };
            for holding in change.former.iter().chain(&change.now) {
                for chip in chips_of.get(holding).into_iter().flatten() {
                    let spans = after.chips.get(chip).into_iter().flatten();
                    for span in spans.filter(|span| span.holding == *holding) {
                        let theirs = self::hours(span.from, span.to).and_then(|own| overlap(&own, &hours));
                        if let Some(theirs) = theirs {
                            reach.entry((*chip).to_owned()).or_default().push(theirs);
                        }
                    }
                }
            }
        }
        for ranges in reach.values_mut() {
            *ranges = united(std::mem::take(ranges));
        }
        Reach(reach)
    }

    pub(crate) fn scopes(&self) -> Vec<ChipScope> {
        let scope = |chip: &String, range: &HourRange| ChipScope { chip_id: chip.clone(), range: *range };
        self.0.iter().flat_map(|(chip, ranges)| ranges.iter().map(move |range| scope(chip, range))).collect()
    }
}

/// Returns the rows that may have lost their owner. Those that the load does not write again have to be
/// hidden.
pub(crate) fn former(was: &[Was]) -> Vec<Former> {
    let mut all: BTreeMap<Holding, Vec<HourRange>> = BTreeMap::new();
    for was in was {
        all.entry(was.holding).or_default().extend(hours(was.from, was.to));
    }
    all.into_iter()
        .flat_map(|(holding, ranges)| {
            united(ranges).into_iter().map(move |range| Former {
                user_id: holding.user_id,
                prosthesis_id: holding.prosthesis_id,
                range,
            })
        })
        .collect()
}

/// Returns pairs of chips whose cells may count for the same row. Any two such chips are linked, directly or
/// through other pairs.
pub(crate) fn siblings(after: &Timelines<'_>) -> Vec<(String, String)> {
    let mut first: BTreeMap<Holding, &str> = BTreeMap::new();
    let mut pairs: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (chip, spans) in &after.chips {
        for span in spans {
            let other = *first.entry(span.holding).or_insert(chip);
            if other != *chip {
                pairs.insert((other, chip));
            }
        }
    }
    pairs.into_iter().map(|(one, other)| (one.to_owned(), other.to_owned())).collect()
}

/// Returns the instants at which a cell has to be split, because ownership begins or ends within the hour.
pub(crate) fn boundaries(after: &Timelines<'_>) -> Vec<Cut> {
    let cuts: BTreeSet<(&str, DateTime<Utc>)> = after
        .chips
        .iter()
        .flat_map(|(chip, spans)| spans.iter().flat_map(move |span| [(*chip, span.from), (*chip, span.to)]))
        .filter(|(_, at)| floor_to_hour(*at) != *at)
        .collect();
    cuts.into_iter().map(|(chip, at)| Cut { chip_id: chip.to_owned(), at }).collect()
}

/// Returns the hours that a period touches.
fn hours(from: DateTime<Utc>, to: DateTime<Utc>) -> Option<HourRange> {
    let end = floor_to_hour(to);
    let end = if end == to { end } else { end + TimeDelta::hours(1) };
    HourRange::new(floor_to_hour(from).max(FIRST_HOUR), end.min(END_OF_HOURS)).ok()
}

fn overlap(one: &HourRange, two: &HourRange) -> Option<HourRange> {
    HourRange::new(one.from().max(two.from()), one.to().min(two.to())).ok()
}

/// Merges ranges into ranges of the same hours that neither overlap nor touch.
fn united(mut ranges: Vec<HourRange>) -> Vec<HourRange> {
    ranges.sort_by_key(HourRange::from);
    let mut united: Vec<HourRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match united.last_mut().filter(|last| range.from() <= last.to()) {
            Some(last) => {
                if let Ok(both) = HourRange::new(last.from(), last.to().max(range.to())) {
                    *last = both;
                }
            }
            None => united.push(range),
        }
    }
    united
}

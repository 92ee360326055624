//! Turns a request into whole hours and intervals of chips that do not overlap: each cell is read once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bionicpro_model::HourRange;
use bionicpro_model::hours::floor_to_hour;

use super::cell_request::CellRequest;
use super::siblings::Siblings;
use super::unreadable::LeftOut;

pub(super) const HOUR_US: i64 = 3_600_000_000;

/// A chip from one instant to another, in microseconds since 1970; part of an hour, or as many hours as it
/// spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Interval {
    pub(super) from: i64,
    pub(super) to: i64,
    /// Its index in [`Plan::chips`].
    pub(super) chip: u32,
}

impl Interval {
    /// Returns whether it is within one hour.
    pub(super) fn is_one_cell(&self) -> bool {
        self.from.div_euclid(HOUR_US) == (self.to - 1).div_euclid(HOUR_US)
    }
}

/// The whole hours and the intervals to read.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) chips: Vec<Box<str>>,
    /// Hours of all chips, as half-open spans of microseconds that neither overlap nor touch, oldest first.
    pub(super) whole: Vec<(i64, i64)>,
    /// Chips that are left out of a whole hour, because their cell is cut: they are among the intervals.
    pub(super) left_out: BTreeMap<i64, Vec<u32>>,
    /// Intervals of chips outside of the whole hours, and those left out of them, oldest first.
    pub(super) intervals: Vec<Interval>,
}

impl Plan {
    /// Builds the plan, with `crowded` hours read whole. With `in_one_span`, the hours between whole hours
    /// are read whole too, for a table that is read at once.
    pub(super) fn new(wanted: &CellRequest, crowded: &BTreeSet<i64>, in_one_span: bool) -> Plan {
        let mut planner = Planner::new(wanted, crowded, in_one_span);
        planner.new_rows(wanted);
        planner.scopes(wanted);
        planner.finish(wanted)
    }

    /// From the first whole hour to the end of the last.
    pub(super) fn hull(&self) -> Option<(i64, i64)> {
        Some((self.whole.first()?.0, self.whole.last()?.1))
    }
}

struct Planner {
    plan: Plan,
    numbers: HashMap<Box<str>, u32>,
    siblings: Siblings,
    within: (i64, i64),
}

impl Planner {
    fn new(wanted: &CellRequest, crowded: &BTreeSet<i64>, in_one_span: bool) -> Planner {
        let within = span(&wanted.within);
        let mut hours: Vec<(i64, i64)> = wanted.range.iter().map(span).collect();
        let late = wanted.new.iter().flat_map(|new| &new.whole);
        hours.extend(late.chain(crowded).map(|hour| (hour * HOUR_US, (hour + 1) * HOUR_US)));
        let clipped = hours.into_iter().map(|(from, to)| (from.max(within.0), to.min(within.1)));
        let mut plan =
            Plan { whole: union(clipped.filter(|(from, to)| from < to).collect()), ..Plan::default() };
        if let (true, Some(hull)) = (in_one_span, plan.hull()) {
            plan.whole = vec![hull];
        }
        Planner { plan, numbers: HashMap::new(), siblings: Siblings::new(&wanted.siblings), within }
    }

    fn number(&mut self, chip: &str) -> u32 {
        if let Some(number) = self.numbers.get(chip) {
            return *number;
        }
        let number = u32::try_from(self.plan.chips.len()).unwrap_or(u32::MAX);
        self.plan.chips.push(chip.into());
        self.numbers.insert(chip.into(), number);
        number
    }

    /// A chip and its siblings, as indices; without those that the database cannot hold.
    fn family(&mut self, wanted: &CellRequest, chip: &str) -> Vec<u32> {
        let is_known = |chip: &str| wanted.may_be_held(chip);
        let names: Vec<Box<str>> =
            self.siblings.of(chip).filter(|chip| is_known(chip)).map(Into::into).collect();
        if names.is_empty() {
            return if is_known(chip) { vec![self.number(chip)] } else { Vec::new() };
        }
        names.iter().map(|name| self.number(name)).collect()
    }

    fn new_rows(&mut self, wanted: &CellRequest) {
        let Some(new) = &wanted.new else { return };
        let families: Vec<Vec<u32>> = new.chips.iter().map(|chip| self.family(wanted, chip)).collect();
        for (hour, chip) in &new.cells {
            let (from, to) = (hour * HOUR_US, (hour + 1) * HOUR_US);
            if from >= self.within.0 && to <= self.within.1 && !covers(&self.plan.whole, from) {
                let family = &families[*chip as usize];
                self.plan.intervals.extend(family.iter().map(|chip| Interval { from, to, chip: *chip }));
            }
        }
    }

    fn scopes(&mut self, wanted: &CellRequest) {
        for scope in &wanted.scopes {
            let (from, to) = span(&scope.range);
            let family = self.family(wanted, &scope.chip_id);
            for (from, to) in without((from.max(self.within.0), to.min(self.within.1)), &self.plan.whole) {
                self.plan.intervals.extend(family.iter().map(|chip| Interval { from, to, chip: *chip }));
            }
        }
    }

    fn finish(mut self, wanted: &CellRequest) -> Plan {
        self.plan.intervals = merged(std::mem::take(&mut self.plan.intervals));
        let mut cuts: BTreeMap<u32, BTreeSet<i64>> = BTreeMap::new();
        for cut in &wanted.cuts {
            let (at, hour) = (cut.at.timestamp_micros(), floor_to_hour(cut.at).timestamp_micros());
            // Cells end on the hour anyway.
            let is_known = wanted.may_be_held(&cut.chip_id);
            if at > hour && hour >= self.within.0 && hour < self.within.1 && is_known {
                let number = self.number(&cut.chip_id);
                cuts.entry(number).or_default().insert(at);
                if covers(&self.plan.whole, hour) {
                    let left_out = self.plan.left_out.entry(hour).or_default();
                    if !left_out.contains(&number) {
                        left_out.push(number);
                        self.plan.intervals.push(Interval { from: hour, to: hour + HOUR_US, chip: number });
                    }
                }
            }
        }
        let intervals = match &wanted.left_out {
            None => self.plan.intervals,
            Some(left_out) => readable(&self.plan, left_out),
        };
        let mut parts = Vec::with_capacity(intervals.len());
        for Interval { mut from, to, chip } in intervals {
            if let Some(cuts) = cuts.get(&chip) {
                for at in cuts.range(from + 1..to) {
                    parts.push(Interval { from, to: *at, chip });
                    from = *at;
                }
            }
            parts.push(Interval { from, to, chip });
        }
        parts.sort_unstable();
        self.plan.intervals = parts;
        self.plan
    }
}

/// The intervals without the hours that cannot be read.
fn readable(plan: &Plan, left_out: &LeftOut) -> Vec<Interval> {
    let of = |interval: &Interval| {
        let chip = interval.chip;
        let spans = left_out.spans_of(&plan.chips[chip as usize]);
        let left = without((interval.from, interval.to), &spans).into_iter();
        left.map(move |(from, to)| Interval { from, to, chip }).collect::<Vec<_>>()
    };
    plan.intervals.iter().flat_map(of).collect()
}

fn span(range: &HourRange) -> (i64, i64) {
    (range.from().timestamp_micros(), range.to().timestamp_micros())
}

/// Merges spans that touch or overlap.
fn union(mut spans: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    spans.sort_unstable();
    let mut union: Vec<(i64, i64)> = Vec::new();
    for (from, to) in spans {
        match union.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => union.push((from, to)),
        }
    }
    union
}

/// Returns whether an instant is in one of the spans, which are sorted and disjoint.
fn covers(spans: &[(i64, i64)], at: i64) -> bool {
    let after = spans.partition_point(|span| span.0 <= at);
    after.checked_sub(1).is_some_and(|index| at < spans[index].1)
}

/// The remainder of a span without the others.
fn without((first, to): (i64, i64), spans: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let (mut left, mut from) = (Vec::new(), first);
    for span in spans.iter().filter(|span| span.1 > first && span.0 < to) {
        if span.0 > from {
            left.push((from, span.0));
        }
        from = span.1;
    }
    if from < to {
        left.push((from, to));
    }
    left
}

/// Merges overlapping intervals of a chip; those that only touch remain separate, because a single cell is
/// the cheapest to read.
fn merged(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.sort_unstable_by_key(|interval| (interval.chip, interval.from, interval.to));
    intervals.dedup_by(|next, last| {
        let overlap = next.chip == last.chip && next.from < last.to;
        if overlap {
            last.to = last.to.max(next.to);
        }
        overlap
    });
    intervals
}

//! Changes between two states of ownership: the chip, the period, the former owners and the present one.

use std::collections::{BTreeMap, BTreeSet};

use bionicpro_model::hours::END_OF_HOURS;
use bionicpro_warehouse::owners::Ownership;
use bionicpro_warehouse::pending::Pending;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Holding;

/// A period in which a chip's movements count for another owner than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) chip_id: String,
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    /// The owners for whom they may have counted; several if a load was interrupted.
    pub(crate) former: BTreeSet<Holding>,
    /// The owner for whom they count now.
    pub(crate) now: Option<Holding>,
}

/// An owner for whom a chip's movements counted, or may have counted: those rows have to be hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Was {
    pub(crate) chip_id: String,
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    pub(crate) holding: Holding,
}

impl Change {
    /// Returns the move that a load is about to apply.
    pub(crate) fn applied(&self) -> Pending {
        Pending {
            chip_id: self.chip_id.clone(),
            from: self.from,
            to: self.to,
            owner: self.now.map(|now| (now.user_id, now.prosthesis_id)),
        }
    }

    pub(crate) fn was(&self) -> impl Iterator<Item = Was> + '_ {
        self.former.iter().map(|holding| Was {
            chip_id: self.chip_id.clone(),
            from: self.from,
            to: self.to,
            holding: *holding,
        })
    }
}

/// A period in which a chip's movements count for the same holding.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    pub(super) holding: Holding,
}

/// The owners over time, by chip. A person who is no longer a customer owns nothing.
#[derive(Debug, Default)]
pub(crate) struct Timelines<'a> {
    pub(super) chips: BTreeMap<&'a str, Vec<Span>>,
}

impl<'a> Timelines<'a> {
    pub(crate) fn new(intervals: &'a [Ownership], is_customer: impl Fn(Uuid) -> bool) -> Timelines<'a> {
        let mut chips: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
        for interval in intervals.iter().filter(|interval| is_customer(interval.user_id)) {
            let (from, to) = (interval.valid_from, interval.valid_to.unwrap_or(END_OF_HOURS));
            if from < to {
                chips.entry(&interval.chip_id).or_default().push(Span {
                    from,
                    to,
                    holding: Holding::of(interval),
                });
            }
        }
        Timelines { chips }
    }

    fn at(&self, chip: &str, instant: DateTime<Utc>) -> Option<Holding> {
        let spans = self.chips.get(chip)?;
        spans.iter().find(|span| span.from <= instant && instant < span.to).map(|span| span.holding)
    }
}

/// Returns the changes between two states. Moves that interrupted loads may have applied count as applied.
pub(crate) fn changes(before: &Timelines<'_>, pending: &[Pending], after: &Timelines<'_>) -> Vec<Change> {
    let mut edges: BTreeMap<&str, BTreeSet<DateTime<Utc>>> = BTreeMap::new();
    for (chip, spans) in before.chips.iter().chain(&after.chips) {
        edges.entry(chip).or_default().extend(spans.iter().flat_map(|span| [span.from, span.to]));
    }
    for change in pending {
        edges.entry(&change.chip_id).or_default().extend([change.from, change.to]);
    }
    let mut changes: Vec<Change> = Vec::new();
    for (chip, edges) in edges {
        let edges: Vec<_> = edges.into_iter().collect();
        for pair in edges.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let now = after.at(chip, from);
            let applied = pending
                .iter()
                .filter(|change| change.chip_id == chip && change.from <= from && from < change.to);
            let possible: BTreeSet<Option<Holding>> = applied
                .map(|change| change.owner.map(Holding::from))
                .chain([before.at(chip, from)])
                .collect();
            if possible.iter().all(|former| *former == now) {
                continue;
            }
            let former = possible.into_iter().flatten().filter(|former| Some(*former) != now).collect();
            match changes.last_mut() {
                Some(last)
                    if last.chip_id == chip
                        && last.to == from
                        && last.now == now
                        && last.former == former =>
                {
                    last.to = to;
                }
                _ => changes.push(Change { chip_id: chip.to_owned(), from, to, former, now }),
            }
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use bionicpro_model::hours::FIRST_HOUR;

    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        FIRST_HOUR + chrono::TimeDelta::hours(hour)
    }

    fn holding(of: u128) -> Holding {
        Holding { user_id: Uuid::from_u128(of), prosthesis_id: Uuid::from_u128(of) }
    }

    fn interval(of: u128, from: i64, to: Option<i64>) -> Ownership {
        Ownership {
            chip_id: "C".into(),
            valid_from: at(from),
            valid_to: to.map(at),
            user_id: holding(of).user_id,
            prosthesis_id: holding(of).prosthesis_id,
            prosthesis_model: String::new(),
            updated_at: None,
        }
    }

    /// Returns `from-to former>now` of each change, in hours.
    fn told(before: &[Ownership], pending: &[Pending], after: &[Ownership], gone: u128) -> Vec<String> {
        let (stored, customers) = (|_| true, |user| user != Uuid::from_u128(gone));
        let hour = |at: DateTime<Utc>| (at - FIRST_HOUR).num_hours();
        let name = |holding: &Holding| holding.user_id.as_u128().to_string();
        changes(&Timelines::new(before, stored), pending, &Timelines::new(after, customers))
            .iter()
            .map(|change| {
                let to = if change.to == END_OF_HOURS { String::new() } else { hour(change.to).to_string() };
                let former: Vec<_> = change.former.iter().map(name).collect();
                let now = change.now.as_ref().map(name).unwrap_or_default();
                format!("{}-{to} {}>{now}", hour(change.from), former.join(","))
            })
            .collect()
    }

    #[test]
    fn only_the_time_that_counts_for_somebody_else_is_a_change() {
        let before = [interval(1, 0, None)];
        let moved = [interval(1, 0, Some(5)), interval(2, 5, None)];
        assert_eq!(told(&before, &[], &before, 0), [] as [&str; 0]);
        assert_eq!(told(&before, &[], &moved, 0), ["5- 1>2"]);
        let corrected = [interval(1, 0, Some(3)), interval(2, 3, None)];
        assert_eq!(told(&moved, &[], &corrected, 0), ["3-5 1>2"]);
        assert_eq!(
            told(&moved, &[], &[interval(1, 0, Some(4)), interval(2, 7, None)], 0),
            ["4-5 1>", "5-7 2>"]
        );
    }

    #[test]
    fn a_new_chip_a_lost_chip_and_a_lost_customer_are_changes() {
        let before = [interval(1, 0, Some(5)), interval(2, 5, None)];
        assert_eq!(told(&[], &[], &before, 0), ["0-5 >1", "5- >2"]);
        assert_eq!(told(&before, &[], &[], 0), ["0-5 1>", "5- 2>"]);
        assert_eq!(told(&before, &[], &before, 1), ["0-5 1>"]);
    }

    #[test]
    fn what_a_cut_off_load_may_have_applied_is_taken_back_although_the_crm_went_back_too() {
        let before = [interval(1, 0, None)];
        let half = Pending {
            chip_id: "C".into(),
            from: at(5),
            to: at(9),
            owner: Some((Uuid::from_u128(2), Uuid::from_u128(2))),
        };
        assert_eq!(told(&before, std::slice::from_ref(&half), &before, 0), ["5-9 2>1"]);
        let later = [interval(1, 0, Some(7)), interval(2, 7, None)];
        assert_eq!(told(&before, &[half], &later, 0), ["5-7 2>1", "7- 1>2"]);
        let hidden = Pending { chip_id: "C".into(), from: at(5), to: at(9), owner: None };
        assert_eq!(told(&before, &[hidden], &before, 0), ["5-9 >1"]);
    }
}

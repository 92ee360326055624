//! Merges a CRM snapshot into the ownership history: intervals are added, closed, and corrected if the CRM
//! corrects them.
//!
//! The CRM's own `updated_at` is taken as the instant of a change if it is credible: if it is later than the
//! state stored last, or differs from the `updated_at` in that state. An `updated_at` that the CRM does not
//! maintain stays the same.

use std::collections::{BTreeMap, HashMap, HashSet};

use bionicpro_model::hours::FIRST_HOUR;
use bionicpro_warehouse::owners::Ownership;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Holding;

/// The present owner of a chip according to the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Present {
    pub(crate) chip_id: String,
    pub(crate) holding: Holding,
    pub(crate) prosthesis_model: String,
}

/// The ownership in a CRM snapshot.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// One entry for each chip that has an owner.
    pub(crate) present: Vec<Present>,
    /// The time of the last change of each prosthesis, according to the CRM.
    pub(crate) updated_at: HashMap<Uuid, DateTime<Utc>>,
    /// Prostheses whose present owner cannot be determined; they stay with their last owner.
    pub(crate) unknown: HashSet<Uuid>,
    /// The time of the snapshot.
    pub(crate) at: DateTime<Utc>,
    /// The time at which the stored state was seen.
    pub(crate) previous: Option<DateTime<Utc>>,
}

/// Merges a snapshot into the history; the result is ordered by chip and time.
///
/// A chip seen for the first time is assumed to have always belonged to its owner. Later changes count from
/// the instant that the CRM gives, or else from the snapshot. If the instant of the same owner moves into the
/// past, the boundary moves there.
pub(crate) fn merge(history: &[Ownership], seen: &Seen) -> Vec<Ownership> {
    let clock = Clock { seen, remembered: remembered(history) };
    let models: HashMap<Uuid, &str> =
        seen.present.iter().map(|now| (now.holding.prosthesis_id, now.prosthesis_model.as_str())).collect();
    let mut chips: BTreeMap<&str, Vec<Ownership>> = BTreeMap::new();
    for interval in history {
        let mut now = interval.clone();
        if let Some(model) = models.get(&interval.prosthesis_id) {
            (*model).clone_into(&mut now.prosthesis_model);
        }
        chips.entry(&interval.chip_id).or_default().push(now);
    }
    let mut now: HashMap<&str, &Present> =
        seen.present.iter().map(|present| (present.chip_id.as_str(), present)).collect();
    for (chip, intervals) in &mut chips {
        intervals.sort_by_key(|interval| interval.valid_from);
        bring_up_to_date(intervals, now.remove(chip), &clock);
    }
    for (chip, present) in now {
        chips.insert(chip, vec![clock.open(present, FIRST_HOUR)]);
    }
    chips.into_values().flatten().collect()
}

fn bring_up_to_date(intervals: &mut Vec<Ownership>, now: Option<&Present>, clock: &Clock<'_>) {
    let Some(last) = intervals.last_mut() else { return };
    let is_open = last.valid_to.is_none();
    if let Some(now) = now.filter(|now| is_open && now.holding == Holding::of(last)) {
        let told = clock.told(now.holding.prosthesis_id);
        correct(intervals, told.filter(|_| clock.is_new(now.holding.prosthesis_id)));
        if let Some(last) = intervals.last_mut() {
            last.updated_at = told;
        }
        return;
    }
    if is_open && now.is_none() && clock.seen.unknown.contains(&last.prosthesis_id) {
        return;
    }
    // Never before an instant that is already recorded: a second change at the same time, or a clock that
    // went back.
    let earliest = last.valid_to.unwrap_or(last.valid_from);
    let changed = now.map_or(last.prosthesis_id, |now| now.holding.prosthesis_id);
    let at = clock.instant(changed, earliest).max(earliest);
    if is_open {
        last.valid_to = Some(at);
        last.updated_at = clock.told(last.prosthesis_id).or(last.updated_at);
    }
    if let Some(now) = now {
        if last.valid_from == at {
            intervals.pop();
        }
        intervals.push(clock.open(now, at));
    }
}

/// Moves the beginning of the last interval to an earlier instant, at most into the interval before it.
fn correct(intervals: &mut [Ownership], told: Option<DateTime<Utc>>) {
    let [.., former, last] = intervals else { return };
    let Some(at) = told.filter(|at| former.valid_from < *at && *at < last.valid_from) else { return };
    last.valid_from = at;
    former.valid_to = former.valid_to.map(|end| end.min(at));
}

/// Decides which instants of the CRM are credible.
struct Clock<'a> {
    seen: &'a Seen,
    /// The `updated_at` of each prosthesis in the stored state.
    remembered: HashMap<Uuid, DateTime<Utc>>,
}

impl Clock<'_> {
    fn told(&self, prosthesis: Uuid) -> Option<DateTime<Utc>> {
        self.seen.updated_at.get(&prosthesis).copied()
    }

    /// Returns true if the CRM's instant differs from the stored one.
    fn is_new(&self, prosthesis: Uuid) -> bool {
        let remembered = self.remembered.get(&prosthesis);
        remembered.is_some_and(|before| self.told(prosthesis) != Some(*before))
    }

    /// Returns the instant of a change of this prosthesis: the CRM's if it is credible, else that of the
    /// snapshot.
    fn instant(&self, prosthesis: Uuid, earliest: DateTime<Utc>) -> DateTime<Utc> {
        let told = self.told(prosthesis).filter(|told| earliest < *told && *told <= self.seen.at);
        let is_after_previous = |told: &DateTime<Utc>| self.seen.previous.is_some_and(|at| at < *told);
        told.filter(|told| is_after_previous(told) || self.is_new(prosthesis)).unwrap_or(self.seen.at)
    }

    fn open(&self, now: &Present, valid_from: DateTime<Utc>) -> Ownership {
        Ownership {
            chip_id: now.chip_id.clone(),
            valid_from,
            valid_to: None,
            user_id: now.holding.user_id,
            prosthesis_id: now.holding.prosthesis_id,
            prosthesis_model: now.prosthesis_model.clone(),
            updated_at: self.told(now.holding.prosthesis_id),
        }
    }
}

/// Returns the `updated_at` of each prosthesis, as its newest interval has it.
fn remembered(history: &[Ownership]) -> HashMap<Uuid, DateTime<Utc>> {
    let mut by_age: Vec<&Ownership> = history.iter().collect();
    by_age.sort_by_key(|interval| (interval.valid_to.is_none(), interval.valid_from));
    let told = by_age.into_iter().filter_map(|interval| Some((interval.prosthesis_id, interval.updated_at?)));
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: Uuid = Uuid::from_u128(1);
    const IVAN: Uuid = Uuid::from_u128(2);
    const PROSTHESIS: Uuid = Uuid::from_u128(9);

    fn at(text: &str) -> DateTime<Utc> {
        format!("2024-01-15T{text}:00Z").parse().unwrap()
    }

    /// Returns the intervals stored after a series of snapshots, each given by its time, the owner and
    /// `updated_at`.
    fn after(snapshots: &[(&str, Option<Uuid>, Option<&str>)]) -> Vec<String> {
        let (mut history, mut previous) = (Vec::new(), None);
        for (seen_at, owner, told) in snapshots {
            let present = owner.map(|user_id| Present {
                chip_id: "C".into(),
                holding: Holding { user_id, prosthesis_id: PROSTHESIS },
                prosthesis_model: "Grip".into(),
            });
            let seen = Seen {
                present: present.into_iter().collect(),
                updated_at: told.map(|told| (PROSTHESIS, at(told))).into_iter().collect(),
                unknown: HashSet::new(),
                at: at(seen_at),
                previous,
            };
            history = merge(&history, &seen);
            assert_eq!(merge(&history, &Seen { previous: Some(seen.at), ..seen.clone() }), history, "again");
            previous = Some(seen.at);
        }
        let minute = |at: DateTime<Utc>| at.format("%H:%M").to_string();
        let name = |id| if id == ANNA { "anna" } else { "ivan" };
        let line = |i: &Ownership| {
            format!("{} {}-{}", name(i.user_id), minute(i.valid_from), i.valid_to.map_or("".into(), minute))
        };
        history.iter().map(line).collect()
    }

    #[test]
    fn the_first_owner_was_always_the_owner() {
        assert_eq!(after(&[("08:20", Some(ANNA), None), ("09:20", Some(ANNA), None)]), ["anna 00:00-"]);
        assert_eq!(after(&[("08:20", Some(ANNA), Some("08:10"))]), ["anna 00:00-"]);
    }

    #[test]
    fn a_change_counts_from_the_instant_that_the_crm_gives_or_else_from_the_snapshot() {
        let told = after(&[("08:20", Some(ANNA), Some("07:00")), ("10:01", Some(IVAN), Some("09:47"))]);
        assert_eq!(told, ["anna 00:00-09:47", "ivan 09:47-"]);
        let untold = after(&[("08:20", Some(ANNA), None), ("10:01", Some(IVAN), None)]);
        assert_eq!(untold, ["anna 00:00-10:01", "ivan 10:01-"]);
        let future = after(&[("08:20", Some(ANNA), Some("07:00")), ("10:01", Some(IVAN), Some("12:00"))]);
        assert_eq!(future, ["anna 00:00-10:01", "ivan 10:01-"]);
    }

    #[test]
    fn an_instant_that_nobody_keeps_moves_no_hour_to_another_owner() {
        let stale = Some("07:00");
        let seen = [("08:20", Some(ANNA), stale), ("10:01", Some(IVAN), stale), ("10:16", Some(IVAN), stale)];
        assert_eq!(after(&seen), ["anna 00:00-10:01", "ivan 10:01-"]);
    }

    #[test]
    fn a_transaction_that_began_before_the_stored_state_counts_from_its_own_instant() {
        let seen = [("08:20", Some(ANNA), Some("07:00")), ("10:01", Some(IVAN), Some("08:15"))];
        assert_eq!(after(&seen), ["anna 00:00-08:15", "ivan 08:15-"]);
    }

    #[test]
    fn a_correction_of_the_past_moves_the_boundary_and_any_other_edit_does_not() {
        let change = [("08:20", Some(ANNA), Some("07:00")), ("10:01", Some(IVAN), Some("09:47"))];
        let corrected = [&change[..], &[("10:16", Some(IVAN), Some("06:30"))]].concat();
        assert_eq!(after(&corrected), ["anna 00:00-06:30", "ivan 06:30-"]);
        let edited = [&change[..], &[("10:16", Some(IVAN), Some("10:10"))]].concat();
        assert_eq!(after(&edited), ["anna 00:00-09:47", "ivan 09:47-"]);
    }

    #[test]
    fn a_chip_that_left_the_crm_is_nobodys_and_may_come_back() {
        let gone = [("08:20", Some(ANNA), None), ("10:01", None, None), ("12:30", None, None)];
        assert_eq!(after(&gone), ["anna 00:00-10:01"]);
        let back = [&gone[..], &[("13:00", Some(IVAN), None)]].concat();
        assert_eq!(after(&back), ["anna 00:00-10:01", "ivan 13:00-"]);
    }

    #[test]
    fn a_clock_that_went_back_reopens_nothing() {
        let seen = [("08:20", Some(ANNA), None), ("10:01", Some(IVAN), None), ("05:00", Some(ANNA), None)];
        assert_eq!(after(&seen), ["anna 00:00-10:01", "anna 10:01-"]);
    }
}

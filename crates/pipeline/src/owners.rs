//! Who owned a chip when: the CRM knows only now, so each snapshot of it is merged into the history so far.

use std::collections::{BTreeMap, HashMap};

use bionicpro_model::hours::floor_to_hour;
use bionicpro_warehouse::owners::Ownership;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// Who has a chip now, by the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Current {
    pub(crate) chip_id: String,
    pub(crate) user_id: Uuid,
    pub(crate) prosthesis_id: Uuid,
    pub(crate) prosthesis_model: String,
}

/// Merges the state that a CRM snapshot shows into the history; the result is by chip and time.
///
/// A chip seen for the first time was its owner's all along. A change of owner takes effect at the next full hour
/// after the snapshot, so that every cell has one owner. Intervals are only added or closed; two that begin at the same
/// instant are one, the later says whose.
pub(crate) fn merge(
    history: Vec<Ownership>,
    current: Vec<Current>,
    seen_at: DateTime<Utc>,
) -> Vec<Ownership> {
    let change_at = next_full_hour(seen_at);
    let models: HashMap<Uuid, &str> =
        current.iter().map(|now| (now.prosthesis_id, now.prosthesis_model.as_str())).collect();
    let mut chips: BTreeMap<String, Vec<Ownership>> = BTreeMap::new();
    for mut interval in history {
        if let Some(model) = models.get(&interval.prosthesis_id) {
            (*model).clone_into(&mut interval.prosthesis_model);
        }
        chips.entry(interval.chip_id.clone()).or_default().push(interval);
    }
    let mut now: HashMap<String, Current> =
        current.iter().cloned().map(|current| (current.chip_id.clone(), current)).collect();
    for (chip, intervals) in &mut chips {
        intervals.sort_by_key(|interval| interval.valid_from);
        change(intervals, now.remove(chip), change_at);
    }
    for (chip, owner) in now {
        chips.insert(chip, vec![open(owner, DateTime::UNIX_EPOCH)]);
    }
    chips.into_values().flatten().collect()
}

/// Brings the intervals of one chip up to date.
fn change(intervals: &mut Vec<Ownership>, now: Option<Current>, change_at: DateTime<Utc>) {
    let Some(last) = intervals.last_mut() else { return };
    let is_open = last.valid_to.is_none();
    let is_same = |now: &Current| (now.user_id, now.prosthesis_id) == (last.user_id, last.prosthesis_id);
    if is_open && now.as_ref().is_some_and(is_same) {
        return;
    }
    // A second change within the hour, or a clock that went back: never before what is already told.
    let change_at = change_at.max(last.valid_to.unwrap_or(last.valid_from));
    if is_open {
        last.valid_to = Some(change_at);
    }
    if let Some(now) = now {
        if last.valid_from == change_at {
            intervals.pop();
        }
        intervals.push(open(now, change_at));
    }
}

fn open(now: Current, valid_from: DateTime<Utc>) -> Ownership {
    Ownership {
        chip_id: now.chip_id,
        valid_from,
        valid_to: None,
        user_id: now.user_id,
        prosthesis_id: now.prosthesis_id,
        prosthesis_model: now.prosthesis_model,
    }
}

fn next_full_hour(instant: DateTime<Utc>) -> DateTime<Utc> {
    let hour = floor_to_hour(instant);
    if hour == instant { hour } else { hour + TimeDelta::hours(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: Uuid = Uuid::from_u128(1);
    const IVAN: Uuid = Uuid::from_u128(2);

    fn at(text: &str) -> DateTime<Utc> {
        format!("2024-01-15T{text}:00Z").parse().unwrap()
    }

    fn owned_by(user_id: Uuid) -> Vec<Current> {
        vec![Current {
            chip_id: "C".into(),
            user_id,
            prosthesis_id: Uuid::from_u128(9),
            prosthesis_model: "Grip".into(),
        }]
    }

    /// `user from-to` of each interval.
    fn told(intervals: &[Ownership]) -> Vec<String> {
        let hour = |at: DateTime<Utc>| at.format("%dT%H").to_string();
        let name = |id| if id == ANNA { "anna" } else { "ivan" };
        intervals
            .iter()
            .map(|i| {
                format!("{} {}-{}", name(i.user_id), hour(i.valid_from), i.valid_to.map_or("".into(), hour))
            })
            .collect()
    }

    #[test]
    fn the_first_owner_was_always_the_owner() {
        let first = merge(Vec::new(), owned_by(ANNA), at("08:20"));
        assert_eq!(told(&first), ["anna 01T00-"]);
        assert_eq!(merge(first.clone(), owned_by(ANNA), at("09:20")), first);
    }

    #[test]
    fn a_change_takes_effect_at_the_next_full_hour() {
        let first = merge(Vec::new(), owned_by(ANNA), at("08:20"));
        let second = merge(first, owned_by(IVAN), at("10:01"));
        assert_eq!(told(&second), ["anna 01T00-15T11", "ivan 15T11-"]);
        assert_eq!(merge(second.clone(), owned_by(IVAN), at("10:16")), second);
    }

    #[test]
    fn a_change_back_within_the_hour_leaves_one_owner_per_hour() {
        let first = merge(Vec::new(), owned_by(ANNA), at("08:20"));
        let second = merge(first, owned_by(IVAN), at("10:01"));
        let third = merge(second, owned_by(ANNA), at("10:16"));
        assert_eq!(told(&third), ["anna 01T00-15T11", "anna 15T11-"]);
    }

    #[test]
    fn a_chip_that_left_the_crm_is_nobodys_and_may_come_back() {
        let first = merge(Vec::new(), owned_by(ANNA), at("08:20"));
        let gone = merge(first, Vec::new(), at("10:01"));
        assert_eq!(told(&gone), ["anna 01T00-15T11"]);
        assert_eq!(merge(gone.clone(), Vec::new(), at("12:30")), gone);
        let back = merge(gone, owned_by(IVAN), at("13:00"));
        assert_eq!(told(&back), ["anna 01T00-15T11", "ivan 15T13-"]);
    }

    #[test]
    fn a_clock_that_went_back_reopens_nothing() {
        let first = merge(Vec::new(), owned_by(ANNA), at("08:20"));
        let second = merge(first, owned_by(IVAN), at("10:01"));
        let third = merge(second, owned_by(ANNA), at("05:00"));
        assert_eq!(told(&third), ["anna 01T00-15T11", "anna 15T11-"]);
    }
}

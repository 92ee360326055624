//! A prosthesis's day: the movements of each hour, and the battery level.
//!
//! All numbers are integers, so that a day is the same on every machine. Hours are in the wearer's local
//! time.

use crate::dice::Dice;

/// A full battery, in thousandths of a percent.
pub(crate) const FULL: u32 = 100_000;
/// The level below which the hand stops moving.
const EMPTY: u32 = 2_000;
/// The charge that an hour on the charger adds.
const CHARGED_PER_HOUR: u32 = 16_000;

/// The pattern of use of a prosthesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    Office,
    Craft,
    NightShift,
    Retired,
    Sport,
    /// Owned but hardly ever worn.
    Drawer,
}

/// The relative use in each hour of the day.
type Profile = [u32; 24];

const OFFICE: Profile = [0, 0, 0, 0, 0, 1, 5, 8, 10, 11, 10, 9, 7, 9, 10, 10, 10, 9, 8, 7, 6, 4, 2, 1];
const CRAFT: Profile = [0, 0, 0, 0, 0, 4, 9, 14, 16, 16, 14, 9, 14, 16, 15, 12, 7, 5, 5, 4, 3, 2, 0, 0];
const NIGHT_SHIFT: Profile = [12, 11, 10, 11, 10, 8, 4, 1, 0, 0, 0, 0, 0, 0, 1, 3, 5, 6, 6, 6, 8, 11, 12, 12];
const QUIET: Profile = [0, 0, 0, 0, 0, 0, 0, 2, 5, 8, 8, 7, 6, 4, 4, 6, 7, 7, 6, 5, 4, 3, 1, 0];
const TRAINING: Profile = [0, 0, 0, 0, 0, 3, 14, 12, 5, 5, 5, 5, 5, 5, 5, 5, 6, 12, 18, 14, 6, 3, 1, 0];

/// One chip's day.
#[derive(Debug)]
pub(crate) struct Day {
    /// Movements in each hour.
    pub(crate) counts: [u32; 24],
    /// The battery level at the beginning of each hour, in thousandths of a percent.
    pub(crate) battery: [u32; 24],
    /// The charge that one movement uses, in thousandths of a percent.
    pub(crate) drain: u32,
    /// The hour in which the sensor produces a burst of errors.
    pub(crate) burst: Option<usize>,
}

impl Day {
    /// The day number `day` since 1970 of a chip that makes `per_day` movements on an average day.
    pub(crate) fn new(habit: Habit, per_day: u32, day: i64, dice: &mut Dice) -> Self {
        // 1970-01-01 was a Thursday.
        let weekend = matches!((day + 3).rem_euclid(7), 5 | 6);
        let profile = match (habit, weekend) {
            (Habit::Office, false) => &OFFICE,
            (Habit::Craft, false) => &CRAFT,
            (Habit::NightShift, false) => &NIGHT_SHIFT,
            (Habit::Sport, _) => &TRAINING,
            (Habit::Office | Habit::Craft | Habit::NightShift, true)
            | (Habit::Retired | Habit::Drawer, _) => &QUIET,
        };
        let share = match (habit, weekend) {
            (Habit::Drawer, _) => {
                if dice.chance(9_000) {
                    0
                } else {
                    20
                }
            }
            // Ill, away, or simply left at home.
            _ if dice.chance(250) => 0,
            (Habit::Craft, false) | (Habit::Sport, _) => 130,
            (Habit::Retired, _) => 80,
            (_, true) => 70,
            (_, false) => 105,
        };
        let wanted = u64::from(per_day) * share * u64::from(dice.between(60, 140));
        let weights = u64::from(profile.iter().sum::<u32>()) * 10_000;
        let drain = (FULL * 2 / 3 / per_day.max(1)).max(1);
        let forgot_to_charge = dice.chance(400);
        let mut level = FULL / 100 * dice.between(18, 45);
        let mut day = Day { counts: [0; 24], battery: [0; 24], drain, burst: None };
        for (hour, &weight) in profile.iter().enumerate() {
            day.battery[hour] = level;
            let share = wanted * u64::from(weight);
            // Rounded up with the probability of the remainder, so that small fleets are not silent.
            let rest = u32::try_from(share % weights * 10_000 / weights).unwrap_or(0);
            let count = u32::try_from(share / weights).unwrap_or(u32::MAX) + u32::from(dice.chance(rest));
            let possible = level.saturating_sub(EMPTY) / drain;
            day.counts[hour] = count.min(possible);
            level -= day.counts[hour] * drain;
            let on_charger = count == 0 && !forgot_to_charge || count > possible && dice.chance(5_000);
            if on_charger {
                level = (level + CHARGED_PER_HOUR).min(FULL);
            }
        }
        if dice.chance(400) {
            day.burst = usize::try_from(dice.between(7, 21)).ok();
        }
        day
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(habit: Habit) -> impl Iterator<Item = (i64, Day)> {
        (19_000..19_700)
            .map(move |day| (day, Day::new(habit, 400, day, &mut Dice::new(1, &[day.unsigned_abs()]))))
    }

    #[test]
    fn an_average_day_has_about_the_movements_asked_for() {
        let total: u32 = days(Habit::Office).map(|(_, day)| day.counts.iter().sum::<u32>()).sum();
        assert!((330..420).contains(&(total / 700)), "{}", total / 700);
    }

    #[test]
    fn people_sleep_and_work_and_rest_on_weekends() {
        let (mut work, mut weekend, mut night) = (0, 0, 0);
        for (number, day) in days(Habit::Craft) {
            night += day.counts[..5].iter().sum::<u32>();
            // 2022-01-08, day 19000, was a Saturday.
            let sum: u32 = day.counts.iter().sum();
            if (number - 19_000) % 7 < 2 { weekend += sum } else { work += sum }
        }
        assert_eq!(night, 0);
        assert!(work / 5 > weekend / 2, "{work} {weekend}");
        assert!(days(Habit::NightShift).map(|(_, day)| day.counts[2]).sum::<u32>() > 1000);
    }

    #[test]
    fn a_battery_drains_with_use_and_charges_at_night() {
        let mut low = 0;
        for (_, day) in days(Habit::Office) {
            assert!(day.battery.iter().all(|&level| level <= FULL));
            if day.counts.iter().sum::<u32>() > 100 && day.battery[6] > 90_000 {
                assert!(day.battery[22] < day.battery[8]);
            }
            low += day.battery.iter().filter(|&&level| level < 20_000).count();
        }
        assert!(low > 100, "some evenings are low: {low}");
    }
}

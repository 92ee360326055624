//! The movements of one hour: grips, responses, batteries and errors of all chips, in order of time.

use crate::dice::Dice;
use crate::habits::{Day, Habit};
use crate::people::{Chip, Fleet};

pub(crate) const GRIPS: &[&str] = &[
    "power_grip",
    "precision_grip",
    "tripod_grip",
    "lateral_grip",
    "hook_grip",
    "pinch",
    "open_hand",
    "wrist_rotation",
];
pub(crate) const ERRORS: &[&str] =
    &["E01_SIGNAL_LOST", "E02_OVERCURRENT", "E03_TEMPERATURE", "E07_LOW_BATTERY"];

/// The distribution of grips: indexes into [`GRIPS`], of which one is drawn per movement.
const EVERYDAY_GRIPS: &[u8] = &[0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6, 7];
const STRONG_GRIPS: &[u8] = &[0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 4, 4, 5, 6, 6, 7];

const SIGNAL_LOST: u8 = 0;
const LOW_BATTERY: u8 = 3;
/// The level below which the motors are slow, in thousandths of a percent.
const LOW_LEVEL: u32 = 20_000;
const CRITICAL_LEVEL: u32 = 8_000;

const DAYS: u64 = 3;
const HOURS: u64 = 4;
const HOUR_MS: u32 = 3_600_000;

/// One row of the telemetry, encoded as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Movement {
    /// Milliseconds since the hour began.
    pub(crate) at_ms: u32,
    /// Index of the chip in the fleet.
    pub(crate) chip: u32,
    pub(crate) grip: u8,
    pub(crate) error: Option<u8>,
    pub(crate) response_ms: Option<i32>,
    /// The battery level in half percents, whose sums are exact in every floating point type, in any order.
    pub(crate) battery_halves: Option<u8>,
    /// The temperature in tenths of a degree; `None` if the chip sent no diagnostics.
    pub(crate) temperature: Option<u16>,
    /// The time that the row took to reach the database, in milliseconds.
    pub(crate) delay_ms: u32,
}

/// Generates the movements of a fleet, for any hour in any order.
#[derive(Debug)]
pub(crate) struct Movements<'a> {
    pub(crate) fleet: &'a Fleet,
    /// Movements of a chip on an average day.
    pub(crate) per_day: u32,
}

impl Movements<'_> {
    /// Counts the movements of the hour number `hour` since 1970 without generating them.
    pub(crate) fn count(&self, hour: i64) -> u64 {
        self.fleet
            .chips
            .iter()
            .map(|chip| u64::from(self.day(chip, hour).0.counts[local(chip, hour).1]))
            .sum()
    }

    /// Replaces the content of `into` by the movements of an hour, oldest first.
    pub(crate) fn fill(&self, hour: i64, into: &mut Vec<Movement>) {
        into.clear();
        for (index, chip) in (0..).zip(&self.fleet.chips) {
            let (day, of_day) = self.day(chip, hour);
            let count = day.counts[of_day];
            if count > 0 {
                let mut dice = Dice::new(self.fleet.seed, &[HOURS, chip.number, hour.unsigned_abs()]);
                into.extend((0..count).map(|_| movement(&mut dice, chip, index, &day, of_day)));
            }
        }
        into.sort_by_key(|movement| (movement.at_ms, movement.chip));
    }

    fn day(&self, chip: &Chip, hour: i64) -> (Day, usize) {
        let (day, of_day) = local(chip, hour);
        let mut dice = Dice::new(self.fleet.seed, &[DAYS, chip.number, day.unsigned_abs()]);
        (Day::new(chip.habit, self.per_day, day, &mut dice), of_day)
    }
}

/// The wearer's local day since 1970, and the hour of that day.
fn local(chip: &Chip, hour: i64) -> (i64, usize) {
    let local = hour + i64::from(chip.utc_offset_h);
    (local.div_euclid(24), usize::try_from(local.rem_euclid(24)).unwrap_or(0))
}

fn movement(dice: &mut Dice, chip: &Chip, index: u32, day: &Day, of_day: usize) -> Movement {
    let at_ms = dice.below(HOUR_MS);
    let used = u64::from(day.counts[of_day] * day.drain) * u64::from(at_ms) / u64::from(HOUR_MS);
    let level = day.battery[of_day].saturating_sub(u32::try_from(used).unwrap_or(0));
    let grips = if matches!(chip.habit, Habit::Craft | Habit::Sport) { STRONG_GRIPS } else { EVERYDAY_GRIPS };
    let grip = *dice.pick(grips);
    let error_rate = if day.burst == Some(of_day) { 2_500 } else { 45 };
    let error = match level < CRITICAL_LEVEL {
        true => dice.chance(error_rate + 600).then_some(LOW_BATTERY),
        false => dice.chance(error_rate).then(|| u8::try_from(dice.below(3)).unwrap_or(SIGNAL_LOST)),
    };
    let unanswered = if error == Some(SIGNAL_LOST) { 7_000 } else { 100 };
    let slow = LOW_LEVEL.saturating_sub(level) / 350;
    let jitter = dice.below(9) + dice.below(9) + u32::from(grip);
    Movement {
        at_ms,
        chip: index,
        grip,
        error,
        response_ms: (!dice.chance(unanswered))
            .then(|| chip.base_response_ms + i32::try_from(slow + jitter).unwrap_or(0)),
        battery_halves: (!dice.chance(50)).then(|| u8::try_from(level / 500).unwrap_or(200)),
        temperature: (error.is_some() || dice.chance(200))
            .then(|| u16::try_from(290 + dice.below(90)).unwrap_or(300)),
        delay_ms: match dice.below(1_000) {
            // The wearer's phone was out of reach: the rows arrive hours later.
            0..4 => dice.between(60_000, 6 * HOUR_MS),
            4..50 => dice.between(2_000, 60_000),
            _ => dice.between(80, 2_000),
        },
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn fleet() -> Fleet {
        Fleet::new(3, 200, DateTime::from_timestamp(1_700_000_000, 0).unwrap())
    }

    #[test]
    fn an_hour_has_the_movements_that_were_counted_in_order_of_time() {
        let fleet = fleet();
        let movements = Movements { fleet: &fleet, per_day: 400 };
        let mut hour_of = Vec::new();
        for hour in 472_200..472_248 {
            movements.fill(hour, &mut hour_of);
            assert_eq!(hour_of.len() as u64, movements.count(hour));
            assert!(hour_of.is_sorted_by_key(|movement| movement.at_ms));
        }
    }

    #[test]
    fn movements_are_believable() {
        let fleet = fleet();
        let movements = Movements { fleet: &fleet, per_day: 400 };
        let (mut all, mut hour_of) = (Vec::new(), Vec::new());
        for hour in 472_200..472_200 + 24 * 7 {
            movements.fill(hour, &mut hour_of);
            all.append(&mut hour_of);
        }
        let share = |matches: &dyn Fn(&Movement) -> bool| {
            all.iter().filter(|movement| matches(movement)).count() * 10_000 / all.len()
        };
        let errors = share(&|movement| movement.error.is_some());
        assert!((50..200).contains(&errors), "{errors} errors in 10,000");
        assert!((80..300).contains(&share(&|movement| movement.response_ms.is_none())), "no response");
        assert!((30..80).contains(&share(&|movement| movement.battery_halves.is_none())), "no battery");
        let average = |low: bool| {
            let chosen = all
                .iter()
                .filter(|movement| movement.battery_halves.is_some_and(|halves| (halves < 20) == low));
            let responses: Vec<i32> = chosen.filter_map(|movement| movement.response_ms).collect();
            responses.iter().sum::<i32>() / i32::try_from(responses.len()).unwrap()
        };
        assert!(average(true) > average(false) + 15, "{} {}", average(true), average(false));
    }
}

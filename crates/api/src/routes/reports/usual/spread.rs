//! Days added up from their hours, and quantiles of their numbers.
//!
//! Quantiles are exact, with linear interpolation between neighbours: type 7 of R. J. Hyndman and Y. Fan,
//! Sample Quantiles in Statistical Packages, The American Statistician 50 (1996).

use std::collections::BTreeMap;

use bionicpro_reports::{Row, Sums};
use chrono::NaiveDate;

use crate::figures::{Samples, number};
use crate::parameters::Zone;

/// The quantile below which a day is unusually low, and above which it is unusually high.
pub(super) const LOW: f64 = 0.1;
pub(super) const HIGH: f64 = 0.9;

/// A day with movements.
#[derive(Default)]
pub(super) struct UsedDay(Sums);

/// The days of the zone that count, with the sums of their hours.
pub(super) fn used_days<'a>(
    rows: impl Iterator<Item = Row<'a>>,
    zone: Zone,
    counts: impl Fn(NaiveDate) -> bool,
) -> Vec<UsedDay> {
    let mut days: BTreeMap<NaiveDate, UsedDay> = BTreeMap::new();
    for row in rows {
        let day = row.hour.with_timezone(&zone.tz()).date_naive();
        if counts(day) {
            days.entry(day).or_default().0.add(&row);
        }
    }
    days.into_values().collect()
}

/// The numbers of a day; `None` if unknown.
impl UsedDay {
    pub(super) fn movements(&self) -> f64 {
        number(self.0.movements)
    }

    pub(super) fn usage_hours(&self) -> f64 {
        number(self.0.usage_hours)
    }

    pub(super) fn response_time(&self) -> Option<f64> {
        mean(self.0.response.into())
    }

    pub(super) fn battery_level(&self) -> Option<f64> {
        mean(self.0.battery.into())
    }

    pub(super) fn lowest_battery_level(&self) -> Option<f64> {
        self.0.battery_min.map(f64::from)
    }

    pub(super) fn errors(&self) -> f64 {
        number(self.0.errors)
    }

    pub(super) fn errors_per_1000_movements(&self) -> Option<f64> {
        mean(Samples::new(number(self.0.errors) * 1000.0, self.0.movements))
    }
}

/// The mean, not rounded, because the quantile is.
fn mean(samples: Samples) -> Option<f64> {
    (samples.count > 0).then(|| samples.sum / number(samples.count))
}

/// Quantiles of a number over the days with a value.
#[derive(Debug, PartialEq)]
pub(super) struct Spread {
    /// The number of days with a value.
    pub(super) days: u64,
    pub(super) low: f64,
    pub(super) median: f64,
    pub(super) high: f64,
}

impl Spread {
    /// Returns the quantiles, or `None` without values.
    pub(super) fn new(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        Some(Spread {
            days: values.len() as u64,
            low: quantile(&values, LOW)?,
            median: quantile(&values, 0.5)?,
            high: quantile(&values, HIGH)?,
        })
    }
}

/// The quantile of sorted values.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "0 <= level <= 1 of a few values"
)]
fn quantile(sorted: &[f64], level: f64) -> Option<f64> {
    let place = level * number((sorted.len() as u64).checked_sub(1)?);
    let (below, part) = (sorted[place as usize], place.fract());
    let above = sorted.get(place as usize + 1).copied().unwrap_or(below);
    Some(below + part * (above - below))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    /// A row whose averages are not whole numbers, so that a premature rounding would show.
    fn row(hour: &str, prosthesis: u128, battery: f32) -> Row<'static> {
        Row {
            hour: hour.parse().unwrap(),
            prosthesis_id: Uuid::from_u128(prosthesis),
            chip_id: "",
            prosthesis_model: "",
            movements: 4,
            errors: 1,
            anomalies: 0,
            response_count: 2,
            response_sum: 100.5,
            battery_count: 1,
            battery_sum: battery.into(),
            battery_min: Some(battery),
            battery_last: Some(battery),
            version: 1,
        }
    }

    #[test]
    fn a_day_is_cut_by_its_zone_and_an_hour_with_two_prostheses_is_one_of_use() {
        let rows = [
            row("2024-01-14T21:00:00Z", 1, 50.25),
            row("2024-01-14T21:00:00Z", 2, 40.125),
            row("2024-01-15T20:00:00Z", 1, 60.0),
            row("2024-01-15T21:00:00Z", 1, 70.0),
        ];
        let days = used_days(rows.into_iter(), Zone::parse("Europe/Moscow").unwrap(), |_| true);
        let [day, next] = &days[..] else { panic!("{}", days.len()) };
        assert_eq!((day.movements(), day.errors(), day.usage_hours()), (12.0, 3.0, 2.0));
        assert_eq!((day.response_time(), day.errors_per_1000_movements()), (Some(50.25), Some(250.0)));
        assert_eq!((day.battery_level(), day.lowest_battery_level()), (Some(50.125), Some(40.125)));
        assert_eq!((next.movements(), next.usage_hours()), (4.0, 1.0));
    }

    #[test]
    fn quantiles_lie_between_their_neighbours() {
        assert_eq!(Spread::new(std::iter::empty()), None);
        let one = Spread { days: 1, low: 7.0, median: 7.0, high: 7.0 };
        assert_eq!(Spread::new([7.0].into_iter()), Some(one));
        // The results of numpy.quantile([60, 10, 30, 20], [0.1, 0.5, 0.9]).
        let spread = Spread::new([60.0, 10.0, 30.0, 20.0].into_iter()).unwrap();
        let near = |value: f64, wanted: f64| (value - wanted).abs() < 1e-9;
        assert!(near(spread.low, 13.0) && near(spread.median, 25.0) && near(spread.high, 51.0), "{spread:?}");
        assert_eq!(spread.days, 4);
    }
}

//! A typical day: the distribution of each hour of the day over a range.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use crate::zone::day_of;
use crate::{Hours, day_start, quantile};

/// The levels of a typical hour's quantiles.
const LEVELS: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 0.9];

/// One local hour over the complete days with data.
#[derive(Debug, Clone, PartialEq)]
pub struct TypicalHour {
    /// The hour of the day, 0 to 23.
    pub local_hour: u8,
    /// Days with data that had this hour.
    pub days: u64,
    /// Those of them with a movement in this hour.
    pub days_with_movements: u64,
    /// The 10, 25, 50, 75 and 90 % quantiles of the movements, a day without any counted as 0.
    pub quantiles: [f64; 5],
    /// Response time samples and their sum in milliseconds.
    pub response: (u64, f64),
    /// Battery level samples and their sum in per cent.
    pub battery: (u64, f64),
}

/// The sums of one local hour of one day. An hour that occurs twice because clocks are put back is summed up.
#[derive(Clone, Copy, Default)]
struct HourSums {
    movements: u64,
    response: (u64, f64),
    battery: (u64, f64),
}

/// The local hours of a day; `None` for an hour without a movement.
type HourlySums = [Option<HourSums>; 24];

/// The typical hours over the days `from <= day < to` of the zone that are complete as of `data_as_of`; empty
/// without data.
pub fn typical(
    hours: &Hours,
    prosthesis: Option<Uuid>,
    tz: Tz,
    (from, to): (NaiveDate, NaiveDate),
    data_as_of: Option<DateTime<Utc>>,
) -> Vec<TypicalHour> {
    let to = to.min(day_of(tz, data_as_of));
    let mut days: BTreeMap<NaiveDate, HourlySums> = BTreeMap::new();
    for row in hours.rows(prosthesis, (day_start(tz, from), day_start(tz, to))) {
        let local = row.hour.with_timezone(&tz);
        let cell = days.entry(local.date_naive()).or_default()[local.hour() as usize].get_or_insert_default();
        cell.movements += u64::from(row.movements);
        cell.response.0 += u64::from(row.response_count);
        cell.response.1 += row.response_sum;
        cell.battery.0 += u64::from(row.battery_count);
        cell.battery.1 += row.battery_sum;
    }
    // Every local hour that each of those days has. An hour that clocks skipped is left out.
    let mut cells: [Vec<Option<HourSums>>; 24] = Default::default();
    for (date, day) in &days {
        let had = hours_of(tz, *date);
        for (local_hour, of_hour) in cells.iter_mut().enumerate().filter(|(hour, _)| had[*hour]) {
            of_hour.push(day[local_hour]);
        }
    }
    (0..).zip(cells).filter_map(|(local_hour, cells)| TypicalHour::of(local_hour, &cells)).collect()
}

/// The local hours that exist on the day.
fn hours_of(tz: Tz, date: NaiveDate) -> [bool; 24] {
    let mut had = [false; 24];
    let midnight = bionicpro_model::hours::midnight(date);
    // All instants of this day in any zone, 14 hours ahead of UTC to 12 behind, with an hour of margin.
    let instants = (-15..39).map(|step| (midnight + TimeDelta::hours(step)).with_timezone(&tz));
    instants.filter(|local| local.date_naive() == date).for_each(|local| had[local.hour() as usize] = true);
    had
}

impl TypicalHour {
    fn of(local_hour: u8, cells: &[Option<HourSums>]) -> Option<Self> {
        let used = || cells.iter().flatten();
        let mut movements: Vec<u64> =
            cells.iter().map(|cell| cell.map_or(0, |cell| cell.movements)).collect();
        movements.sort_unstable();
        let mut quantiles = [0.0; 5];
        for (quantile, level) in quantiles.iter_mut().zip(LEVELS) {
            *quantile = quantile::of_counts(&movements, level)?;
        }
        let sum = |(count, sum): (u64, f64), more: (u64, f64)| (count + more.0, sum + more.1);
        Some(TypicalHour {
            local_hour,
            days: cells.len() as u64,
            days_with_movements: used().count() as u64,
            quantiles,
            response: used().map(|cell| cell.response).fold((0, 0.0), sum),
            battery: used().map(|cell| cell.battery).fold((0, 0.0), sum),
        })
    }
}

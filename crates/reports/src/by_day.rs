//! The sums of each day of a range.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use crate::zone::{day_of, local_day};
use crate::{Hours, Month, Sums, day_start, months, quantile};

/// The number of days before a day that count for its median.
const DAYS_BEFORE: chrono::Days = chrono::Days::new(6);
/// The fewest days of which a median is taken.
const MIN_DAYS: usize = 4;

/// The days of a range.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ByDay {
    /// The days with data, oldest first.
    pub days: Vec<DayRow>,
    /// The person's first hour with data, whether or not it is in the range.
    pub first_hour: Option<DateTime<Utc>>,
}

/// One day.
#[derive(Debug, Clone, PartialEq)]
pub struct DayRow {
    /// The day.
    pub date: NaiveDate,
    /// Its sums.
    pub sums: Sums,
    /// The median of the movements of the complete days with data among this day and the six before. `None`
    /// if they are fewer than four, or if this day is not complete.
    pub median: Option<f64>,
}

/// The months that [`by_day`] needs.
pub fn by_day_months(tz: Tz, (from, to): (NaiveDate, NaiveDate)) -> Vec<Month> {
    if from < to { months(tz, (before(from), to)) } else { Vec::new() }
}

/// The days `from <= day < to` of the zone that have data. Days that are not complete as of `data_as_of`
/// count for no median.
pub fn by_day(
    hours: &Hours,
    prosthesis: Option<Uuid>,
    tz: Tz,
    (from, to): (NaiveDate, NaiveDate),
    data_as_of: Option<DateTime<Utc>>,
) -> ByDay {
    let first_hour = hours.person().presence.first_hour(prosthesis);
    if from >= to {
        return ByDay { days: Vec::new(), first_hour };
    }
    let mut days: BTreeMap<NaiveDate, Sums> = BTreeMap::new();
    for row in hours.rows(prosthesis, (day_start(tz, before(from)), day_start(tz, to))) {
        days.entry(local_day(tz, row.hour)).or_default().add(&row);
    }
    let complete_before = day_of(tz, data_as_of);
    let median = |date: NaiveDate| {
        let week = days.range(before(date)..=date).filter(|(day, _)| **day < complete_before);
        let mut movements: Vec<u64> = week.map(|(_, sums)| sums.movements).collect();
        movements.sort_unstable();
        (date < complete_before && movements.len() >= MIN_DAYS)
            .then(|| quantile::of_counts(&movements, 0.5))
            .flatten()
    };
    let medians: Vec<Option<f64>> = days.range(from..).map(|(date, _)| median(*date)).collect();
    let rows = days.split_off(&from).into_iter().zip(medians);
    let days = rows.map(|((date, sums), median)| DayRow { date, sums, median }).collect();
    ByDay { days, first_hour }
}

fn before(day: NaiveDate) -> NaiveDate {
    day.checked_sub_days(DAYS_BEFORE).unwrap_or(day)
}

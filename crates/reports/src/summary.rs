//! Totals over a range of days.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use chrono_tz::Tz;
use uuid::Uuid;

use crate::zone::local_day;
use crate::{Hours, Sums, day_start};

/// Totals over a range of days.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// Days with data.
    pub days: u64,
    /// The sums over all of them.
    pub sums: Sums,
    /// The model with the most movements, the first by name if several have as many; empty without data.
    pub prosthesis_model: String,
}

/// Totals of the days `from <= day < to` of the zone.
pub fn summary(
    hours: &Hours,
    prosthesis: Option<Uuid>,
    tz: Tz,
    (from, to): (NaiveDate, NaiveDate),
) -> Summary {
    let mut days: BTreeSet<NaiveDate> = BTreeSet::new();
    let mut models: BTreeMap<&str, u64> = BTreeMap::new();
    let mut sums = Sums::default();
    for row in hours.rows(prosthesis, (day_start(tz, from), day_start(tz, to))) {
        days.insert(local_day(tz, row.hour));
        *models.entry(row.prosthesis_model).or_default() += u64::from(row.movements);
        sums.add(&row);
    }
    let most = models.iter().max_by_key(|(model, movements)| (**movements, std::cmp::Reverse(**model)));
    let prosthesis_model = most.map_or_else(String::new, |(model, _)| (*model).to_owned());
    Summary { days: days.len() as u64, sums, prosthesis_model }
}

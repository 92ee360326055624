//! Rows of the mart added up: over an hour's prostheses, or over a day.

use std::collections::BTreeMap;

use bionicpro_warehouse::reports::HourRow;
use uuid::Uuid;

use crate::figures::{Samples, lower, reading};

/// Sums and counts of rows.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) movements: u64,
    pub(super) errors: u64,
    pub(super) anomalies: u64,
    pub(super) response: Samples,
    pub(super) battery: Samples,
    lowest_battery: Option<f32>,
    last_battery: BTreeMap<Uuid, f32>,
}

impl Tally {
    /// Adds a row. Rows of one prosthesis come oldest first, or its last battery level is not the last.
    pub(super) fn add(&mut self, row: &HourRow) {
        self.movements += u64::from(row.movements);
        self.errors += u64::from(row.errors);
        self.anomalies += u64::from(row.anomalies);
        self.response.add(Samples::new(row.response_sum, row.response_count.into()));
        self.battery.add(Samples::new(row.battery_sum, row.battery_count.into()));
        self.lowest_battery = lower(self.lowest_battery, row.battery_min);
        if let Some(last) = row.battery_last {
            self.last_battery.insert(row.prosthesis_id, last);
        }
    }

    /// The lowest level of all.
    pub(super) fn lowest_battery(&self) -> Option<f64> {
        self.lowest_battery.and_then(reading)
    }

    /// The same, not rounded yet.
    pub(super) fn exact_lowest_battery(&self) -> Option<f32> {
        self.lowest_battery
    }

    /// The last level; of several prostheses, that of the one that will be empty first.
    pub(super) fn last_battery(&self) -> Option<f64> {
        self.last_battery.values().copied().reduce(f32::min).and_then(reading)
    }
}

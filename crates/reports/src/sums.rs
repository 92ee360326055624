//! Sums of rows: over the prostheses of an hour, over a day, over a range.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::Row;

/// Sums and counts of rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sums {
    /// Hours with a movement; an hour with two prostheses counts once.
    pub usage_hours: u64,
    /// Movements.
    pub movements: u64,
    /// Movements with an error code.
    pub errors: u64,
    /// Movements with a value out of its range.
    pub anomalies: u64,
    /// Response time samples and their sum in milliseconds.
    pub response: (u64, f64),
    /// Battery level samples and their sum in per cent.
    pub battery: (u64, f64),
    /// The lowest battery level.
    pub battery_min: Option<f32>,
    newest: Option<DateTime<Utc>>,
    /// The last battery level of each prosthesis that has one.
    battery_last: Vec<(Uuid, f32)>,
}

impl Sums {
    /// The sums of rows that are sorted by hour and prosthesis.
    pub fn of<'a>(rows: impl IntoIterator<Item = Row<'a>>) -> Self {
        let mut sums = Sums::default();
        rows.into_iter().for_each(|row| sums.add(&row));
        sums
    }

    /// Adds a row. Rows must be added in order of their hours.
    pub fn add(&mut self, row: &Row<'_>) {
        if self.newest != Some(row.hour) {
            self.newest = Some(row.hour);
            self.usage_hours += 1;
        }
        self.movements += u64::from(row.movements);
        self.errors += u64::from(row.errors);
        self.anomalies += u64::from(row.anomalies);
        self.response.0 += u64::from(row.response_count);
        self.response.1 += row.response_sum;
        self.battery.0 += u64::from(row.battery_count);
        self.battery.1 += row.battery_sum;
        self.battery_min = [self.battery_min, row.battery_min].into_iter().flatten().reduce(f32::min);
        if let Some(last) = row.battery_last {
            match self.battery_last.iter_mut().find(|(id, _)| *id == row.prosthesis_id) {
                Some((_, level)) => *level = last,
                None => self.battery_last.push((row.prosthesis_id, last)),
            }
        }
    }

    /// The last battery level; the lowest of them if there are several prostheses.
    pub fn battery_last(&self) -> Option<f32> {
        self.battery_last.iter().map(|(_, level)| *level).reduce(f32::min)
    }
}

//! Totals of the rows of one UTC day: computed when a file is staged, again in the mart, then compared.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// The totals of one UTC day. Floating point values are summed by their bits, so that their order does not
/// matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayTotals {
    /// The day.
    pub date: NaiveDate,
    /// Live rows of the mart.
    pub cells: u64,
    /// Movements.
    pub movements: u64,
    /// Movements with an error.
    pub errors: u64,
    /// Movements with a reading out of its range.
    pub anomalies: u64,
    /// Response samples.
    pub response_count: u64,
    /// Battery samples.
    pub battery_count: u64,
    /// Wrapping sum of the bits of each row's `response_sum`.
    pub response_sum_bits: u64,
    /// Wrapping sum of the bits of each row's `battery_sum`.
    pub battery_sum_bits: u64,
    /// Wrapping sum of the bits of each row's `response_squares`, if it has one. Absent in manifests of older
    /// versions, whose rows have no squares.
    #[serde(default)]
    pub response_squares_bits: u64,
    /// Wrapping sum of the bits of each row's `battery_squares`, under the same conditions.
    #[serde(default)]
    pub battery_squares_bits: u64,
    /// Sum of the bits of each row's `battery_min`, if it has one.
    pub battery_min_bits: u64,
    /// Sum of the bits of each row's `battery_last`, if it has one.
    pub battery_last_bits: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_from_before_the_squares_have_none() {
        let now =
            DayTotals { cells: 3, response_squares_bits: 7, battery_squares_bits: 8, ..DayTotals::default() };
        let mut json = serde_json::to_value(now).unwrap();
        assert_eq!(serde_json::from_value::<DayTotals>(json.clone()).unwrap(), now);
        let fields = json.as_object_mut().unwrap();
        fields.retain(|name, _| !name.contains("squares"));
        let before = DayTotals { response_squares_bits: 0, battery_squares_bits: 0, ..now };
        assert_eq!(serde_json::from_value::<DayTotals>(json).unwrap(), before);
    }
}

//! A cell or a part of one, and the sum of two that belong to the same prosthesis and hour.

use bionicpro_model::{Error, Kind, Result};
use bionicpro_sources::CellBatch;
use bytes::Bytes;
use chrono::DateTime;

/// One cell, or a part of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    pub(crate) chip_id: Bytes,
    pub(crate) hour: i64,
    /// The beginning of the part.
    pub(crate) from: i64,
    pub(crate) movements: i64,
    pub(crate) errors: i64,
    pub(crate) anomalies: i64,
    pub(crate) response_count: i64,
    pub(crate) response_sum: f64,
    pub(crate) response_squares: Option<f64>,
    pub(crate) battery_count: i64,
    pub(crate) battery_sum: f64,
    pub(crate) battery_squares: Option<f64>,
    pub(crate) battery_min: Option<f64>,
    /// Instant and level of the last battery sample, compared in this order.
    pub(crate) battery_last: Option<(i64, f64)>,
}

impl Cell {
    /// Returns the cell at an index of a batch.
    pub(crate) fn at(batch: &CellBatch, at: usize) -> Cell {
        Cell {
            chip_id: batch.chip_id[at].clone(),
            hour: batch.hour[at],
            from: batch.from[at],
            movements: batch.movements[at],
            errors: batch.errors[at],
            anomalies: batch.anomalies[at],
            response_count: batch.response_count[at],
            response_sum: batch.response_sum[at],
            response_squares: batch.response_squares[at],
            battery_count: batch.battery_count[at],
            battery_sum: batch.battery_sum[at],
            battery_squares: batch.battery_squares[at],
            battery_min: batch.battery_min[at],
            battery_last: batch.battery_last_at[at].zip(batch.battery_last[at]),
        }
    }

    /// Adds another cell or part of the same prosthesis and hour. The sum takes the chip id of the later
    /// battery sample, or the greater chip id if neither is later.
    pub(crate) fn add(&mut self, other: Cell) {
        let other_is_last = (other.last_at(), &other.chip_id) > (self.last_at(), &self.chip_id);
        self.movements += other.movements;
        self.errors += other.errors;
        self.anomalies += other.anomalies;
        self.response_count += other.response_count;
        self.response_sum += other.response_sum;
        self.response_squares = both(self.response_squares, other.response_squares);
        self.battery_count += other.battery_count;
        self.battery_sum += other.battery_sum;
        self.battery_squares = both(self.battery_squares, other.battery_squares);
        self.battery_min = match (self.battery_min, other.battery_min) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        if other.battery_last > self.battery_last {
            self.battery_last = other.battery_last;
        }
        if other_is_last {
            self.chip_id = other.chip_id;
        }
    }

    fn last_at(&self) -> Option<i64> {
        self.battery_last.map(|(at, _)| at)
    }

    /// Converts a count to the mart's type.
    ///
    /// # Errors
    /// `Data`, naming the chip and the hour, if the cell has more rows than fit into 32 bits.
    pub(crate) fn count(&self, count: i64) -> Result<u32> {
        u32::try_from(count).map_err(|_| {
            let hour = DateTime::from_timestamp_micros(self.hour).unwrap_or_default();
            Error::new(Kind::Data, "a chip has more rows in one hour than the mart can count")
                .detail(format!(
                    "chip {:?} at {}: {count} rows",
                    String::from_utf8_lossy(&self.chip_id),
                    hour.format("%Y-%m-%dT%H:%MZ")
                ))
                .hint("no device moves that often: find what writes these rows, remove them, then run again")
        })
    }
}

/// Returns the sum if both values are known.
fn both(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    Some(one? + other?)
}

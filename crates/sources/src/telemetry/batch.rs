//! A batch of cells or parts of cells, column by column: the columns of the staged file are written from it
//! without handling rows.

use bytes::Bytes;

/// Cells in columns of the same length. Instants are microseconds since 1970 in UTC.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CellBatch {
    /// The chip.
    pub chip_id: Vec<Bytes>,
    /// The beginning of the hour.
    pub hour: Vec<i64>,
    /// The beginning of the part; the hour itself unless the cell is cut.
    pub from: Vec<i64>,
    /// Rows.
    pub movements: Vec<i64>,
    /// Rows with an error code.
    pub errors: Vec<i64>,
    /// Rows with a reading out of its range.
    pub anomalies: Vec<i64>,
    /// Rows with a finite response time.
    pub response_count: Vec<i64>,
    /// Their sum, in milliseconds.
    pub response_sum: Vec<f64>,
    /// The sum of their squares; `None` if a sample is so large that its square might overflow.
    pub response_squares: Vec<Option<f64>>,
    /// Rows with a finite battery level.
    pub battery_count: Vec<i64>,
    /// Their sum, in percent.
    pub battery_sum: Vec<f64>,
    /// The sum of their squares, as that of the response times.
    pub battery_squares: Vec<Option<f64>>,
    /// The lowest of them.
    pub battery_min: Vec<Option<f64>>,
    /// The instant of the last of them.
    pub battery_last_at: Vec<Option<i64>>,
    /// The last of them: that of the greatest (instant, level).
    pub battery_last: Vec<Option<f64>>,
}

impl CellBatch {
    /// The number of cells.
    pub fn len(&self) -> usize {
        self.chip_id.len()
    }

    /// Returns true if there are no cells.
    pub fn is_empty(&self) -> bool {
        self.chip_id.is_empty()
    }
}

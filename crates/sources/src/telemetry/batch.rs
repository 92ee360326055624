//! Some cells or parts of cells, column by column: what the staged file's columns are written from without touching a row.

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
    /// The sum of their squares; none where a sample is so great that its square might be no number.
    pub response_squares: Vec<Option<f64>>,
    /// Rows with a finite battery level.
    pub battery_count: Vec<i64>,
    /// Their sum, in percent.
    pub battery_sum: Vec<f64>,
    /// The sum of their squares, as that of the response times.
    pub battery_squares: Vec<Option<f64>>,
    /// Their least.
    pub battery_min: Vec<Option<f64>>,
    /// The instant of the last of them.
    pub battery_last_at: Vec<Option<i64>>,
    /// The last of them: of the greatest (instant, level).
    pub battery_last: Vec<Option<f64>>,
}

impl CellBatch {
    /// How many cells.
    pub fn len(&self) -> usize {
        self.chip_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.chip_id.is_empty()
    }
}

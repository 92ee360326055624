//! The mart without personal data, as Parquet files that the engine writes.

use bionicpro_model::Result;
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use clickhouse::query::BytesCursor;

use crate::schema::Column;
use crate::settings::EXPORT;
use crate::{Warehouse, fault};

/// The columns of a day's file in their order, with their ClickHouse types. The day is not among them: it is
/// the name of the file's folder.
pub const HOURS: &[Column] = &[
    ("user_id", "String"),
    ("prosthesis_id", "String"),
    ("chip_id", "String"),
    ("prosthesis_model", "String"),
    ("hour", "DateTime('UTC')"),
    ("movements_count", "UInt32"),
    ("error_count", "UInt32"),
    ("error_rate", "Float32"),
    ("avg_response_time", "Nullable(Float32)"),
    ("avg_battery_level", "Nullable(Float32)"),
    ("response_count", "UInt32"),
    ("response_sum", "Float64"),
    ("response_squares", "Nullable(Float64)"),
    ("battery_count", "UInt32"),
    ("battery_sum", "Float64"),
    ("battery_squares", "Nullable(Float64)"),
    ("battery_min", "Nullable(Float32)"),
    ("battery_last", "Nullable(Float32)"),
    ("anomaly_count", "UInt32"),
    ("version", "UInt64"),
];

/// Ids are text, by which every tool can group and join. Rows are in the order of the key. {hours} is the
/// view.
const OF_DAY: &str = "SELECT
    toString(user_id) AS user_id, toString(prosthesis_id) AS prosthesis_id, chip_id, prosthesis_model, hour, movements_count,
    error_count, error_rate, avg_response_time, avg_battery_level, response_count, response_sum, response_squares,
    battery_count, battery_sum, battery_squares, battery_min, battery_last, anomaly_count, version
FROM {hours}
WHERE date = {day: Date}
ORDER BY user_id, hour, prosthesis_id";

const NOW: &str = "ml_hourly_stats";

const AS_OF: &str = "ml_hourly_stats_as_of(as_of = {as_of: DateTime64(6, 'UTC')})";

const DOING: &str = "reading a day of the mart";

/// A Parquet file being streamed from the engine.
pub struct File {
    warehouse: Warehouse,
    pieces: BytesCursor,
}

/// Returns the hours of a UTC day as `ml_hourly_stats` shows them at one moment, with the columns [`HOURS`];
/// with `as_of`, as they were known at that instant.
///
/// With the same engine version, equal rows produce equal bytes. For that the engine holds the rows of one
/// day in memory.
///
/// # Errors
/// Only that of a statement that cannot be built; other errors are returned with the first piece.
pub fn hours_of(warehouse: &Warehouse, day: NaiveDate, as_of: Option<DateTime<Utc>>) -> Result<File> {
    let sql = OF_DAY.replace("{hours}", if as_of.is_some() { AS_OF } else { NOW });
    let query = EXPORT
        .iter()
        .fold(warehouse.query(&sql), |query, (name, value)| query.with_setting(*name, *value))
        .param("day", day);
    let query = match as_of {
        Some(as_of) => query.param("as_of", as_of.format("%F %T%.6f").to_string()),
        None => query,
    };
    let pieces = query.fetch_bytes("Parquet").map_err(|cause| fault::error(DOING, cause))?;
    Ok(File { warehouse: warehouse.clone(), pieces })
}

impl File {
    /// Returns the next piece, or `None` at the end. A connection that breaks early may look like the end:
    /// check the file's footer.
    ///
    /// # Errors
    /// `Unreachable` when the engine is down, `Config` when the account lacks a right, `Data` when there is
    /// no mart.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        self.warehouse.run(DOING, self.pieces.next()).await
    }
}

//! Server-side query parameters in the format that ClickHouse expects.

use bionicpro_model::HourRange;
use chrono::{DateTime, Utc};
use clickhouse::query::Query;

/// The maximum number of people or keys per statement: its parameters are sent in the URL.
pub(crate) const BATCH: usize = 200;

/// Formats an instant for a parameter of the type `DateTime('UTC')`.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Returns the query with the parameters `from` and `to`.
pub(crate) fn ranged(query: Query, range: &HourRange) -> Query {
    query.param("from", instant(range.from())).param("to", instant(range.to()))
}

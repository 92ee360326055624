//! Server-side parameters in the form that ClickHouse reads.

use bionicpro_model::HourRange;
use chrono::{DateTime, Utc};
use clickhouse::query::Query;

/// How many people or keys one statement takes: its parameters travel in the URL.
pub(crate) const BATCH: usize = 200;

/// An instant for a parameter of the type `DateTime('UTC')`.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The query with the parameters `from` and `to`.
pub(crate) fn ranged(query: Query, range: &HourRange) -> Query {
    query.param("from", instant(range.from())).param("to", instant(range.to()))
}

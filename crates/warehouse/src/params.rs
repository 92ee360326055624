//! Server-side parameters in the form that ClickHouse reads.

use chrono::{DateTime, Utc};

/// An instant for a parameter of the type `DateTime('UTC')`.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

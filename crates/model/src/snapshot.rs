//! The moment at which a source was read.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One consistent read of a source database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The source's own clock when the snapshot was taken.
    pub taken_at: DateTime<Utc>,
    /// PostgreSQL's `pg_current_snapshot()` as text: which transactions the read saw.
    pub transactions: String,
}

impl Snapshot {
    /// The mart's `version` of rows read under this snapshot: microseconds since 1970. Newer replaces older.
    pub fn version(&self) -> u64 {
        u64::try_from(self.taken_at.timestamp_micros()).unwrap_or(0)
    }
}

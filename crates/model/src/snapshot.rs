//! Snapshots of a source, and the versions that order them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One consistent read of a source database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The source's clock when the snapshot was taken.
    pub taken_at: DateTime<Utc>,
    /// PostgreSQL's `pg_current_snapshot()` as text: the transactions that the read saw.
    pub transactions: String,
    /// The mart's `version` of rows read under this snapshot. Newer replaces older.
    pub version: u64,
}

impl Snapshot {
    /// A snapshot whose version is the source's clock in microseconds since 1970, or `floor + 1` if that is
    /// larger.
    ///
    /// `floor` is the newest version that the warehouse knows: versions never decrease, even if the clock
    /// steps back.
    pub fn new(taken_at: DateTime<Utc>, transactions: String, floor: u64) -> Self {
        let version = micros(taken_at).max(floor.saturating_add(1));
        Snapshot { taken_at, transactions, version }
    }

    /// The mart's `version` of rows read under this snapshot.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Returns true if the source's clock is behind the version, so that a concurrent run may have the same
    /// one.
    pub fn is_behind(&self) -> bool {
        micros(self.taken_at) < self.version
    }
}

fn micros(at: DateTime<Utc>) -> u64 {
    u64::try_from(at.timestamp_micros()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_steps_back_makes_no_version_go_back() {
        let noon = DateTime::from_timestamp(1_705_320_000, 0).unwrap();
        let first = Snapshot::new(noon, "1:1:".to_owned(), 0);
        assert_eq!((first.version(), first.is_behind()), (1_705_320_000_000_000, false));
        let hour_before = noon - chrono::TimeDelta::hours(1);
        let second = Snapshot::new(hour_before, "2:2:".to_owned(), first.version());
        assert_eq!((second.version(), second.is_behind()), (first.version() + 1, true));
    }
}

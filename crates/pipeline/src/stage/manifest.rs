//! What is known of a staged file without opening it.

use std::collections::BTreeMap;

use bionicpro_model::{DayTotals, HourRange, RunId, Snapshot};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The manifest beside a staged file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The run.
    pub run: RunId,
    /// The step that wrote the file.
    pub step: String,
    /// The file's name.
    pub file: String,
    /// Rows in the file.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// When the source was read.
    pub snapshot: Snapshot,
    /// The moment before which no row could appear any more; none for the CRM.
    pub horizon: Option<DateTime<Utc>>,
    /// The hours that the file covers; none for the CRM.
    pub range: Option<HourRange>,
    /// What was counted on the way, by name.
    pub counts: BTreeMap<String, u64>,
    /// The checksums of the files that this one was made from.
    pub inputs: BTreeMap<String, String>,
    /// What the mart must answer for each day; of `mart.parquet` only.
    #[serde(default)]
    pub days: Vec<DayTotals>,
}

impl Manifest {
    /// A count by its name; 0 when it was not counted.
    pub fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }
}

//! The manifest of a staged file: its metadata, readable without opening the file.

use std::collections::BTreeMap;

use bionicpro_model::{DayTotals, HourRange, RunId, Snapshot};
use bionicpro_warehouse::ledger::Step;
use bionicpro_warehouse::state::DimensionVersions;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::StagedName;
use super::write::Written;
use crate::kind::RunKind;

/// The manifest next to a staged file.
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
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// The snapshot of the source that was read.
    pub snapshot: Snapshot,
    /// The moment before which no row could appear any more; `None` for the CRM.
    pub horizon: Option<DateTime<Utc>>,
    /// The hours that the file covers completely; `None` for the CRM and for an incremental run.
    pub range: Option<HourRange>,
    /// The kind of the run; `None` for the CRM.
    #[serde(default)]
    pub kind: Option<RunKind>,
    /// The form of change detection that the run used; `None` for the CRM.
    #[serde(default)]
    pub form: Option<String>,
    /// The checkpoint, as JSON text, with which the next incremental run compares the source once this run is
    /// loaded.
    #[serde(default)]
    pub baseline: Option<String>,
    /// The fingerprint of the CRM that this was made from; only of `crm.parquet` and `owners.parquet`.
    #[serde(default)]
    pub crm: Option<String>,
    /// The state that ownership was merged from; only of `owners.parquet`.
    #[serde(default)]
    pub merged: Option<Merged>,
    /// Counts by name.
    pub counts: BTreeMap<String, u64>,
    /// The checksums of the files that this one was made from.
    pub inputs: BTreeMap<String, String>,
    /// The totals that the mart must return for each day; only of `mart.parquet`.
    #[serde(default)]
    pub days: Vec<DayTotals>,
}

/// The state of the warehouse that a run's ownership was merged from: a load into any other state is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// The checksums of the stored users, prostheses and owners; `None` if these equal the CRM's.
    pub stored: Option<[String; 3]>,
    /// True if the files hold only the part that the run needs, because everything is already stored.
    #[serde(default)]
    pub is_part: bool,
    /// The versions of that state.
    #[serde(default)]
    pub stamp: DimensionVersions,
    /// The versions of loads that had not ended.
    pub cut_off: Vec<u64>,
}

impl Manifest {
    /// Creates the manifest of a file that was just written. The caller fills in the other fields.
    pub(crate) fn new<T>(
        run: &RunId,
        step: Step,
        name: StagedName,
        snapshot: Snapshot,
        rows: u64,
        written: &Written<T>,
    ) -> Self {
        Manifest {
            run: run.clone(),
            step: step.as_str().to_owned(),
            file: name.file().to_owned(),
            rows,
            bytes: written.bytes,
            sha256: written.sha256.clone(),
            snapshot,
            horizon: None,
            range: None,
            kind: None,
            form: None,
            baseline: None,
            crm: None,
            merged: None,
            counts: BTreeMap::new(),
            inputs: BTreeMap::new(),
            days: Vec::new(),
        }
    }

    /// Returns a count by its name; 0 if it was not counted.
    pub fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }
}

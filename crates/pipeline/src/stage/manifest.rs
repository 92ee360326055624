//! What is known of a staged file without opening it.

use std::collections::BTreeMap;

use bionicpro_model::{DayTotals, HourRange, RunId, Snapshot};
use bionicpro_warehouse::ledger::Step;
use bionicpro_warehouse::state::DimensionVersions;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::StagedName;
use super::write::Written;
use crate::kind::RunKind;

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
    /// The hours that the file covers whole; none for the CRM and for a tick.
    pub range: Option<HourRange>,
    /// What the run does; none for the CRM.
    #[serde(default)]
    pub kind: Option<RunKind>,
    /// How the run found what is new; none for the CRM.
    #[serde(default)]
    pub form: Option<String>,
    /// What the next tick compares the source with once this run is loaded, as JSON text.
    #[serde(default)]
    pub baseline: Option<String>,
    /// Which CRM this was made from; of `crm.parquet` and `owners.parquet` only.
    #[serde(default)]
    pub crm: Option<String>,
    /// From what ownership was merged; of `owners.parquet` only.
    #[serde(default)]
    pub merged: Option<Merged>,
    /// What was counted on the way, by name.
    pub counts: BTreeMap<String, u64>,
    /// The checksums of the files that this one was made from.
    pub inputs: BTreeMap<String, String>,
    /// What the mart must answer for each day; of `mart.parquet` only.
    #[serde(default)]
    pub days: Vec<DayTotals>,
}

/// The state of the warehouse that a run's ownership was merged from: a load of another state is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// The checksums of the stored users, prostheses and owners; none where they are what the CRM says.
    pub stored: Option<[String; 3]>,
    /// Whether the files hold only what the run needs of them, because all of it is stored.
    #[serde(default)]
    pub is_part: bool,
    /// Which state that was.
    #[serde(default)]
    pub stamp: DimensionVersions,
    /// The versions of loads that had not come to their end.
    pub cut_off: Vec<u64>,
}

impl Manifest {
    /// The manifest of a file that was just written; what else is known is filled in by the caller.
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

    /// A count by its name; 0 when it was not counted.
    pub fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }
}

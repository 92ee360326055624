//! The reports of steps and runs at their end: one JSON line each.

use std::collections::BTreeMap;

use bionicpro_model::{Error, HourRange, RunId};
use bionicpro_warehouse::ledger::{State, Step};
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::kind::RunKind;

/// The end of a step.
#[derive(Debug, Clone, Serialize)]
pub struct StepReport {
    /// The run.
    pub run: RunId,
    /// The step.
    pub step: Step,
    /// `done`, `skipped` or `failed`.
    pub state: State,
    /// The number of the attempt, from 1.
    pub attempt: u16,
    /// The kind of the run, which not every step knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<RunKind>,
    /// The reason why an incremental run became a full run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_full: Option<String>,
    /// The form of change detection that the run used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// The checkpoint with which the next incremental run compares the source.
    #[serde(skip)]
    pub baseline: Option<String>,
    /// The hours that it covered completely.
    pub range: Option<HourRange>,
    /// The mart version that it reads or writes.
    pub version: Option<u64>,
    /// The source's snapshot.
    pub snapshot: Option<String>,
    /// The moment before which every committed row was visible.
    pub horizon: Option<DateTime<Utc>>,
    /// Counts by name.
    pub counts: BTreeMap<String, u64>,
    /// The files that it wrote, relative to the staging area. A run of all four steps removes them when it
    /// succeeds.
    pub files: Vec<String>,
    /// The duration in milliseconds.
    pub duration_ms: u64,
    /// The names of what could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// The error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

impl StepReport {
    pub(crate) fn new(run: &RunId, step: Step) -> Self {
        StepReport {
            run: run.clone(),
            step,
            state: State::Done,
            attempt: 1,
            kind: None,
            why_full: None,
            form: None,
            baseline: None,
            range: None,
            version: None,
            snapshot: None,
            horizon: None,
            counts: BTreeMap::new(),
            files: Vec::new(),
            duration_ms: 0,
            notes: None,
            error: None,
        }
    }

    /// Returns a count by its name; 0 if it was not counted.
    pub fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }
}

/// An error in a report, without secrets and personal data.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    /// The word for its kind.
    pub kind: &'static str,
    /// The message and its detail.
    pub message: String,
    /// The hint about what to do.
    pub hint: Option<String>,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Failure {
            kind: error.kind().as_str(),
            message: error.to_string(),
            hint: error.hint_text().map(str::to_owned),
        }
    }
}

/// The end of a run.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// The run.
    pub run: RunId,
    /// `done`, or `skipped` if there was nothing new.
    pub state: State,
    /// The kind of the run.
    pub kind: Option<RunKind>,
    /// The reason why an incremental run became a full run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_full: Option<String>,
    /// The hours that it replaced.
    pub range: Option<HourRange>,
    /// Counts by name, summed over the pieces of a backfill.
    pub counts: BTreeMap<String, u64>,
    /// The duration in milliseconds.
    pub duration_ms: u64,
    /// Its steps in the order in which they ended; a backfill in pieces has none of its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepReport>,
}

impl RunReport {
    pub(crate) fn new(run: &RunId) -> Self {
        RunReport {
            run: run.clone(),
            state: State::Done,
            kind: None,
            why_full: None,
            range: None,
            counts: BTreeMap::new(),
            duration_ms: 0,
            steps: Vec::new(),
        }
    }
}

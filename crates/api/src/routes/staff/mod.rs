//! `/api/staff`: the pipeline as administrators see it. It contains no personal data.

pub(crate) mod pipeline;
pub(crate) mod run;
mod verdict;

use bionicpro_warehouse::ledger::{Outcome, Outline};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// A run without an end whose newest entry is older than this was interrupted: twice the default time limit
/// of a step, plus the pause before a retry.
const CUT_OFF_AFTER: TimeDelta = TimeDelta::minutes(130);

/// The outcome of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RunState {
    /// Loaded, and compared with what was staged.
    Done,
    /// An incremental run that found nothing new.
    NothingNew,
    /// A step failed and was not retried.
    Failed,
    /// In progress, or waiting before a retry.
    Running,
    /// It has no end, and its newest entry is more than two hours old.
    Abandoned,
}

impl RunState {
    fn of(outline: &Outline, now: DateTime<Utc>) -> Self {
        match outline.outcome {
            Outcome::Done => RunState::Done,
            Outcome::NothingNew => RunState::NothingNew,
            Outcome::Failed(_) => RunState::Failed,
            Outcome::In(_) | Outcome::After(_) if now - outline.newest_at > CUT_OFF_AFTER => {
                RunState::Abandoned
            }
            Outcome::In(_) | Outcome::After(_) => RunState::Running,
        }
    }
}

/// A run of the pipeline. If several steps report a value, the last one counts; if none does, it is null.
#[derive(Debug, Serialize, ToSchema)]
struct PipelineRun {
    /// The id of the run.
    #[schema(example = "20261128T143000Z-3f9a1c")]
    run: String,
    state: RunState,
    /// The step that failed, that the run is in, or that it has completed last.
    #[schema(required, example = "load_to_clickhouse")]
    step: Option<&'static str>,
    /// `tick`, `full` or `range`: the kind of run, which determines the cells that it recomputes.
    #[schema(required, example = "tick")]
    kind: Option<String>,
    /// The method by which it found new rows in the telemetry.
    #[schema(required, example = "xid8")]
    form: Option<String>,
    /// The start of its first step.
    started_at: DateTime<Utc>,
    /// The end of the run; null while it runs.
    #[schema(required)]
    ended_at: Option<DateTime<Utc>>,
    /// Milliseconds from its start to its end, or to its newest entry.
    #[schema(example = 812)]
    duration_ms: i64,
    /// The first hour of its range.
    #[schema(required)]
    range_from: Option<DateTime<Utc>>,
    /// The end of its range, not included.
    #[schema(required)]
    range_to: Option<DateTime<Utc>>,
    /// Raw telemetry rows read.
    #[schema(required, example = 5120)]
    rows: Option<u64>,
    /// Cells (chip, hour) written.
    #[schema(required, example = 212)]
    cells: Option<u64>,
    /// Orphans: cells whose chip has no owner.
    #[schema(required, example = 0)]
    orphans: Option<u64>,
    /// Raw rows with a value out of its range.
    #[schema(required, example = 0)]
    anomalies: Option<u64>,
    /// Tombstones of rows that vanished.
    #[schema(required, example = 0)]
    tombstones: Option<u64>,
    /// The number of retries of its steps.
    #[schema(example = 0)]
    retries: usize,
    /// The error message.
    #[schema(required)]
    error: Option<String>,
    /// A hint for fixing the error.
    #[schema(required)]
    hint: Option<String>,
}

impl PipelineRun {
    fn new(outline: &Outline, now: DateTime<Utc>) -> Self {
        let state = RunState::of(outline, now);
        let has_ended = matches!(state, RunState::Done | RunState::NothingNew | RunState::Failed);
        PipelineRun {
            run: outline.run.to_string(),
            state,
            step: match outline.outcome {
                Outcome::Done | Outcome::NothingNew => None,
                Outcome::Failed(step) | Outcome::In(step) | Outcome::After(step) => Some(step.as_str()),
            },
            kind: outline.kind.clone(),
            form: outline.form.clone(),
            started_at: outline.started_at.trunc_subsecs(3),
            ended_at: has_ended.then(|| outline.newest_at.trunc_subsecs(3)),
            duration_ms: (outline.newest_at - outline.started_at).num_milliseconds(),
            range_from: outline.range.map(|(from, _)| from),
            range_to: outline.range.map(|(_, to)| to),
            rows: outline.rows,
            cells: outline.cells,
            orphans: outline.orphans,
            anomalies: outline.anomalies,
            tombstones: outline.tombstones,
            retries: outline.retries,
            error: outline.error.clone(),
            hint: outline.hint.clone(),
        }
    }
}

/// The moment before which every committed row of the source was visible to a run.
#[derive(Debug, Serialize, ToSchema)]
struct Horizon {
    /// The moment.
    at: DateTime<Utc>,
    /// Seconds since then.
    #[schema(example = 615)]
    age_s: i64,
    /// Seconds by which it was behind the run's snapshot: a transaction of that age held it back.
    #[schema(required, example = 0.003)]
    lag_s: Option<f64>,
    /// The method by which the run found new rows in the telemetry.
    #[schema(required, example = "xid8")]
    form: Option<String>,
}

impl Horizon {
    fn of(outline: &Outline, now: DateTime<Utc>) -> Option<Self> {
        let at = outline.horizon?;
        Some(Horizon {
            at: at.trunc_subsecs(3),
            age_s: (now - at).num_seconds(),
            lag_s: outline.horizon_lag().map(|lag| lag.as_seconds_f64()),
            form: outline.form.clone(),
        })
    }
}

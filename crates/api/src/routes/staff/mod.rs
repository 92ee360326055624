//! `/api/staff`: what administrators see of the pipeline. Nothing here is about a person.

pub(crate) mod pipeline;
pub(crate) mod run;
mod verdict;

use bionicpro_warehouse::ledger::{Outcome, Outline};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// A run without an end whose newest entry is older than this was cut off: twice the longest that a step may take by
/// default, and its rest before another try.
const CUT_OFF_AFTER: TimeDelta = TimeDelta::minutes(130);

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RunState {
    /// Loaded, and compared with what was staged.
    Done,
    /// A tick that found nothing new.
    NothingNew,
    /// A step failed, and nobody has tried again.
    Failed,
    /// At work, or resting before another try.
    Running,
    /// It has no end and has been silent for more than two hours.
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

/// A run of the pipeline. Of what several steps say, the last word counts; what none says is null.
#[derive(Debug, Serialize, ToSchema)]
struct PipelineRun {
    /// The id of the run.
    #[schema(example = "20261128T143000Z-3f9a1c")]
    run: String,
    state: RunState,
    /// The step that failed, or that the run is at or after.
    #[schema(required, example = "load_to_clickhouse")]
    step: Option<&'static str>,
    /// `tick`, `full` or `range`: which cells it recomputes.
    #[schema(required, example = "tick")]
    kind: Option<String>,
    /// How it found what is new in the telemetry.
    #[schema(required, example = "xid8")]
    form: Option<String>,
    /// When its first step began.
    started_at: DateTime<Utc>,
    /// When it ended; null while it runs.
    #[schema(required)]
    ended_at: Option<DateTime<Utc>>,
    /// From its beginning to its end, or to the newest word of it.
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
    /// Cells whose chip nobody owns.
    #[schema(required, example = 0)]
    orphans: Option<u64>,
    /// Raw rows with a value out of its range.
    #[schema(required, example = 0)]
    anomalies: Option<u64>,
    /// Rows that vanished.
    #[schema(required, example = 0)]
    tombstones: Option<u64>,
    /// How often a step was tried again.
    #[schema(example = 0)]
    retries: usize,
    /// What failed.
    #[schema(required)]
    error: Option<String>,
    /// What to do about it.
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
    /// Seconds that it lay behind the run's snapshot: a transaction of that age holds it back.
    #[schema(required, example = 0.003)]
    lag_s: Option<f64>,
    /// How the run found what is new in the telemetry.
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

//! `GET /api/staff/run`: one run, step by step, with hints where it failed.

use axum::extract::State;
use bionicpro_model::RunId;
use bionicpro_warehouse::ledger::{self, Entry, Outline};
use chrono::{DateTime, SubsecRound, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{Horizon, PipelineRun};
use crate::access::AskedDays;
use crate::answer::Answer;
use crate::extractors::Staff;
use crate::openapi::DataRefusals;
use crate::parameters::{FromQuery, Query, Strict};
use crate::problem::{Problem, ProblemKind};
use crate::state::AppState;

/// The parameters. The id is not in the path, because ids of Airflow contain characters that no path of this
/// service may contain.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunQuery {
    /// The id of the run.
    #[param(value_type = String, example = "20261128T143000Z-3f9a1c")]
    run: RunId,
}

impl FromQuery for RunQuery {
    const NAMES: &'static [&'static str] = &["run"];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let run = query.get("run").and_then(|run| run.parse().ok());
        Ok(RunQuery { run: run.ok_or_else(|| Problem::parameter("run", "run must be the id of a run"))? })
    }

    fn days(&self) -> AskedDays {
        AskedDays::NONE
    }
}

/// One run, step by step.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunReport {
    run: PipelineRun,
    /// The version of the rows that it writes, as text, because it exceeds the numbers of some programs.
    #[schema(required, example = "1795876200000000")]
    version: Option<String>,
    /// The telemetry snapshot as the source names it.
    #[schema(required)]
    snapshot: Option<String>,
    #[schema(required)]
    horizon: Option<Horizon>,
    /// The entries of the ledger in chronological order.
    steps: Vec<RunStep>,
}

/// The state of a step in an entry.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StepState {
    /// It began.
    Started,
    /// It succeeded.
    Done,
    /// It failed.
    Failed,
    /// There was nothing new to do.
    Skipped,
}

/// An entry of the ledger. Numbers that the step does not count are null.
#[derive(Debug, Serialize, ToSchema)]
struct RunStep {
    /// The step: `extract_crm_data`, `extract_telemetry_data`, `transform_and_join` or `load_to_clickhouse`.
    #[schema(example = "load_to_clickhouse")]
    step: &'static str,
    state: StepState,
    /// The number of the attempt at the step, from 1.
    #[schema(example = 1)]
    attempt: u16,
    /// The time of the entry.
    at: DateTime<Utc>,
    /// The duration of the step in milliseconds.
    #[schema(required, example = 340)]
    duration_ms: Option<u64>,
    /// Raw telemetry rows read.
    #[schema(required)]
    rows: Option<u64>,
    /// Cells (chip, hour) written.
    #[schema(required)]
    cells: Option<u64>,
    /// Bytes staged or sent.
    #[schema(required)]
    bytes: Option<u64>,
    /// Orphans: cells whose chip has no owner.
    #[schema(required)]
    orphans: Option<u64>,
    /// Raw rows with a value out of its range.
    #[schema(required)]
    anomalies: Option<u64>,
    /// Tombstones of rows that vanished.
    #[schema(required)]
    tombstones: Option<u64>,
    /// The kind of the error, which determines whether the step is retried.
    #[schema(required, example = "unreachable")]
    error_kind: Option<String>,
    /// The error message.
    #[schema(required)]
    error: Option<String>,
    /// A hint for fixing the error.
    #[schema(required)]
    hint: Option<String>,
}

impl From<Entry> for RunStep {
    fn from(entry: Entry) -> Self {
        RunStep {
            step: entry.step.as_str(),
            state: match entry.state {
                ledger::State::Started => StepState::Started,
                ledger::State::Done => StepState::Done,
                ledger::State::Failed => StepState::Failed,
                ledger::State::Skipped => StepState::Skipped,
            },
            attempt: entry.attempt,
            at: entry.at.trunc_subsecs(3),
            duration_ms: entry.duration_ms,
            rows: entry.rows,
            cells: entry.cells,
            bytes: entry.bytes,
            orphans: entry.orphans,
            anomalies: entry.anomalies,
            tombstones: entry.tombstones,
            error_kind: entry.error_kind,
            error: entry.error,
            hint: entry.hint,
        }
    }
}

/// One run, step by step.
///
/// For administrators. 404 if the ledger has no such run.
#[utoipa::path(
    get, path = "/api/staff/run", operation_id = "getRun", tag = "Staff", security(("bearer" = [])),
    params(RunQuery),
    responses((status = 200, description = "The run.", body = RunReport), DataRefusals)
)]
pub(crate) async fn run(
    _: Staff,
    Strict(RunQuery { run }): Strict<RunQuery>,
    State(app): State<AppState>,
) -> Result<Answer<RunReport>, Problem> {
    let entries = app.reports.ledger_of(&run).await?;
    let Some(outline) = Outline::of(&entries) else {
        return Err(Problem::new(ProblemKind::NotFound).detail("The ledger has no such run"));
    };
    let now = Utc::now();
    Ok(Answer(RunReport {
        run: PipelineRun::new(&outline, now),
        version: outline.version.map(|version| version.to_string()),
        snapshot: outline.snapshot.clone(),
        horizon: Horizon::of(&outline, now),
        steps: entries.into_iter().map(RunStep::from).collect(),
    }))
}

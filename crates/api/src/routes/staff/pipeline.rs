//! `GET /api/staff/pipeline`: the freshness of the mart, and the outcomes of the last runs.

use axum::extract::State;
use bionicpro_warehouse::ledger::Outline;
use chrono::{DateTime, SubsecRound, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::verdict::{Reconciliation, Verdict};
use super::{Horizon, PipelineRun};
use crate::answer::Answer;
use crate::extractors::Staff;
use crate::openapi::DataRefusals;
use crate::parameters::{NoParameters, Strict};
use crate::problem::Problem;
use crate::routes::freshness::DataAge;
use crate::state::AppState;

/// The number of runs shown.
const RUNS: u32 = 30;

/// The state of the pipeline.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pipeline {
    state: Verdict,
    /// A sentence for each problem, the worst first.
    reasons: Vec<String>,
    freshness: DataAge,
    reconciliation: Reconciliation,
    /// The horizon of the newest run that has one.
    #[schema(required)]
    horizon: Option<Horizon>,
    /// Orphans, cells whose chip has no owner, in the newest run that counted them.
    #[schema(required, example = 0)]
    orphans: Option<u64>,
    /// The current time by the clock of this service.
    server_time: DateTime<Utc>,
    /// The last runs, at most 30, the newest first.
    runs: Vec<PipelineRun>,
}

/// The state of the pipeline.
///
/// For administrators. It contains no personal data.
#[utoipa::path(
    get, path = "/api/staff/pipeline", operation_id = "getPipeline", tag = "Staff", security(("bearer" = [])),
    responses((status = 200, description = "The state of the pipeline.", body = Pipeline), DataRefusals)
)]
pub(crate) async fn pipeline(
    _: Staff,
    _: Strict<NoParameters>,
    State(app): State<AppState>,
) -> Result<Answer<Pipeline>, Problem> {
    let freshness = app.freshness().await?;
    let (runs, newest_load) = tokio::try_join!(app.reports.runs(RUNS), app.reports.newest_load())?;
    let now = Utc::now();
    let outlines: Vec<Outline> = runs.iter().filter_map(|entries| Outline::of(entries)).collect();
    let runs: Vec<PipelineRun> = outlines.iter().map(|outline| PipelineRun::new(outline, now)).collect();
    let freshness = DataAge::new(freshness, app.schedule, now);
    let reconciliation = Reconciliation::of(newest_load.as_ref());
    let (state, reasons) = Verdict::of(freshness.state, &runs, reconciliation.state);
    Ok(Answer(Pipeline {
        state,
        reasons,
        freshness,
        reconciliation,
        horizon: outlines.iter().find_map(|outline| Horizon::of(outline, now)),
        orphans: outlines.iter().find_map(|outline| outline.orphans),
        server_time: now.trunc_subsecs(0),
        runs,
    }))
}

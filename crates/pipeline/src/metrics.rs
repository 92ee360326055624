//! The pipeline's metrics: their names and their interpretation.

use bionicpro_warehouse::ledger::State;
use metrics::{counter, gauge, histogram};

use crate::kind::RunKind;
use crate::report::StepReport;

/// Duration of steps in seconds, by `step` and `state`; `skipped` is an incremental run that found nothing
/// new. If it grows for the same range, the source or the warehouse is slow.
pub const STEP_SECONDS: &str = "bionicpro_pipeline_step_seconds";
/// Steps that ended, by `step`, `state` and error `kind`. Failures of kind `unreachable` resolve by
/// themselves, those of kind `data` do not.
pub const STEPS_TOTAL: &str = "bionicpro_pipeline_steps_total";
/// Telemetry rows aggregated. If it is flat while the fleet moves, nothing arrives in the source.
pub const ROWS_TOTAL: &str = "bionicpro_pipeline_rows_total";
/// Mart rows loaded.
pub const CELLS_TOTAL: &str = "bionicpro_pipeline_cells_total";
/// Cells of the last run without an owner. If it grows over full runs, prostheses are missing in the CRM.
pub const ORPHAN_CELLS: &str = "bionicpro_pipeline_orphan_cells";
/// Movements of the last run with a reading outside its valid range.
pub const ANOMALIES: &str = "bionicpro_pipeline_anomalies";
/// Rows of the last full run whose event time no report can hold. If it grows, a device's clock is wrong.
pub const OUTSIDE_ROWS: &str = "bionicpro_pipeline_outside_rows";
/// Cells of the last run that could not be read. If it is above 0, `bionicpro etl show RUN` names them and
/// gives the reasons.
pub const UNREADABLE_CELLS: &str = "bionicpro_pipeline_unreadable_cells";
/// Seconds between the last run's horizon and its snapshot. If it grows, a transaction was left open on the
/// source.
pub const HORIZON_AGE_SECONDS: &str = "bionicpro_pipeline_horizon_age_seconds";
/// Time of the last successful load, in seconds since 1970. Alert if it is older than a few intervals of the
/// schedule.
pub const LAST_LOAD_TIMESTAMP: &str = "bionicpro_pipeline_last_load_timestamp_seconds";

/// Records the end of a step.
pub(crate) fn record(report: &StepReport) {
    let step = report.step.as_str();
    let state = match report.state {
        State::Failed => "failed",
        State::Skipped => "skipped",
        _ => "done",
    };
    let kind = report.error.as_ref().map_or("", |failure| failure.kind);
    #[expect(clippy::cast_precision_loss, reason = "metrics are floating point numbers")]
    let number = |value: u64| value as f64;
    histogram!(STEP_SECONDS, "step" => step, "state" => state).record(number(report.duration_ms) / 1000.0);
    counter!(STEPS_TOTAL, "step" => step, "state" => state, "kind" => kind).increment(1);
    if report.state == State::Failed {
        return;
    }
    match report.step {
        bionicpro_warehouse::ledger::Step::ExtractTelemetryData => {
            counter!(ROWS_TOTAL).increment(report.count("rows"));
            gauge!(ANOMALIES).set(number(report.count("anomalies")));
            // An incremental run reads too little to set this.
            if report.kind == Some(RunKind::Full) {
                gauge!(UNREADABLE_CELLS).set(number(report.count("unreadable_cells")));
            }
            if report.range.is_some() {
                gauge!(OUTSIDE_ROWS).set(number(report.count("outside_rows")));
            }
            gauge!(HORIZON_AGE_SECONDS).set(number(report.count("horizon_age_ms")) / 1000.0);
        }
        bionicpro_warehouse::ledger::Step::TransformAndJoin => {
            gauge!(ORPHAN_CELLS).set(number(report.count("orphan_cells")));
        }
        bionicpro_warehouse::ledger::Step::LoadToClickhouse => {
            counter!(CELLS_TOTAL).increment(report.count("cells"));
            let now = chrono::Utc::now().timestamp();
            gauge!(LAST_LOAD_TIMESTAMP).set(number(now.cast_unsigned()));
        }
        bionicpro_warehouse::ledger::Step::ExtractCrmData => {}
    }
}

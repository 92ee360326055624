//! The pipeline's metrics: their names, and how to read them.

use bionicpro_warehouse::ledger::State;
use metrics::{counter, gauge, histogram};

use crate::kind::RunKind;
use crate::report::StepReport;

/// Seconds that a step took, by `step` and `state`; `skipped` is a tick that found nothing new. Growing with the same range: the source or the warehouse is slow.
pub const STEP_SECONDS: &str = "bionicpro_pipeline_step_seconds";
/// Steps that ended, by `step`, `state` and error `kind`. A failure of kind `unreachable` mends itself, `data` does not.
pub const STEPS_TOTAL: &str = "bionicpro_pipeline_steps_total";
/// Telemetry rows aggregated. Flat while the fleet moves: nothing arrives in the source.
pub const ROWS_TOTAL: &str = "bionicpro_pipeline_rows_total";
/// Mart rows loaded.
pub const CELLS_TOTAL: &str = "bionicpro_pipeline_cells_total";
/// Cells of the last run that nobody owns. Growing over full runs: prostheses are missing in the CRM.
pub const ORPHAN_CELLS: &str = "bionicpro_pipeline_orphan_cells";
/// Movements of the last run with a reading out of its range.
pub const ANOMALIES: &str = "bionicpro_pipeline_anomalies";
/// Rows of the last full run whose event time no report can hold. Growing: a device's clock is wrong.
pub const OUTSIDE_ROWS: &str = "bionicpro_pipeline_outside_rows";
/// Cells of the last run that could not be read. Above 0: `bionicpro etl show RUN` names them and says why.
pub const UNREADABLE_CELLS: &str = "bionicpro_pipeline_unreadable_cells";
/// Seconds between the last run's horizon and its snapshot. Growing: a forgotten transaction on the source.
pub const HORIZON_AGE_SECONDS: &str = "bionicpro_pipeline_horizon_age_seconds";
/// When the last load ended well, in seconds since 1970. Alert when it is older than a few schedules.
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
            // A tick reads too little to tell.
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

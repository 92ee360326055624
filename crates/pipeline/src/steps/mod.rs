//! The four steps. Each is a unit of retry: run again, it gives the same result.
//!
//! Every attempt is told to the ledger before and after its work; `load_to_clickhouse` moves the horizon with the word
//! `done`, and that is its last act.

mod extract_crm;
mod extract_telemetry;
mod load;
mod transform;

use std::future::Future;
use std::time::Instant;

use bionicpro_model::{HourRange, Result, RunId};
use bionicpro_warehouse::ledger::{self, Entry, State, Step};
use chrono::Utc;

use crate::context::PipelineContext;
use crate::metrics;
use crate::progress::Progress;
use crate::report::{Failure, StepReport};

/// The name of a step in the orchestrator.
pub fn name(step: Step) -> &'static str {
    match step {
        Step::ExtractCrmData => "extract_crm_data",
        Step::ExtractTelemetryData => "extract_telemetry_data",
        Step::TransformAndJoin => "transform_and_join",
        Step::LoadToClickhouse => "load_to_clickhouse",
    }
}

/// Reads the CRM and the history of ownership into `crm.parquet`.
///
/// # Errors
/// As the CRM, the warehouse and the staging area give them; `Data` when the CRM contradicts itself.
pub async fn extract_crm(
    context: &PipelineContext,
    run: &RunId,
    progress: &dyn Progress,
) -> Result<StepReport> {
    let step = Step::ExtractCrmData;
    attempt(context, run, step, None, progress, extract_crm::extract(context, run)).await
}

/// Reads the telemetry of a range, or of the configured lookback, into `telemetry.parquet`.
///
/// # Errors
/// As the telemetry database and the staging area give them; `Usage` for a range that the mart no longer holds.
pub async fn extract_telemetry(
    context: &PipelineContext,
    run: &RunId,
    range: Option<HourRange>,
    progress: &dyn Progress,
) -> Result<StepReport> {
    let step = Step::ExtractTelemetryData;
    let work = extract_telemetry::extract(context, run, range, progress);
    attempt(context, run, step, range, progress, work).await
}

/// Joins both files into `mart.parquet`.
///
/// # Errors
/// `Data` when a staged file is missing, was cut or edited, or a cell does not fit the mart.
pub async fn transform(
    context: &PipelineContext,
    run: &RunId,
    progress: &dyn Progress,
) -> Result<StepReport> {
    let step = Step::TransformAndJoin;
    attempt(context, run, step, None, progress, transform::transform(context, run)).await
}

/// Loads `mart.parquet` and the dimensions, compares, then moves the horizon.
///
/// # Errors
/// As the warehouse and the staging area give them; `Data` when the mart then answers something else.
pub async fn load(context: &PipelineContext, run: &RunId, progress: &dyn Progress) -> Result<StepReport> {
    let step = Step::LoadToClickhouse;
    attempt(context, run, step, None, progress, load::load(context, run)).await
}

/// Does the work of a step between two entries of the ledger.
async fn attempt(
    context: &PipelineContext,
    run: &RunId,
    step: Step,
    range: Option<HourRange>,
    progress: &dyn Progress,
    work: impl Future<Output = Result<StepReport>>,
) -> Result<StepReport> {
    let began = Instant::now();
    let mut report = StepReport::new(run, step);
    report.range = range;
    let outcome = async {
        let former = ledger::run(&context.warehouse, run).await?;
        let starts =
            former.iter().filter(|entry| entry.step == step && entry.state == State::Started).count();
        report.attempt = u16::try_from(starts + 1).unwrap_or(u16::MAX);
        ledger::append(&context.warehouse, &[entry(&report, State::Started)]).await?;
        progress.step(step, range.as_ref());
        tracing::info!(%run, step = name(step), attempt = report.attempt, "step started");
        let mut done = work.await?;
        done.attempt = report.attempt;
        done.duration_ms = millis(began);
        ledger::append(&context.warehouse, &[entry(&done, State::Done)]).await?;
        Ok(done)
    }
    .await;
    match outcome {
        Ok(done) => {
            metrics::record(&done);
            progress.done(step);
            tracing::info!(%run, step = name(step), duration_ms = done.duration_ms, counts = ?done.counts, "step done");
            Ok(done)
        }
        Err(error) => {
            report.state = State::Failed;
            report.duration_ms = millis(began);
            report.error = Some(Failure::from(&error));
            metrics::record(&report);
            // The step's own error is the one to tell, also where the ledger is what cannot be reached.
            if let Err(second) = ledger::append(&context.warehouse, &[entry(&report, State::Failed)]).await {
                tracing::warn!(error = %second, "the failure cannot be written into the ledger");
            }
            Err(error)
        }
    }
}

fn millis(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// A report as the ledger's row.
fn entry(report: &StepReport, state: State) -> Entry {
    let count = |name: &str| report.counts.get(name).copied();
    let mut entry = Entry::new(report.run.clone(), report.step, state, report.attempt, Utc::now());
    entry.from = report.range.map(|range| range.from());
    entry.to = report.range.map(|range| range.to());
    entry.version = report.version;
    entry.snapshot.clone_from(&report.snapshot);
    entry.horizon = report.horizon;
    entry.rows = count("rows");
    entry.cells = count("cells");
    entry.bytes = count("bytes");
    entry.orphans = count("orphan_cells");
    entry.anomalies = count("anomalies");
    entry.tombstones = count("tombstones");
    entry.duration_ms = (state != State::Started).then_some(report.duration_ms);
    entry.error_kind = report.error.as_ref().map(|error| error.kind.to_owned());
    entry.error = report.error.as_ref().map(|error| error.message.clone());
    entry.hint = report.error.as_ref().and_then(|error| error.hint.clone());
    entry
}

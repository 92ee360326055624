//! Runs all four steps: both extractions concurrently, then the join, then the load. Starts again from the
//! beginning if another load came in between.

use std::time::{Duration, Instant};

use bionicpro_model::{Error, Result, RunId};
use bionicpro_warehouse::ledger::State;
use chrono::Utc;

use crate::context::PipelineContext;
use crate::kind::RunRequest;
use crate::progress::Progress;
use crate::report::RunReport;
use crate::retry::{Policy, with_policy};
use crate::steps::{self, Extracted, LedgerWriter, Restarts};

/// The specification of a run.
#[derive(Debug, Clone, Default)]
pub struct RunSpec {
    /// The id; generated if `None`.
    pub run: Option<RunId>,
    /// The requested kind of run.
    pub ask: RunRequest,
}

/// Runs the pipeline: afterwards the mart equals the sources at the run's snapshot, as far as the run
/// reaches.
///
/// A failed step is retried as configured if waiting may help. An incremental run that finds nothing new ends
/// as `skipped`. The staged files are removed after success; those of a failed run are kept for inspection.
///
/// # Errors
/// The first failure that no retry resolved. The ledger records what was done until then.
pub async fn run(context: &PipelineContext, spec: RunSpec, progress: &dyn Progress) -> Result<RunReport> {
    let Some(run) = &spec.run else {
        return run_new(context, &RunId::generate(Utc::now()), spec.ask, progress).await;
    };
    let book = LedgerWriter::of_run(context, run);
    with_policy(policy(context), || steps::in_time(context, book.read())).await?;
    all_steps(context, &book, spec.ask, progress).await
}

/// Does the same as [`run()`] under an id that was just generated, without reading the ledger for earlier
/// attempts.
///
/// # Errors
/// Those of [`run()`].
pub async fn run_new(
    context: &PipelineContext,
    run: &RunId,
    ask: RunRequest,
    progress: &dyn Progress,
) -> Result<RunReport> {
    all_steps(context, &LedgerWriter::of_run(context, run), ask, progress).await
}

/// Runs the steps, and again if another load came in between.
async fn all_steps(
    context: &PipelineContext,
    book: &LedgerWriter<'_>,
    ask: RunRequest,
    progress: &dyn Progress,
) -> Result<RunReport> {
    let (began, run) = (Instant::now(), book.run);
    let mut report = RunReport::new(run);
    let mut restarts = Restarts::default();
    loop {
        match once(context, book, ask, progress, &mut report).await {
            Err(error) if restarts.follow(run, &error) => {}
            outcome => break outcome?,
        }
    }
    if let Err(error) = context.stage.remove(run).await {
        tracing::warn!(%run, %error, "the staged files of the run cannot be removed");
    }
    report.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report)
}

async fn once(
    context: &PipelineContext,
    book: &LedgerWriter<'_>,
    ask: RunRequest,
    progress: &dyn Progress,
    report: &mut RunReport,
) -> Result<()> {
    let policy = policy(context);
    let extracted = with_policy(policy, || steps::extract(context, book, ask, progress)).await?;
    let Extracted { telemetry, crm: Some(crm), mut session } = extracted else {
        report.state = State::Skipped;
        report.kind = extracted.telemetry.kind;
        report.steps.push(extracted.telemetry);
        return Ok(());
    };
    let transform = with_policy(policy, || steps::transform_in(context, book, progress)).await?;
    let load = with_policy(policy, || steps::load_in(context, book, session.take(), progress)).await?;
    for name in ["rows", "cells", "orphan_cells", "anomalies", "tombstones"] {
        report.counts.insert(name.to_owned(), load.count(name));
    }
    for name in ["outside_rows", "unreadable_cells"] {
        report.counts.insert(name.to_owned(), telemetry.count(name));
    }
    report.range = load.range;
    report.kind = load.kind;
    report.why_full.clone_from(&telemetry.why_full);
    report.steps.extend([crm, telemetry, transform, load]);
    Ok(())
}

fn policy(context: &PipelineContext) -> Policy {
    Policy { retries: context.config.retries, delay: Duration::from_secs(context.config.retry_delay_s) }
}

/// Builds the report of a run that failed before it had one.
pub fn failed(run: &RunId, error: &Error) -> serde_json::Value {
    serde_json::json!({ "run": run, "state": State::Failed, "error": crate::report::Failure::from(error) })
}

//! The four steps. Each is a unit of retry: run again, it gives the same result.
//!
//! Every attempt is recorded in the ledger when it begins and when it ends. `etl run` writes the end of a
//! step with the beginning of the next, and the beginning of quick extractions and of a quick join along with
//! it. A load waits for the ledger before it changes the warehouse; its last act is the entry `done`, which
//! moves the baseline.

mod attempt;
mod deadline;
mod extract_crm;
mod extract_telemetry;
mod ledger_writer;
mod load;
mod restart;
mod transform;

use bionicpro_model::{Condition, Error, Kind, Result, RunId};
use bionicpro_sources::Session;
use bionicpro_warehouse::ledger::Step;
use chrono::Utc;

use crate::context::PipelineContext;
use crate::kind::RunRequest;
use crate::progress::Progress;
use crate::report::StepReport;
use crate::run_plan::{Failed, look};
use attempt::Attempt;
use restart::extract_again;

pub(crate) use deadline::in_time;
pub(crate) use ledger_writer::LedgerWriter;
pub(crate) use restart::Restarts;

/// The maximum number of unreadable items that are named.
const NAMED: usize = 20;

/// Names the first unreadable items.
fn notes<T: ToString>(unreadable: &[T], what: &str) -> String {
    let mut named: Vec<String> = unreadable.iter().take(NAMED).map(ToString::to_string).collect();
    if unreadable.len() > NAMED {
        named.push(format!("and {} more {what}", unreadable.len() - NAMED));
    }
    named.join("; ")
}

/// Reads customers and their prostheses into `crm.parquet`.
///
/// # Errors
/// Errors of the CRM, the warehouse and the staging area; `Data` if the CRM contradicts itself.
pub async fn extract_crm(
    context: &PipelineContext,
    run: &RunId,
    progress: &dyn Progress,
) -> Result<StepReport> {
    let book = in_time(context, LedgerWriter::of_step(context, run)).await?;
    let attempt = Attempt::new(&book, progress, Step::ExtractCrmData);
    progress.step(Step::ExtractCrmData, None);
    let work = async {
        attempt.begin().await?;
        extract_crm::extract(context, run).await
    };
    let outcome = in_time(context, work).await;
    attempt.end(outcome).await
}

/// Reads the cells that the run recomputes into `telemetry.parquet`, and the ownership intervals into
/// `owners.parquet`. The report's state is `skipped` if there is nothing new; the steps after it then have
/// nothing to do.
///
/// # Errors
/// Errors of the sources, the warehouse and the staging area; `Usage` if the mart no longer retains the
/// range.
pub async fn extract_telemetry(
    context: &PipelineContext,
    run: &RunId,
    ask: RunRequest,
    progress: &dyn Progress,
) -> Result<StepReport> {
    let book = in_time(context, LedgerWriter::of_step(context, run)).await?;
    let attempt = Attempt::new(&book, progress, Step::ExtractTelemetryData);
    let work = async || {
        let look = look(context, ask).await.map_err(Failed::into_error)?;
        let Some(work) = &look.work else {
            return extract_telemetry::skipped(run, &look);
        };
        attempt.begin().await?;
        extract_telemetry::extract(context, run, &look, work, progress).await
    };
    let (mut outcome, mut restarts) = (in_time(context, work()).await, Restarts::default());
    while let Err(error) = &outcome
        && restarts.follow_source(run, error)
    {
        outcome = in_time(context, work()).await;
    }
    attempt.end(outcome).await
}

/// The results of both extractions, which share one reading of the sources.
pub(crate) struct Extracted {
    pub(crate) telemetry: StepReport,
    /// `None` if there is nothing new: the telemetry step was then skipped.
    pub(crate) crm: Option<StepReport>,
    /// The session in which the telemetry was read. Opening another takes longer than the join of an
    /// incremental run.
    pub(crate) session: Option<Session>,
}

impl Extracted {
    fn skipped(telemetry: StepReport) -> Self {
        Extracted { telemetry, crm: None, session: None }
    }
}

/// Reads the CRM once for both extractions. Repeats both if the source's tables changed while they were read.
///
/// # Errors
/// Those of the two steps.
pub(crate) async fn extract(
    context: &PipelineContext,
    book: &LedgerWriter<'_>,
    ask: RunRequest,
    progress: &dyn Progress,
) -> Result<Extracted> {
    let mut restarts = Restarts::default();
    loop {
        match extract_once(context, book, ask, progress).await {
            Err(error) if restarts.follow_source(book.run, &error) => {}
            outcome => return outcome,
        }
    }
}

async fn extract_once(
    context: &PipelineContext,
    book: &LedgerWriter<'_>,
    ask: RunRequest,
    progress: &dyn Progress,
) -> Result<Extracted> {
    let run = book.run;
    let attempt = |step| Attempt::new(book, progress, step);
    let look = match in_time(context, look(context, ask)).await {
        Ok(look) => look,
        Err(Failed::Crm(error)) => {
            return attempt(Step::ExtractCrmData).end(Err(error)).await.map(Extracted::skipped);
        }
        Err(Failed::Warehouse(error) | Failed::Telemetry(error)) => {
            return attempt(Step::ExtractTelemetryData).end(Err(error)).await.map(Extracted::skipped);
        }
    };
    let Some(work) = &look.work else {
        let skipped = extract_telemetry::skipped(run, &look);
        return attempt(Step::ExtractTelemetryData).end(skipped).await.map(Extracted::skipped);
    };
    let (crm, telemetry) = (attempt(Step::ExtractCrmData), attempt(Step::ExtractTelemetryData));
    progress.step(Step::ExtractCrmData, None);
    // Boxed, as in `in_time`.
    let crm = Box::pin(async {
        let staged = extract_crm::stage(context, run, work.people.clone());
        crm.end(in_time(context, staged).await).await
    });
    let telemetry = Box::pin(async {
        let extracted = extract_telemetry::extract(context, run, &look, work, progress);
        telemetry.end(in_time(context, extracted).await).await
    });
    let (crm, telemetry) = book.beside(async { tokio::try_join!(crm, telemetry) }).await?;
    let session = in_time(context, look.telemetry.end()).await.ok();
    Ok(Extracted { telemetry, crm: Some(crm), session })
}

/// Creates the file that a load would load, for a comparison. Records nothing in the ledger and the metrics.
///
/// # Errors
/// Those of the first three steps; `Data` if ownership changed in the CRM since the last load, because the
/// mart then differs by design.
pub(crate) async fn stage(
    context: &PipelineContext,
    run: &RunId,
    ask: RunRequest,
    progress: &dyn Progress,
) -> Result<()> {
    let look = look(context, ask).await.map_err(Failed::into_error)?;
    let Some(work) = &look.work else { return Ok(()) };
    if work.owners_changed {
        return Err(Error::new(Kind::Data, "the CRM has changed ownership since the last load")
            .condition(Condition::OwnersChanged)
            .hint("run `bionicpro etl run` first, then verify"));
    }
    extract_crm::stage(context, run, work.people.clone()).await?;
    extract_telemetry::extract(context, run, &look, work, progress).await?;
    transform::transform(context, run).await?;
    Ok(())
}

/// Joins the staged files into `mart.parquet`. If the CRM changed between the two extractions, both are
/// repeated first; the report's state is `skipped` if nothing is left to do then.
///
/// # Errors
/// `Data` if a staged file is missing, truncated or edited, or a cell does not fit the mart.
pub async fn transform(
    context: &PipelineContext,
    run: &RunId,
    progress: &dyn Progress,
) -> Result<StepReport> {
    let book = in_time(context, LedgerWriter::of_step(context, run)).await?;
    let (mut outcome, mut restarts) = (transform_in(context, &book, progress).await, Restarts::default());
    while let Err(error) = &outcome
        && restarts.follow(run, error)
    {
        outcome = transform_again(context, &book, progress).await;
    }
    outcome
}

async fn transform_again(
    context: &PipelineContext,
    book: &LedgerWriter<'_>,
    progress: &dyn Progress,
) -> Result<StepReport> {
    match extract_again(context, book, Step::TransformAndJoin, progress).await? {
        Some(skipped) => Ok(skipped),
        None => transform_in(context, book, progress).await,
    }
}

pub(crate) async fn transform_in(
    context: &PipelineContext,
    book: &LedgerWriter<'_>,
    progress: &dyn Progress,
) -> Result<StepReport> {
    let attempt = Attempt::new(book, progress, Step::TransformAndJoin);
    progress.step(Step::TransformAndJoin, None);
    let outcome = in_time(context, book.beside(transform::transform(context, book.run))).await;
    attempt.end(outcome).await
}

/// Loads `mart.parquet` and the dimensions, compares the result, then moves the baseline. Only one load runs
/// at a time, across processes. If another load came between the extractions and this one, all steps before
/// it are repeated first; the report's state is `skipped` if nothing is left to do then. At the end, files
/// that runs staged long ago are removed.
///
/// # Errors
/// Errors of the warehouse and the staging area; `Data` if the mart then differs from the staged files.
pub async fn load(context: &PipelineContext, run: &RunId, progress: &dyn Progress) -> Result<StepReport> {
    let book = in_time(context, LedgerWriter::of_step(context, run)).await?;
    let (mut outcome, mut restarts) = (load_in(context, &book, None, progress).await, Restarts::default());
    while let Err(error) = &outcome
        && restarts.follow(run, error)
    {
        outcome = load_again(context, &book, progress).await;
    }
    if outcome.is_ok() {
        match context.stage.prune(run, Utc::now()).await {
            Ok(0) => {}
            Ok(runs) => tracing::info!(runs, "removed the staged files of older runs"),
            Err(error) => tracing::warn!(%error, "the staged files of older runs cannot be removed"),
        }
    }
    outcome
}

async fn load_again(
    context: &PipelineContext,
    book: &LedgerWriter<'_>,
    progress: &dyn Progress,
) -> Result<StepReport> {
    if let Some(skipped) = extract_again(context, book, Step::LoadToClickhouse, progress).await? {
        return Ok(skipped);
    }
    transform_in(context, book, progress).await?;
    load_in(context, book, None, progress).await
}

/// Runs the load step. `session` is a session of the telemetry database, if one is already open.
pub(crate) async fn load_in(
    context: &PipelineContext,
    book: &LedgerWriter<'_>,
    session: Option<Session>,
    progress: &dyn Progress,
) -> Result<StepReport> {
    let attempt = Attempt::new(book, progress, Step::LoadToClickhouse);
    progress.step(Step::LoadToClickhouse, None);
    let work = async {
        let ((), prepared) = tokio::try_join!(attempt.begin(), load::prepare(context, book.run, session))?;
        load::load(context, prepared).await
    };
    let outcome = in_time(context, work).await;
    match outcome {
        // The lock is released after the ledger is written.
        Ok((report, lock)) => {
            let ended = attempt.end(Ok(report)).await;
            lock.release().await;
            ended
        }
        Err(error) => attempt.end(Err(error)).await,
    }
}

/// The error of a staged file that was made from another input than the one next to it.
fn input_mismatch() -> Error {
    Error::new(Kind::Data, "the input checksum does not match").condition(Condition::InputOutdated)
}

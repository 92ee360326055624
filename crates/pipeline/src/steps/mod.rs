//! The four steps. Each is a unit of retry: run again, it gives the same result.
//!
//! Every attempt is told to the ledger when it begins and when it ends: in `etl run` the end of a step with the beginning
//! of the next, and the beginning of quick extractions and of a quick join with that too. A load waits for the ledger
//! before it touches the warehouse; it moves the baseline with the word `done`, and that is its last act.

mod attempt;
mod deadline;
mod extract_crm;
mod extract_telemetry;
mod ledger_writer;
mod load;
mod restart;
mod transform;

use bionicpro_model::{Error, Kind, Result, RunId};
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

/// How many things that cannot be read are named.
const NAMED: usize = 20;

/// Names the first of what cannot be read.
fn notes<T: ToString>(unreadable: &[T], what: &str) -> String {
    let mut named: Vec<String> = unreadable.iter().take(NAMED).map(ToString::to_string).collect();
    if unreadable.len() > NAMED {
        named.push(format!("and {} more {what}", unreadable.len() - NAMED));
    }
    named.join("; ")
}

/// Reads who people are into `crm.parquet`.
///
/// # Errors
/// As the CRM, the warehouse and the staging area give them; `Data` when the CRM contradicts itself.
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

/// Reads the telemetry that the run is to recompute into `telemetry.parquet`, and who owned what into
/// `owners.parquet`. The report's state is `skipped` when there is nothing new: then the steps after it have nothing
/// to do.
///
/// # Errors
/// As the sources, the warehouse and the staging area give them; `Usage` for a range that the mart no longer holds.
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

/// Both extractions from one look at the sources.
pub(crate) struct Extracted {
    pub(crate) telemetry: StepReport,
    /// None where there is nothing new: the telemetry's step was skipped then.
    pub(crate) crm: Option<StepReport>,
    /// In which the telemetry was read; opening another takes longer than a tick's join.
    pub(crate) session: Option<Session>,
}

impl Extracted {
    fn skipped(telemetry: StepReport) -> Self {
        Extracted { telemetry, crm: None, session: None }
    }
}

/// Reads the CRM once for both extractions; again, where the source's tables changed under the reading.
///
/// # Errors
/// As the two steps give them.
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
    // On the heap, as in `in_time`.
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

/// What a comparison says that has to wait for a tick.
pub(crate) const OWNERS_CHANGED: &str = "the CRM has changed who owns what since the last load";

/// Makes the file that a load would load, and tells neither the ledger nor the metrics: for a comparison.
///
/// # Errors
/// As the first three steps give them; `Data` where the CRM changed since the last load: the mart is then of another
/// state by design.
pub(crate) async fn stage(
    context: &PipelineContext,
    run: &RunId,
    ask: RunRequest,
    progress: &dyn Progress,
) -> Result<()> {
    let look = look(context, ask).await.map_err(Failed::into_error)?;
    let Some(work) = &look.work else { return Ok(()) };
    if work.owners_changed {
        return Err(Error::new(Kind::Data, OWNERS_CHANGED).hint("run `bionicpro etl run` first, then verify"));
    }
    extract_crm::stage(context, run, work.people.clone()).await?;
    extract_telemetry::extract(context, run, &look, work, progress).await?;
    transform::transform(context, run).await?;
    Ok(())
}

/// Joins the staged files into `mart.parquet`. Where the CRM changed between the two extractions, both are done again
/// first; the report's state is `skipped` when nothing is left to do then.
///
/// # Errors
/// `Data` when a staged file is missing, was cut or edited, or a cell does not fit the mart.
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

/// Loads `mart.parquet` and the dimensions, compares, then moves the baseline. One load at a time, across processes.
/// Where another load came between the extractions and this one, all steps before it are done again first; the report's
/// state is `skipped` when nothing is left to do then. At the end, what runs have staged long ago is removed.
///
/// # Errors
/// As the warehouse and the staging area give them; `Data` when the mart then answers something else.
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
            Ok(runs) => tracing::info!(runs, "removed what older runs have staged"),
            Err(error) => tracing::warn!(%error, "what older runs have staged cannot be removed"),
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

/// `session` is one of the telemetry database's, if one was opened before.
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
        // The lock is let go when the ledger has the last word.
        Ok((report, lock)) => {
            let ended = attempt.end(Ok(report)).await;
            lock.release().await;
            ended
        }
        Err(error) => attempt.end(Err(error)).await,
    }
}

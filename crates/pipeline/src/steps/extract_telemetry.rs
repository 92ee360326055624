//! `extract_telemetry_data`: the cells that a run recomputes, read in one snapshot, and the owners of their
//! chips.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bionicpro_model::{Condition, Error, Kind, Result, RunId};
use bionicpro_sources::telemetry::{Outside, ReadSummary};
use bionicpro_sources::{CellBatch, CellRequest, Telemetry};
use bionicpro_warehouse::ledger::{State, Step};
use chrono::{DateTime, NaiveDate};
use tokio::sync::mpsc;

use super::notes;
use crate::checkpoint::Checkpoint;
use crate::context::PipelineContext;
use crate::files::cells::CellTable;
use crate::files::owners;
use crate::kind::RunKind;
use crate::load_plan::LoadPlan;
use crate::progress::Progress;
use crate::reconcile;
use crate::report::StepReport;
use crate::run_plan::{RunPlan, readable_until};
use crate::stage::{Manifest, StagedName, Upload, Written};

const STEP: Step = Step::ExtractTelemetryData;

/// The maximum number of batches that wait for the writer.
const BATCHES_WAITING: usize = 4;

/// Returns the report of a step that found nothing new; the baseline moves nevertheless.
pub(super) fn skipped(run: &RunId, look: &RunPlan) -> Result<StepReport> {
    let mut report = report(run, look);
    report.state = State::Skipped;
    report.baseline = baseline(look)?;
    report.counts = BTreeMap::from([
        ("rows".to_owned(), 0),
        ("cells".to_owned(), 0),
        ("horizon_age_ms".to_owned(), horizon_age_ms(look)),
    ]);
    Ok(report)
}

pub(super) async fn extract(
    context: &PipelineContext,
    run: &RunId,
    look: &RunPlan,
    work: &LoadPlan,
    progress: &dyn Progress,
) -> Result<StepReport> {
    progress.step(STEP, look.range.as_ref());
    let mut report = report(run, look);
    let baseline = baseline(look)?;

    let (telemetry, new_rows) = (&look.telemetry, look.new_rows);
    let outside = match &look.range {
        Some(range) => {
            let until = readable_until(telemetry.snapshot().taken_at).max(range.to());
            telemetry.outside(until).await?
        }
        // This would read rows that no index finds; the next full run counts them.
        None => Outside::default(),
    };
    let owners_sha256 = stage_owners(context, run, work);
    let reading = async {
        match read(context, run, telemetry, &work.wanted, progress).await {
            Err(error) if error.is(Condition::ValueUnreadable) => {
                tracing::warn!(%error, "looking for the cells that cannot be read");
                let left_out = telemetry.unreadable(&work.wanted).await?;
                let cells = left_out.cells.clone();
                let wanted = CellRequest { left_out: Some(left_out), ..work.wanted.clone() };
                let read = read(context, run, telemetry, &wanted, progress).await?;
                Ok((read, cells))
            }
            read => Ok((read?, Vec::new())),
        }
    };
    let (reading, owners_sha256) = tokio::join!(reading, owners_sha256);
    let owners_sha256 = owners_sha256?;
    let ((read, written), mut unreadable) = reading?;
    unreadable.extend(work.wanted.new.iter().flat_map(|new| new.unreadable.iter().cloned()));
    unreadable.sort_by_key(|cell| (cell.hour, cell.to_string()));
    unreadable.dedup_by(|one, other| one.is_same(other));
    let baseline = match baseline {
        Some(text) if !unreadable.is_empty() => {
            Some(Checkpoint::with_unreadable(&text, unreadable.iter().map(|cell| cell.hour))?)
        }
        other => other,
    };

    let counted = &written.value;
    if let (RunKind::Full, Some(range)) = (look.kind, &look.range) {
        let mut days = counted.days.clone();
        for cell in &unreadable {
            *days.entry(cell.begins().date_naive()).or_default() += cell.rows;
        }
        reconcile::with_source(&telemetry.rows_by_day(range).await?, &days, range)?;
    }
    let snapshot = telemetry.snapshot().clone();
    let counts: BTreeMap<String, u64> = [
        ("rows", counted.movements),
        ("cells", counted.cells),
        ("new_rows", new_rows),
        ("scopes", work.wanted.scopes.len() as u64),
        ("anomalies", counted.anomalies),
        ("bytes", written.bytes),
        ("horizon_age_ms", horizon_age_ms(look)),
        ("rows_without_chip", read.without_chip),
        ("rows_before_1970", outside.before_1970),
        ("rows_after_2106", outside.after_2106),
        ("rows_in_the_future", outside.in_the_future),
        ("rows_without_time", outside.without_time),
        ("unreadable_cells", unreadable.len() as u64),
        ("unreadable_rows", unreadable.iter().map(|cell| cell.rows).sum()),
        (
            "outside_rows",
            outside.before_1970
                + outside.after_2106
                + outside.in_the_future
                + outside.without_time
                + read.without_chip,
        ),
    ]
    .into_iter()
    .map(|(name, count)| (name.to_owned(), count))
    .collect();
    if !outside.is_empty() || read.without_chip > 0 {
        tracing::warn!(
            ?outside,
            without_chip = read.without_chip,
            "telemetry rows are not part of any report"
        );
    }
    if !unreadable.is_empty() {
        let named = notes(&unreadable, "cells");
        tracing::warn!(
            cells = unreadable.len(),
            named,
            "cells of the telemetry cannot be read: the others are loaded"
        );
        report.notes = Some(named);
    }
    report.files =
        [StagedName::Owners, StagedName::Telemetry].map(|name| format!("{run}/{}", name.file())).into();
    report.counts.clone_from(&counts);
    let manifest = Manifest {
        horizon: report.horizon,
        range: look.range,
        kind: Some(look.kind),
        form: report.form.clone(),
        baseline,
        counts,
        inputs: BTreeMap::from([(StagedName::Owners.file().to_owned(), owners_sha256)]),
        ..Manifest::new(run, STEP, StagedName::Telemetry, snapshot, counted.cells, &written)
    };
    context.stage.seal(StagedName::Telemetry, &manifest).await?;
    Ok(report)
}

/// Reads the requested cells into the staged file.
async fn read(
    context: &PipelineContext,
    run: &RunId,
    telemetry: &Telemetry,
    wanted: &CellRequest,
    progress: &dyn Progress,
) -> Result<(ReadSummary, Written<Counted>)> {
    let (sender, batches) = mpsc::channel(BATCHES_WAITING);
    let is_complete = Arc::new(AtomicBool::new(false));
    let reading = async {
        let still_open = sender.clone();
        let read = telemetry.cells(wanted, sender, |hours| progress.hours(hours)).await;
        is_complete.store(read.is_ok(), Ordering::Release);
        drop(still_open);
        read
    };
    let complete = is_complete.clone();
    let writing =
        context.stage.write(run, StagedName::Telemetry, move |upload| write(upload, batches, &complete));
    match tokio::join!(reading, writing) {
        (Ok(read), Ok(written)) => Ok((read, written)),
        // A writer that stops makes the reader fail, and vice versa: the cause is the error to report.
        (Err(error), Err(cause)) if error.kind() == Kind::Internal => Err(cause),
        (Err(error), _) | (Ok(_), Err(error)) => Err(error),
    }
}

/// Returns the report with everything that is known before the cells are read.
fn report(run: &RunId, look: &RunPlan) -> StepReport {
    let snapshot = look.telemetry.snapshot();
    let mut report = StepReport::new(run, STEP);
    report.kind = Some(look.kind);
    report.why_full.clone_from(&look.why_full);
    report.form = Some(look.telemetry.changes().form.as_str().to_owned());
    report.range = look.range;
    report.version = Some(snapshot.version());
    report.snapshot = Some(snapshot.transactions.clone());
    report.horizon = Some(look.telemetry.horizon());
    report
}

fn horizon_age_ms(look: &RunPlan) -> u64 {
    let age = look.telemetry.snapshot().taken_at - look.telemetry.horizon();
    age.num_milliseconds().unsigned_abs()
}

fn baseline(look: &RunPlan) -> Result<Option<String>> {
    look.left.as_ref().map(Checkpoint::text).transpose()
}

/// Stages the ownership intervals; returns the file's checksum.
async fn stage_owners(context: &PipelineContext, run: &RunId, work: &LoadPlan) -> Result<String> {
    let name = StagedName::Owners;
    let owners = work.owners.clone();
    let written = context.stage.write(run, name, move |upload| owners::write(upload, &owners)).await?;
    let manifest = Manifest {
        crm: Some(work.people.fingerprint.clone()),
        merged: Some(work.merged.clone()),
        ..Manifest::new(run, STEP, name, work.people.snapshot.clone(), written.value, &written)
    };
    context.stage.seal(name, &manifest).await?;
    Ok(written.sha256)
}

/// Counts of what passed through the writer.
#[derive(Default)]
struct Counted {
    cells: u64,
    movements: u64,
    anomalies: u64,
    /// Movements by UTC day.
    days: BTreeMap<NaiveDate, u64>,
}

/// Writes until the channel closes. A channel that closes before everything was read leaves no file.
fn write(
    upload: &mut Upload,
    mut batches: mpsc::Receiver<CellBatch>,
    is_complete: &AtomicBool,
) -> Result<Counted> {
    let mut table = CellTable::new(upload)?;
    let mut counted = Counted::default();
    let sum = |counts: &[i64]| counts.iter().map(|count| count.unsigned_abs()).sum::<u64>();
    while let Some(batch) = batches.blocking_recv() {
        counted.movements += sum(&batch.movements);
        counted.anomalies += sum(&batch.anomalies);
        for (hour, movements) in batch.hour.iter().zip(&batch.movements) {
            let hour = DateTime::from_timestamp_micros(*hour).unwrap_or_default();
            *counted.days.entry(hour.date_naive()).or_default() += movements.unsigned_abs();
        }
        table.add(batch)?;
    }
    if !is_complete.load(Ordering::Acquire) {
        return Err(Error::new(Kind::Internal, "the telemetry was not read to its end"));
    }
    counted.cells = table.finish()?;
    Ok(counted)
}

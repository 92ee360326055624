//! `extract_telemetry_data`: the cells of a range, under one snapshot, as one file.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bionicpro_model::hours::midnight;
use bionicpro_model::{Error, HourRange, Kind, Result, RunId};
use bionicpro_sources::{CellBatch, Telemetry, Wanted};
use bionicpro_warehouse::ledger::Step;
use bionicpro_warehouse::load;
use tokio::sync::mpsc;

use crate::context::PipelineContext;
use crate::files::cells::CellTable;
use crate::progress::Progress;
use crate::report::StepReport;
use crate::stage::{Manifest, StagedName, Upload};

/// Batches that wait for the writer.
const BATCHES_WAITING: usize = 4;

pub(super) async fn extract(
    context: &PipelineContext,
    run: &RunId,
    range: Option<HourRange>,
    progress: &dyn Progress,
) -> Result<StepReport> {
    let telemetry = Telemetry::open(&context.telemetry, &context.telemetry_config, 0).await?;
    let range = retained(context, &telemetry, range)?;
    progress.step(Step::ExtractTelemetryData, Some(&range));
    let outside = telemetry.outside(&range).await?;
    let (sender, batches) = mpsc::channel(BATCHES_WAITING);
    let is_complete = Arc::new(AtomicBool::new(false));
    let reading = async {
        let still_open = sender.clone();
        let read = telemetry.cells(&Wanted::range(range), sender, |hours| progress.hours(hours)).await;
        is_complete.store(read.is_ok(), Ordering::Release);
        drop(still_open);
        read
    };
    let complete = is_complete.clone();
    let writing =
        context.stage.write(run, StagedName::Telemetry, move |upload| write(upload, batches, &complete));
    let (read, written) = match tokio::join!(reading, writing) {
        (Ok(read), Ok(written)) => (read, written),
        // A writer that stops makes the reader fail, and the other way round: the cause is the one to tell.
        (Err(error), Err(cause)) if error.kind() == Kind::Internal => return Err(cause),
        (Err(error), _) | (Ok(_), Err(error)) => return Err(error),
    };

    let counted = written.value;
    let snapshot = telemetry.snapshot().clone();
    let horizon = telemetry.horizon();
    let horizon_age_ms = (snapshot.taken_at - horizon).num_milliseconds().unsigned_abs();
    let counts: BTreeMap<String, u64> = [
        ("rows", counted.movements),
        ("cells", counted.cells),
        ("anomalies", counted.anomalies),
        ("bytes", written.bytes),
        ("horizon_age_ms", horizon_age_ms),
        ("rows_without_chip", read.without_chip),
        ("rows_before_1970", outside.before_1970),
        ("rows_after_2106", outside.after_2106),
        ("rows_in_the_future", outside.in_the_future),
        ("rows_without_time", outside.without_time),
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
        tracing::warn!(?outside, without_chip = read.without_chip, "rows of the telemetry are in no report");
    }
    let mut report = StepReport::new(run, Step::ExtractTelemetryData);
    report.range = Some(range);
    report.version = Some(snapshot.version());
    report.snapshot = Some(snapshot.transactions.clone());
    report.horizon = Some(horizon);
    report.files = vec![format!("{run}/{}", StagedName::Telemetry.file())];
    report.counts = counts.clone();
    let manifest = Manifest {
        run: run.clone(),
        step: super::name(Step::ExtractTelemetryData).to_owned(),
        file: StagedName::Telemetry.file().to_owned(),
        rows: counted.cells,
        bytes: written.bytes,
        sha256: written.sha256,
        snapshot,
        horizon: Some(horizon),
        range: Some(range),
        counts,
        inputs: BTreeMap::new(),
        days: Vec::new(),
    };
    context.stage.seal(StagedName::Telemetry, &manifest).await?;
    Ok(report)
}

/// The range to read: within what the mart retains. A lookback is cut, a range that somebody asked for is refused.
fn retained(context: &PipelineContext, telemetry: &Telemetry, asked: Option<HourRange>) -> Result<HourRange> {
    let now = telemetry.snapshot().taken_at;
    let range = match asked {
        Some(range) => range,
        None => HourRange::lookback(now, context.config.lookback_days)?,
    };
    let Some(first_day) = load::retained_from(&context.warehouse, now) else { return Ok(range) };
    let first = midnight(first_day);
    if first <= range.from() {
        return Ok(range);
    }
    if asked.is_some() {
        return Err(Error::new(Kind::Usage, "the range begins before what the mart retains")
            .detail(format!("{range}; the mart retains from {first_day}"))
            .hint(format!("begin at --from {first_day} or later")));
    }
    HourRange::new(first, range.to())
}

/// What passed through the writer.
#[derive(Default)]
struct Counted {
    cells: u64,
    movements: u64,
    anomalies: u64,
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
        table.add(batch)?;
    }
    if !is_complete.load(Ordering::Acquire) {
        return Err(Error::new(Kind::Internal, "the telemetry was not read to its end"));
    }
    counted.cells = table.finish()?;
    Ok(counted)
}

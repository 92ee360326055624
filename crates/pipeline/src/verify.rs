//! Compares a range of the mart with a recomputation from the source, and recomputes what differs if
//! requested.
//!
//! Rows that arrived in the source since the last incremental run do not count as a difference: they wait for
//! the next one. Nor do sums of squares that the mart lacks because a row is older than these columns.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bionicpro_model::hours::midnight;
use bionicpro_model::{HourRange, Result, RunId};
use bionicpro_sources::Telemetry;
use bionicpro_sources::changes::{Baseline, NewRows, Since};
use bionicpro_warehouse::load::{self, Fingerprint, LoadSpec, MartCell};
use bionicpro_warehouse::state;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::backfill::{Backfill, plan};
use crate::context::PipelineContext;
use crate::files::{Source, mart, owners};
use crate::kind::RunRequest;
use crate::owners::Holding;
use crate::progress::Progress;
use crate::reconcile::{DifferingCell, differing_cells};
use crate::run::{RunSpec, run};
use crate::run_plan::{readable_until, retained};
use crate::stage::StagedName;
use crate::steps::{self, in_time};

/// The maximum number of differing cells that a report names.
const MOST_NAMED: usize = 100;

/// The specification of a comparison.
#[derive(Debug, Clone)]
pub struct Verify {
    /// The name of the comparison, and the prefix of the names of the runs that recompute.
    pub run: RunId,
    /// The range.
    pub range: HourRange,
    /// True to recompute what differs.
    pub repair: bool,
}

/// The result of a comparison.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// The name of the comparison.
    pub run: RunId,
    /// The range that was compared.
    pub range: HourRange,
    /// Cells of the source that were compared.
    pub cells: u64,
    /// Cells in which rows arrived since the last incremental run; the next one brings them up to date.
    pub waiting: u64,
    /// Cells that differ, and do not just wait for an incremental run.
    pub differing: u64,
    /// True if what differed was recomputed.
    pub repaired: bool,
    /// The reason why cells that only wait for the next incremental run may be among the differing ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The first of the differing cells.
    pub first: Vec<Difference>,
}

/// A cell that differs between the mart and the source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The person.
    pub user_id: Uuid,
    /// The prosthesis.
    pub prosthesis_id: Uuid,
    /// The chip.
    pub chip_id: String,
    /// The beginning of the hour.
    pub hour: DateTime<Utc>,
    /// The numbers computed from the source; `None` if it has no rows.
    pub source: Option<Numbers>,
    /// The numbers in the mart; `None` if it has no row.
    pub mart: Option<Numbers>,
}

/// The numbers of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Numbers {
    /// Movements.
    pub movements: u32,
    /// Movements with an error.
    pub errors: u32,
    /// Movements with a reading out of its range.
    pub anomalies: u32,
    /// Response samples.
    pub response_count: u32,
    /// Sum of the response times.
    pub response_sum: f64,
    /// Sum of their squares.
    pub response_squares: Option<f64>,
    /// Battery samples.
    pub battery_count: u32,
    /// Sum of the battery levels.
    pub battery_sum: f64,
    /// Sum of their squares.
    pub battery_squares: Option<f64>,
    /// The lowest battery level.
    pub battery_min: Option<f32>,
    /// The last battery level.
    pub battery_last: Option<f32>,
}

/// Compares the range in the pieces that a backfill would have. Stages files under separate run ids and
/// removes them.
///
/// # Errors
/// Errors of the sources, the warehouse and the staging area; `Usage` if the mart no longer retains the
/// range, `Data` if ownership changed in the CRM since the last load.
pub async fn verify(context: &PipelineContext, verify: &Verify, progress: &dyn Progress) -> Result<Verified> {
    let mut verified = Verified::new(&verify.run, verify.range);
    let Some(range) = in_time(context, bounded(context, verify.range)).await? else {
        tracing::info!(range = %verify.range, "neither the source nor the mart has anything in the range");
        return Ok(verified);
    };
    let backfill = Backfill { run: verify.run.clone(), range, source_share: 100 };
    let plan = plan(context, &backfill).await?;
    tracing::info!(range = %plan.range, rows = plan.rows, days = plan.days, pieces = plan.pieces.len(), "comparing");
    progress.plan(&plan);
    for piece in &plan.pieces {
        let id: RunId = format!("{}.{}", verify.run, piece.range.from().format("%Y%m%d")).parse()?;
        let (before, differing) = (verified.cells, verified.differing);
        let compared =
            in_time(context, compare_range(context, &id, piece.range, &mut verified, progress)).await;
        context.stage.remove(&id).await?;
        compared?;
        if verified.differing > differing && verify.repair {
            run(context, RunSpec { run: Some(id), ask: RunRequest::Range(piece.range) }, progress).await?;
            verified.repaired = true;
        }
        let (cells, differing) = (verified.cells - before, verified.differing - differing);
        tracing::info!(range = %piece.range, cells, differing, "compared");
        progress.piece(piece, cells);
    }
    Ok(verified)
}

/// Returns the part of a range in which the source or the mart may have rows, so that a range of centuries
/// costs nothing.
async fn bounded(context: &PipelineContext, range: HourRange) -> Result<Option<HourRange>> {
    let telemetry = Telemetry::open(&context.telemetry, &context.telemetry_config, 0).await?;
    let range = retained(context, &telemetry, range)?;
    let oldest = telemetry.oldest_hour().await?.map(|oldest| midnight(oldest.date_naive()));
    let in_source = oldest.map(|oldest| (oldest, readable_until(telemetry.snapshot().taken_at)));
    telemetry.end().await?;
    let in_mart = load::days(&context.warehouse).await?;
    let in_mart = in_mart.map(|(first, last)| (midnight(first), midnight(last) + TimeDelta::days(1)));
    let both = || in_source.into_iter().chain(in_mart);
    let (first, end) = (both().map(|(first, _)| first).min(), both().map(|(_, end)| end).max());
    let clip = |(first, end)| HourRange::new(range.from().max(first), range.to().min(end)).ok();
    Ok(first.zip(end).and_then(clip))
}

/// Compares a range as a whole, and adds the differences to `verified`. Returns the version of the snapshot
/// that it was compared with.
///
/// # Errors
/// Those of [`verify`].
pub(crate) async fn compare_range(
    context: &PipelineContext,
    id: &RunId,
    range: HourRange,
    verified: &mut Verified,
    progress: &dyn Progress,
) -> Result<u64> {
    let warehouse = &context.warehouse;
    // Read before the source, so that rows that arrive later are new since then in any case.
    let baseline = state::read(warehouse).await?.baseline;
    steps::stage(context, id, RunRequest::Range(range), progress).await?;
    let file = context.stage.open_file(id, StagedName::Mart).await?;
    let staged = &file.manifest.days;
    verified.cells += staged.iter().map(|day| day.cells).sum::<u64>();
    let version = file.manifest.snapshot.version();
    let rows = file.manifest.rows;
    let spec =
        LoadSpec { run: id.clone(), range: Some(range), version, days: Vec::new(), rows, tombstones: 0 };
    let source = Source::new(file.again()?, mart::SCHEMA)?;
    let (staged, found) = (mart::fingerprints(&source)?, load::loaded_fingerprints(warehouse, &spec).await?);
    let dates: BTreeSet<NaiveDate> = staged.keys().chain(found.keys()).copied().collect();
    let of = |days: &BTreeMap<NaiveDate, Fingerprint>, date: &NaiveDate| {
        days.get(date).copied().unwrap_or_default()
    };
    let mut cells = Vec::new();
    for date in dates.into_iter().filter(|date| !of(&staged, date).is_said_by(&of(&found, date))) {
        cells.extend(differing_cells(warehouse, &source, &spec, date).await?);
    }
    cells.retain(DifferingCell::is_more_than_unknown);
    if cells.is_empty() {
        return Ok(version);
    }
    let chips = chips(context, id).await?;
    let new = match since(context, baseline).await? {
        Ok(new) => new,
        Err(why) => {
            verified.note = Some(why);
            None
        }
    };
    let new_cells: HashSet<(DateTime<Utc>, &str)> = new.iter().flat_map(NewRows::cells).collect();
    let new_hours: HashSet<DateTime<Utc>> = new.iter().flat_map(NewRows::whole_hours).collect();
    let waits = |cell: &MartCell| {
        let holding = Holding { user_id: cell.user_id, prosthesis_id: cell.prosthesis_id };
        let mut chips = chips.get(&holding).into_iter().flatten();
        new_hours.contains(&cell.hour)
            || new_cells.contains(&(cell.hour, &*cell.chip_id))
            || chips.any(|chip| new_cells.contains(&(cell.hour, chip)))
    };
    let (waiting, differing): (Vec<_>, Vec<_>) =
        cells.into_iter().partition(|cell| cell.key().is_some_and(waits));
    verified.waiting += waiting.len() as u64;
    verified.differing += differing.len() as u64;
    let room = MOST_NAMED - verified.first.len();
    verified.first.extend(differing.iter().take(room).filter_map(Difference::of));
    Ok(version)
}

/// Returns the rows that arrived since the baseline, or the reason why they cannot be determined.
async fn since(
    context: &PipelineContext,
    baseline: Option<String>,
) -> Result<std::result::Result<Option<NewRows>, String>> {
    let cannot = |why: &str| Ok(Err(format!("{why}: cells that wait for the next run may be among these")));
    let Some(baseline) = baseline.and_then(|text| serde_json::from_str::<Baseline>(&text).ok()) else {
        return cannot("no run has stored a baseline");
    };
    let telemetry = Telemetry::open(&context.telemetry, &context.telemetry_config, 0).await?;
    match telemetry.since(&baseline).await? {
        Since::Nothing => Ok(Ok(None)),
        Since::New(new) => Ok(Ok(Some(new))),
        Since::Lost(why) => cannot(&why),
    }
}

/// Returns every chip that each person's prosthesis ever had, since its row adds them up.
async fn chips(context: &PipelineContext, id: &RunId) -> Result<BTreeMap<Holding, BTreeSet<String>>> {
    let staged = context.stage.open_file(id, StagedName::Owners).await?;
    let owners = owners::read(&Source::new(staged.file, owners::SCHEMA)?)?;
    let mut chips: BTreeMap<Holding, BTreeSet<String>> = BTreeMap::new();
    for (interval, _) in owners.intervals {
        chips.entry(Holding::of(&interval)).or_default().insert(interval.chip_id);
    }
    Ok(chips)
}

impl Verified {
    pub(crate) fn new(run: &RunId, range: HourRange) -> Verified {
        Verified {
            run: run.clone(),
            range,
            cells: 0,
            waiting: 0,
            differing: 0,
            repaired: false,
            note: None,
            first: Vec::new(),
        }
    }
}

impl Difference {
    fn of(cell: &DifferingCell) -> Option<Difference> {
        let key = cell.key()?;
        Some(Difference {
            user_id: key.user_id,
            prosthesis_id: key.prosthesis_id,
            chip_id: key.chip_id.clone(),
            hour: key.hour,
            source: cell.staged.as_ref().map(Numbers::of),
            mart: cell.found.as_ref().map(Numbers::of),
        })
    }
}

impl Numbers {
    fn of(cell: &MartCell) -> Numbers {
        Numbers {
            movements: cell.movements,
            errors: cell.errors,
            anomalies: cell.anomalies,
            response_count: cell.response_count,
            response_sum: f64::from_bits(cell.response_sum_bits),
            response_squares: cell.response_squares_bits.map(f64::from_bits),
            battery_count: cell.battery_count,
            battery_sum: f64::from_bits(cell.battery_sum_bits),
            battery_squares: cell.battery_squares_bits.map(f64::from_bits),
            battery_min: cell.battery_min_bits.map(f32::from_bits),
            battery_last: cell.battery_last_bits.map(f32::from_bits),
        }
    }
}

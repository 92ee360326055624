//! Compares the days of the retention with the source, some at a time, and mends what differs.
//!
//! Ticks find what is new by a form, and full runs read the last days again. What escapes a form in older days (a value
//! written by hand, a row of a view, a table that was loaded anew) is found here: each day once a day where nothing keeps the
//! form, once after each lost baseline where something does.
//!
//! What the source no longer keeps is no deletion: days before the oldest event, or before `telemetry.keeps`, stay.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bionicpro_model::hours::midnight;
use bionicpro_model::{HourRange, Result, RunId};
use bionicpro_sources::Telemetry;
use bionicpro_warehouse::load::{self, ComparedDay, TOO_MUCH_VANISHED};
use bionicpro_warehouse::state;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use crate::backfill::{Piece, cut};
use crate::context::PipelineContext;
use crate::kind::Ask;
use crate::left::Left;
use crate::look::{first_hour, kept_from};
use crate::progress::Progress;
use crate::run::{RunSpec, run};
use crate::steps::OWNERS_CHANGED;
use crate::verify::{Verified, compare_range};

/// How often a day is compared whose rows may escape the form, in hours.
const CYCLE_HOURS: i64 = 24;

/// What was compared.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// Its name, and the beginning of the names of the runs that mended.
    pub run: RunId,
    /// Days that were compared.
    pub days: u64,
    /// Cells of them that differed and wait for no tick.
    pub differing: u64,
    /// Ranges that were loaded again.
    pub mended: Vec<HourRange>,
    /// Ranges in which more would have vanished than is believed at once: they are as they were.
    pub refused: Vec<Refusal>,
    /// Days that are due and were not reached.
    pub days_left: u64,
    /// From when on the source holds everything.
    pub kept_from: Option<DateTime<Utc>>,
    /// Rows of the mart from before that: they stay as they are.
    pub kept_rows: u64,
    /// Why it ended before its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How long it took.
    pub duration_ms: u64,
}

/// A range that was not mended.
#[derive(Debug, Clone, Serialize)]
pub struct Refusal {
    /// The hours.
    pub range: HourRange,
    /// What was seen.
    pub why: String,
    /// How to confirm it.
    pub hint: Option<String>,
}

/// The days that are due.
struct Due {
    /// The hours that are compared at all.
    range: HourRange,
    days: BTreeSet<NaiveDate>,
    kept_from: DateTime<Utc>,
    kept_rows: u64,
}

/// How many days are due; none where nothing has been loaded yet.
///
/// # Errors
/// As the sources and the warehouse give them.
pub async fn days_due(context: &PipelineContext) -> Result<u64> {
    Ok(due(context).await?.map_or(0, |due| due.days.len() as u64))
}

/// Compares days that are due, the newest first, until the budget is spent; at least one piece of them.
///
/// # Errors
/// As the sources, the warehouse and the staging area give them. A range in which too much would vanish is no error of
/// the comparison: it is told, and the others go on.
pub async fn compare(
    context: &PipelineContext,
    name: &RunId,
    budget: Duration,
    progress: &dyn Progress,
) -> Result<Comparison> {
    let began = Instant::now();
    let mut comparison = Comparison {
        run: name.clone(),
        days: 0,
        differing: 0,
        mended: Vec::new(),
        refused: Vec::new(),
        days_left: 0,
        kept_from: None,
        kept_rows: 0,
        note: None,
        duration_ms: 0,
    };
    if let Some(mut due) = due(context).await? {
        (comparison.kept_from, comparison.kept_rows) = (Some(due.kept_from), due.kept_rows);
        'all: while let Some(newest) = due.days.last().copied() {
            for piece in pieces(context, &due, newest).await? {
                if comparison.days > 0 && began.elapsed() >= budget {
                    break 'all;
                }
                if !compare_piece(context, &piece, &mut comparison, progress).await? {
                    break 'all;
                }
                for day in piece.range.days() {
                    due.days.remove(&day.from().date_naive());
                    comparison.days += 1;
                }
            }
        }
        comparison.days_left = due.days.len() as u64;
    }
    comparison.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(comparison)
}

/// Looks which days have to be compared, and how far the source reaches back.
async fn due(context: &PipelineContext) -> Result<Option<Due>> {
    let warehouse = &context.warehouse;
    let state = state::read(warehouse).await?;
    if state.standing.stamp.dimensions == 0 {
        return Ok(None);
    }
    let telemetry = Telemetry::open(&context.telemetry, &context.telemetry_config, 0).await?;
    let now = telemetry.snapshot().taken_at;
    let oldest = telemetry.oldest_hour().await?;
    let is_exact = telemetry.changes().is_exact;
    telemetry.end().await?;
    let Some(oldest) = oldest else { return Ok(None) };
    let configured = context.telemetry_config.keeps.map(|_| kept_from(context, now));
    let kept_rows = load::rows_before(warehouse, configured.unwrap_or(oldest)).await?;
    // The hour of the oldest event may be half gone, unless the source begins with it.
    let kept_from = configured.unwrap_or(oldest + TimeDelta::hours(i64::from(kept_rows > 0)));
    let from = kept_from.max(first_hour(context, now)).max(oldest);
    let lookback = HourRange::lookback(now, context.config.lookback_days)?;
    let Ok(range) = HourRange::new(from, lookback.from()) else { return Ok(None) };
    let left = state.baseline.and_then(|text| serde_json::from_str::<Left>(&text).ok());
    let compare_from = left.map_or(0, |left| left.compare_from);
    let cycle = u64::try_from((now - TimeDelta::hours(CYCLE_HOURS)).timestamp_micros()).unwrap_or(0);
    let since = if is_exact { compare_from } else { compare_from.max(cycle) };
    let compared = load::compared_days(warehouse, &range).await?;
    let is_due = |date: &NaiveDate| compared.get(date).is_none_or(|version| *version < since);
    let days = range.days().map(|day| day.from().date_naive()).filter(is_due).collect();
    Ok(Some(Due { range, days, kept_from, kept_rows }))
}

/// The pieces of the month of a day: what is counted at once stays small.
async fn pieces(context: &PipelineContext, due: &Due, newest: NaiveDate) -> Result<Vec<Piece>> {
    let month = midnight(newest.with_day(1).unwrap_or(newest));
    let end = (midnight(newest) + TimeDelta::days(1)).min(due.range.to());
    let window = HourRange::new(month.max(due.range.from()), end)?;
    let telemetry = Telemetry::open(&context.telemetry, &context.telemetry_config, 0).await?;
    let rows: BTreeMap<NaiveDate, u64> = telemetry.rows_by_day(&window).await?;
    telemetry.end().await?;
    let done: Vec<HourRange> =
        window.days().filter(|day| !due.days.contains(&day.from().date_naive())).collect();
    Ok(cut(&window, &rows, &done))
}

/// Compares a piece and mends it; false where the comparison has to wait for a tick.
async fn compare_piece(
    context: &PipelineContext,
    piece: &Piece,
    comparison: &mut Comparison,
    progress: &dyn Progress,
) -> Result<bool> {
    let range = piece.range;
    let id: RunId = format!("{}.{}", comparison.run, range.from().format("%Y%m%d")).parse()?;
    let mut verified = Verified::new(&id, range);
    let compared = compare_range(context, &id, range, &mut verified, progress).await;
    context.stage.remove(&id).await?;
    let version = match compared {
        Ok(version) => version,
        Err(error) if error.message() == OWNERS_CHANGED => {
            comparison.note = Some(error.to_string());
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    let mut is_mended = true;
    if verified.differing > 0 {
        let differing = verified.differing;
        tracing::warn!(%range, differing, "the mart differs from the source: loading the range again");
        comparison.differing += differing;
        match run(context, RunSpec { run: Some(id.clone()), ask: Ask::Range(range) }, progress).await {
            Ok(_) => comparison.mended.push(range),
            Err(error) if error.message() == TOO_MUCH_VANISHED => {
                is_mended = false;
                let hint = error.hint_text().map(str::to_owned);
                comparison.refused.push(Refusal { range, why: error.to_string(), hint });
            }
            Err(error) => return Err(error),
        }
    }
    let days: Vec<ComparedDay> = range
        .days()
        .map(|day| ComparedDay {
            date: day.from().date_naive(),
            version,
            differing: verified.differing,
            is_mended: is_mended.into(),
            run: comparison.run.to_string(),
        })
        .collect();
    load::note_compared(&context.warehouse, &days).await?;
    Ok(true)
}

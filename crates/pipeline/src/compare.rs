//! Compares the days of the retention with the source, a few at a time, and reloads those that differ.
//!
//! Incremental runs find new rows by a form of change detection, and full runs read the lookback again.
//! Changes to older days that escape the form (a value written by hand, a row of a view, a reloaded table)
//! are found here. Each day is compared once a day if nothing in the source enforces the form, and once after
//! each lost baseline if something does.
//!
//! Rows that the source no longer keeps do not count as deleted: days before the oldest event, or before the
//! limit in `telemetry.keeps`, stay in the mart.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bionicpro_model::hours::midnight;
use bionicpro_model::{Condition, Error, HourRange, Result, RunId};
use bionicpro_sources::Telemetry;
use bionicpro_warehouse::load::{self, ComparedDay, LastCompared};
use bionicpro_warehouse::state;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use crate::backfill::{Piece, cut};
use crate::checkpoint::Checkpoint;
use crate::context::PipelineContext;
use crate::kind::RunRequest;
use crate::progress::Progress;
use crate::run::{RunSpec, run};
use crate::run_plan::{first_hour, kept_from};
use crate::steps::in_time;
use crate::verify::{Verified, compare_range};

/// The interval in hours at which a day is compared if its rows may escape the form.
const CYCLE_HOURS: i64 = 24;

/// The result of a comparison.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// Its name, and the prefix of the names of the runs that reloaded ranges.
    pub run: RunId,
    /// Days that were compared.
    pub days: u64,
    /// Cells of these days that differed and do not just wait for an incremental run.
    pub differing: u64,
    /// Ranges that were loaded again.
    pub mended: Vec<HourRange>,
    /// Ranges that were left unchanged because more rows would have vanished than is accepted without
    /// confirmation.
    pub refused: Vec<Refusal>,
    /// Days that are due and were not reached.
    pub days_left: u64,
    /// The time from which on the source holds everything.
    pub kept_from: Option<DateTime<Utc>>,
    /// Rows of the mart from before that time, which stay as they are.
    pub kept_rows: u64,
    /// The reason for an early end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The error that caused an early end; `None` if the comparison only has to wait for an incremental run.
    #[serde(skip)]
    pub failed: Option<Error>,
    /// The duration in milliseconds.
    pub duration_ms: u64,
}

/// A range that was not reloaded.
#[derive(Debug, Clone, Serialize)]
pub struct Refusal {
    /// The hours.
    pub range: HourRange,
    /// The reason for the refusal, with the numbers of rows.
    pub why: String,
    /// The hint about how to confirm it.
    pub hint: Option<String>,
}

/// The days that are due.
struct Due {
    /// The hours that are subject to comparison; `None` if the source holds nothing before the lookback.
    range: Option<HourRange>,
    /// The due days, each with its last comparison.
    days: BTreeMap<NaiveDate, Option<LastCompared>>,
    /// Due days that still differ, because too much would have vanished.
    unmended: Vec<NaiveDate>,
    kept_from: DateTime<Utc>,
    kept_rows: u64,
}

/// The comparisons that are due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outstanding {
    /// The number of due days.
    pub due: u64,
    /// Days that differ from the source and were not reloaded because too much would have vanished, oldest
    /// first.
    pub unmended: Vec<NaiveDate>,
}

/// Returns the comparisons that are due, or `None` if there is nothing to compare: nothing was loaded yet, or
/// the source holds no telemetry.
///
/// # Errors
/// Errors of the sources and the warehouse.
pub async fn outstanding(context: &PipelineContext) -> Result<Option<Outstanding>> {
    let due = in_time(context, due(context)).await?;
    Ok(due.map(|due| Outstanding { due: due.days.len() as u64, unmended: due.unmended }))
}

/// Compares due days until the budget is spent, but at least one piece of them. The days that were compared
/// longest ago come first, and among these the newest. Refused days are due every time, and come first if
/// vanished rows are confirmed.
///
/// # Errors
/// Errors of the sources, the warehouse and the staging area before the first day was compared; later ones
/// are part of the result. A range in which too much would vanish is not an error of the comparison: the
/// result lists it, and the comparison continues with the others.
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
        failed: None,
        duration_ms: 0,
    };
    if let Some(mut due) = in_time(context, due(context)).await? {
        (comparison.kept_from, comparison.kept_rows) = (Some(due.kept_from), due.kept_rows);
        let outcome = some(context, &mut due, &mut comparison, progress, || began.elapsed() >= budget).await;
        match outcome {
            Err(error) if comparison.days == 0 => return Err(error),
            Err(error) => {
                comparison.note = Some(error.to_string());
                comparison.failed = Some(error).filter(|error| !error.is(Condition::OwnersChanged));
            }
            Ok(()) => {}
        }
        comparison.days_left = due.days.len() as u64;
    }
    comparison.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(comparison)
}

/// Compares due days, piece by piece, until the budget is spent.
async fn some(
    context: &PipelineContext,
    due: &mut Due,
    comparison: &mut Comparison,
    progress: &dyn Progress,
    is_over: impl Fn() -> bool,
) -> Result<()> {
    let is_confirmed = context.vanish_limit().confirmed > 0;
    while let Some(next) = due.next(is_confirmed) {
        for piece in in_time(context, pieces(context, due, next)).await? {
            if comparison.days > 0 && is_over() {
                return Ok(());
            }
            compare_piece(context, &piece, comparison, progress).await?;
            for day in piece.range.days() {
                due.days.remove(&day.from().date_naive());
                comparison.days += 1;
            }
        }
    }
    Ok(())
}

impl Due {
    /// Returns the day to compare next.
    fn next(&self, is_confirmed: bool) -> Option<NaiveDate> {
        let turn = |(day, last): &(&NaiveDate, &Option<LastCompared>)| {
            let is_refused = last.is_some_and(|last| !last.is_mended);
            (!(is_confirmed && is_refused), last.map_or(0, |last| last.version), Reverse(**day))
        };
        self.days.iter().min_by_key(turn).map(|(day, _)| *day)
    }
}

/// Determines the days that have to be compared, and how far back the source reaches.
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
    // The hour of the oldest event may be half deleted, unless the source begins with it.
    let kept_from = configured.unwrap_or(oldest + TimeDelta::hours(i64::from(kept_rows > 0)));
    let from = kept_from.max(first_hour(context, now)).max(oldest);
    let lookback = HourRange::lookback(now, context.config.lookback_days)?;
    let range = HourRange::new(from, lookback.from()).ok();
    let left = state.baseline.and_then(|text| serde_json::from_str::<Checkpoint>(&text).ok());
    let compare_from = left.map_or(0, |left| left.compare_from);
    let cycle = u64::try_from((now - TimeDelta::hours(CYCLE_HOURS)).timestamp_micros()).unwrap_or(0);
    let since = if is_exact { compare_from } else { compare_from.max(cycle) };
    let compared = match &range {
        Some(range) => load::compared_days(warehouse, range).await?,
        None => BTreeMap::new(),
    };
    let is_due = |last: Option<LastCompared>| last.is_none_or(|last| !last.is_mended || last.version < since);
    let all = range
        .iter()
        .flat_map(HourRange::days)
        .map(|day| day.from().date_naive())
        .map(|day| (day, compared.get(&day).copied()));
    let days: BTreeMap<NaiveDate, Option<LastCompared>> = all.filter(|(_, last)| is_due(*last)).collect();
    let unmended = days.iter().filter(|(_, last)| last.is_some_and(|last| !last.is_mended));
    let unmended = unmended.map(|(day, _)| *day).collect();
    Ok(Some(Due { range, days, unmended, kept_from, kept_rows }))
}

/// Cuts the due days of a month, up to the given day, into pieces. Counting at most a month at a time keeps
/// the query small.
async fn pieces(context: &PipelineContext, due: &Due, last: NaiveDate) -> Result<Vec<Piece>> {
    let Some(range) = due.range else { return Ok(Vec::new()) };
    let month = midnight(last.with_day(1).unwrap_or(last));
    let end = (midnight(last) + TimeDelta::days(1)).min(range.to());
    let window = HourRange::new(month.max(range.from()), end)?;
    let telemetry = Telemetry::open(&context.telemetry, &context.telemetry_config, 0).await?;
    let rows: BTreeMap<NaiveDate, u64> = telemetry.rows_by_day(&window).await?;
    telemetry.end().await?;
    let done: Vec<HourRange> =
        window.days().filter(|day| !due.days.contains_key(&day.from().date_naive())).collect();
    Ok(cut(&window, &rows, &done))
}

/// Compares a piece, and reloads it if it differs.
async fn compare_piece(
    context: &PipelineContext,
    piece: &Piece,
    comparison: &mut Comparison,
    progress: &dyn Progress,
) -> Result<()> {
    let range = piece.range;
    let id: RunId = format!("{}.{}", comparison.run, range.from().format("%Y%m%d")).parse()?;
    let mut verified = Verified::new(&id, range);
    let compared = in_time(context, compare_range(context, &id, range, &mut verified, progress)).await;
    context.stage.remove(&id).await?;
    let version = compared?;
    let mut is_mended = true;
    if verified.differing > 0 {
        let differing = verified.differing;
        tracing::warn!(%range, differing, "the mart differs from the source: loading the range again");
        comparison.differing += differing;
        match run(context, RunSpec { run: Some(id.clone()), ask: RunRequest::Range(range) }, progress).await {
            Ok(_) => comparison.mended.push(range),
            Err(error) if error.is(Condition::TooMuchVanished) => {
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
    load::note_compared(&context.warehouse, &days).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(days: &[(&str, Option<(u64, bool)>)]) -> Due {
        let last = |(version, is_mended)| LastCompared { version, is_mended };
        let days = days.iter().map(|(day, compared)| (day.parse().unwrap(), compared.map(last)));
        let kept_from = DateTime::UNIX_EPOCH;
        Due { range: None, days: days.collect(), unmended: Vec::new(), kept_from, kept_rows: 0 }
    }

    /// Returns the order of all days if each is compared before the next is requested.
    fn turns(mut due: Due, is_confirmed: bool) -> Vec<u32> {
        let mut turns = Vec::new();
        while let Some(day) = due.next(is_confirmed) {
            due.days.remove(&day);
            turns.push(day.day());
        }
        turns
    }

    #[test]
    fn days_that_were_compared_longest_ago_come_first_and_of_these_the_newest() {
        let days = [
            ("2024-01-10", Some((7, true))),
            ("2024-01-11", Some((5, true))),
            ("2024-01-12", None),
            ("2024-01-13", Some((5, true))),
            ("2024-01-14", Some((6, false))),
            ("2024-01-15", None),
            ("2024-01-16", Some((9, true))),
        ];
        assert_eq!(turns(due(&days), false), [15, 12, 13, 11, 14, 10, 16]);
        assert_eq!(turns(due(&days), true), [14, 15, 12, 13, 11, 10, 16], "what was refused is confirmed");
    }
}

//! All four steps: both extractions at once, then the join, then the load; long ranges in pieces; again from the
//! beginning where another load came between.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bionicpro_model::hours::midnight;
use bionicpro_model::{Error, HourRange, Result, RunId};
use bionicpro_warehouse::ledger::State;
use chrono::{DateTime, Datelike, NaiveDate, Utc};

use crate::context::PipelineContext;
use crate::join::CRM_CHANGED;
use crate::kind::Ask;
use crate::progress::Progress;
use crate::report::{RunReport, StepReport};
use crate::retry::{Policy, with_policy};
use crate::steps::{self, Extracted};

/// The longest range that one piece covers: its snapshot holds the source's old rows for minutes, not for hours.
const PIECE_DAYS: i64 = 31;

/// How often a run begins again because another load changed what its extraction began with.
const MOST_RESTARTS: u32 = 3;

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct RunSpec {
    /// The id; made when none is given.
    pub run: Option<RunId>,
    /// What to recompute.
    pub ask: Ask,
}

/// Runs the pipeline: afterwards the mart equals the sources at the run's snapshot, as far as the run reaches.
///
/// A range longer than a month is replaced month by month, newest first; each piece is a run of its own in the ledger,
/// named after the run and its first day, and a piece that was loaded before under the same id is not loaded again. A
/// step whose failure waiting may mend is tried again as configured. A tick that finds nothing new ends as `skipped`.
///
/// # Errors
/// The first failure that no retry mended, with what was done so far left in the ledger.
pub async fn run(context: &PipelineContext, spec: RunSpec, progress: &dyn Progress) -> Result<RunReport> {
    let began = Instant::now();
    let run = spec.run.unwrap_or_else(|| RunId::generate(Utc::now()));
    let mut report = RunReport {
        run: run.clone(),
        state: State::Done,
        kind: None,
        why_full: None,
        range: None,
        counts: BTreeMap::new(),
        duration_ms: 0,
        steps: Vec::new(),
    };
    let pieces = match spec.ask {
        Ask::Range(range) if is_long(&range) => cut_by_month(&range),
        _ => Vec::new(),
    };
    if pieces.is_empty() {
        piece(context, &run, spec.ask, progress, &mut report).await?;
    }
    for range in pieces {
        let id: RunId = format!("{run}.{}", range.from().format("%Y%m%d")).parse()?;
        if is_loaded(context, &id).await? {
            tracing::info!(run = %id, %range, "already loaded");
            continue;
        }
        piece(context, &id, Ask::Range(range), progress, &mut report).await?;
    }
    report.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report)
}

/// One piece, again from its extractions where another load came between.
async fn piece(
    context: &PipelineContext,
    run: &RunId,
    ask: Ask,
    progress: &dyn Progress,
    report: &mut RunReport,
) -> Result<()> {
    let mut restarts = 0;
    loop {
        match once(context, run, ask, progress, report).await {
            Err(error) if is_stale(&error) && restarts < MOST_RESTARTS => {
                restarts += 1;
                tracing::warn!(%run, %error, restarts, "running again from the extractions");
            }
            outcome => return outcome,
        }
    }
}

fn is_stale(error: &Error) -> bool {
    [steps::STALE, CRM_CHANGED].contains(&error.message())
}

async fn once(
    context: &PipelineContext,
    run: &RunId,
    ask: Ask,
    progress: &dyn Progress,
    report: &mut RunReport,
) -> Result<()> {
    let policy =
        Policy { retries: context.config.retries, delay: Duration::from_secs(context.config.retry_delay_s) };
    let extracted = with_policy(policy, || steps::extract(context, run, ask, progress)).await?;
    let Extracted { telemetry, crm: Some(crm) } = extracted else {
        report.state = State::Skipped;
        report.kind = extracted.telemetry.kind;
        report.steps.push(extracted.telemetry);
        return Ok(());
    };
    let transform = with_policy(policy, || steps::transform(context, run, progress)).await?;
    let load = with_policy(policy, || steps::load(context, run, progress)).await?;
    for name in ["rows", "cells", "orphan_cells", "anomalies", "tombstones"] {
        *report.counts.entry(name.to_owned()).or_default() += load.count(name);
    }
    *report.counts.entry("outside_rows".to_owned()).or_default() += telemetry.count("outside_rows");
    report.range = widest(report.range, &load)?;
    report.kind = load.kind;
    report.why_full.clone_from(&telemetry.why_full);
    report.steps.extend([crm, telemetry, transform, load]);
    Ok(())
}

/// Whether an earlier attempt of this run has loaded this piece.
async fn is_loaded(context: &PipelineContext, run: &RunId) -> Result<bool> {
    let entries = bionicpro_warehouse::ledger::run(&context.warehouse, run).await?;
    let load = bionicpro_warehouse::ledger::Step::LoadToClickhouse;
    Ok(entries.iter().any(|entry| entry.step == load && entry.state == State::Done))
}

fn widest(so_far: Option<HourRange>, load: &StepReport) -> Result<Option<HourRange>> {
    match (so_far, load.range) {
        (Some(one), Some(two)) => {
            HourRange::new(one.from().min(two.from()), one.to().max(two.to())).map(Some)
        }
        (one, two) => Ok(one.or(two)),
    }
}

fn is_long(range: &HourRange) -> bool {
    (range.to() - range.from()).num_days() > PIECE_DAYS
}

/// The range cut at the first of each month, newest first: a piece touches one partition of the mart.
fn cut_by_month(range: &HourRange) -> Vec<HourRange> {
    let mut pieces = Vec::new();
    let mut from = range.from();
    while from < range.to() {
        let to = next_month(from).min(range.to());
        pieces.extend(HourRange::new(from, to));
        from = to;
    }
    pieces.reverse();
    pieces
}

fn next_month(instant: DateTime<Utc>) -> DateTime<Utc> {
    let (year, month) = match instant.month() {
        12 => (instant.year() + 1, 1),
        month => (instant.year(), month + 1),
    };
    NaiveDate::from_ymd_opt(year, month, 1).map_or(DateTime::<Utc>::MAX_UTC, midnight)
}

/// The report of a run that failed before it had one.
pub fn failed(run: &RunId, error: &Error) -> serde_json::Value {
    serde_json::json!({ "run": run, "state": State::Failed, "error": crate::report::Failure::from(error) })
}

#[cfg(test)]
mod tests {
    use bionicpro_model::hours::parse_instant;

    use super::*;

    #[test]
    fn a_long_range_is_cut_by_month_newest_first_and_nothing_is_lost() {
        let range =
            |from, to| HourRange::new(parse_instant(from).unwrap(), parse_instant(to).unwrap()).unwrap();
        let whole = range("2023-11-20T05:00:00Z", "2024-02-03");
        assert!(is_long(&whole));
        let pieces = cut_by_month(&whole);
        assert_eq!(
            pieces.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "2024-02-01T00:00Z to 2024-02-03T00:00Z",
                "2024-01-01T00:00Z to 2024-02-01T00:00Z",
                "2023-12-01T00:00Z to 2024-01-01T00:00Z",
                "2023-11-20T05:00Z to 2023-12-01T00:00Z",
            ]
        );
        assert!(!is_long(&range("2024-01-01", "2024-02-01")));
    }
}

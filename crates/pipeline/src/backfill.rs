//! Recomputes a range of any length in pieces of whole days, newest first.
//!
//! Each piece is a separate run in the ledger, named after the backfill and the piece's first day. Pieces
//! that the ledger records as loaded under the backfill's name are not loaded again, so a stopped backfill
//! resumes where it stopped.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bionicpro_model::hours::midnight;
use bionicpro_model::{Error, HourRange, Result, RunId};
use bionicpro_sources::Telemetry;
use bionicpro_warehouse::ledger::{self, Step};
use chrono::{Datelike, NaiveDate, TimeDelta};
use serde::Serialize;

use crate::context::PipelineContext;
use crate::kind::{RunKind, RunRequest};
use crate::progress::Progress;
use crate::report::RunReport;
use crate::run::{RunSpec, run};
use crate::run_plan::retained;
use crate::steps::in_time;

/// The maximum number of rows in a piece of more than one day, so that its snapshot keeps the source from
/// removing dead rows for seconds only.
const MOST_ROWS: u64 = 1_000_000;

/// The range to replace, and how.
#[derive(Debug, Clone)]
pub struct Backfill {
    /// The name of the backfill. A backfill of the same name resumes.
    pub run: RunId,
    /// The range.
    pub range: HourRange,
    /// The share of the time in which the source may be busy with this, from 1 to 100 per cent. Below 100, a
    /// single connection reads, and the backfill waits between two pieces.
    pub source_share: u8,
}

/// The plan of a backfill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The whole range.
    pub range: HourRange,
    /// Rows still to read.
    pub rows: u64,
    /// Days still to load.
    pub days: u64,
    /// The pieces still to load, in order.
    pub pieces: Vec<Piece>,
}

/// Days that one run replaces together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// The hours.
    pub range: HourRange,
    /// The number of days that it touches.
    pub days: u64,
    /// The number of the source's rows in it.
    pub rows: u64,
}

/// Plans a backfill by counting the source's rows per day. Reads nothing else of the telemetry and writes
/// nothing.
///
/// # Errors
/// Errors of the sources and the warehouse; `Usage` if the mart no longer retains the range.
pub async fn plan(context: &PipelineContext, backfill: &Backfill) -> Result<Plan> {
    let look = async {
        let (telemetry, loaded) = tokio::try_join!(
            Telemetry::open(&context.telemetry, &context.telemetry_config, 0),
            ledger::loaded_pieces(&context.warehouse, &backfill.run),
        )?;
        let range = retained(context, &telemetry, backfill.range)?;
        Ok::<_, Error>((range, telemetry.rows_by_day(&range).await?, loaded))
    };
    let (range, rows, loaded) = in_time(context, look).await?;
    let pieces = cut(&range, &rows, &loaded);
    let sum = |of: fn(&Piece) -> u64| pieces.iter().map(of).sum();
    Ok(Plan { range, rows: sum(|piece| piece.rows), days: sum(|piece| piece.days), pieces })
}

/// Replaces the range.
///
/// # Errors
/// The first failure that no retry resolved. Repeating the same backfill resumes from there.
pub async fn backfill(
    context: &PipelineContext,
    backfill: &Backfill,
    progress: &dyn Progress,
) -> Result<RunReport> {
    let began = Instant::now();
    let plan = plan(context, backfill).await?;
    progress.plan(&plan);
    if let [whole] = *plan.pieces
        && whole.range == plan.range
    {
        let spec = RunSpec { run: Some(backfill.run.clone()), ask: RunRequest::Range(whole.range) };
        let report = run(context, spec, progress).await?;
        progress.piece(&whole, cells(&report));
        return Ok(report);
    }
    tracing::info!(run = %backfill.run, rows = plan.rows, days = plan.days, pieces = plan.pieces.len(), "backfill");
    let context = &paced(context, backfill.source_share);
    let mut whole = RunReport::new(&backfill.run);
    for (done, piece) in plan.pieces.iter().enumerate() {
        let id = format!("{}.{}", backfill.run, piece.range.from().format("%Y%m%d")).parse()?;
        let spec = RunSpec { run: Some(id), ask: RunRequest::Range(piece.range) };
        let report = run(context, spec, progress).await?;
        progress.piece(piece, cells(&report));
        if done + 1 < plan.pieces.len() {
            tokio::time::sleep(rest(&report, backfill.source_share)).await;
        }
        for (name, count) in report.counts {
            *whole.counts.entry(name).or_default() += count;
        }
    }
    whole.kind = Some(RunKind::Range);
    whole.range = Some(plan.range);
    whole.counts.insert("days".to_owned(), plan.days);
    whole.counts.insert("pieces".to_owned(), plan.pieces.len() as u64);
    whole.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(whole)
}

fn cells(report: &RunReport) -> u64 {
    report.counts.get("cells").copied().unwrap_or(0)
}

fn paced(context: &PipelineContext, source_share: u8) -> PipelineContext {
    let mut context = context.clone();
    if source_share < 100 {
        context.telemetry_config.connections = 1;
    }
    context
}

/// Returns the pause after a piece, in which the source is not read: the duration of the longer extraction
/// times (100 - share) / share.
fn rest(report: &RunReport, source_share: u8) -> Duration {
    let share = u64::from(source_share.clamp(1, 100));
    let is_reading = |step: Step| matches!(step, Step::ExtractTelemetryData | Step::ExtractCrmData);
    let busy: u64 = report
        .steps
        .iter()
        .filter(|step| is_reading(step.step))
        .map(|step| step.duration_ms)
        .max()
        .unwrap_or(0);
    Duration::from_millis(busy * (100 - share) / share)
}

/// Cuts the days that are not loaded yet into pieces, newest first. A piece stays within one month, and so
/// within one partition.
pub(crate) fn cut(range: &HourRange, rows: &BTreeMap<NaiveDate, u64>, loaded: &[HourRange]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for day in days(range).into_iter().rev() {
        if loaded.iter().any(|loaded| loaded.from() <= day.from() && day.to() <= loaded.to()) {
            continue;
        }
        let date = day.from().date_naive();
        let rows = rows.get(&date).copied().unwrap_or(0);
        match pieces.last_mut() {
            Some(piece)
                if piece.range.from() == day.to()
                    && day.to().day() != 1
                    && piece.rows + rows <= MOST_ROWS =>
            {
                if let Ok(longer) = HourRange::new(day.from(), piece.range.to()) {
                    *piece = Piece { range: longer, days: piece.days + 1, rows: piece.rows + rows };
                }
            }
            _ => pieces.push(Piece { range: day, days: 1, rows }),
        }
    }
    pieces
}

/// Splits the range at midnight UTC.
fn days(range: &HourRange) -> Vec<HourRange> {
    let mut days = Vec::new();
    let mut from = range.from();
    while from < range.to() {
        let to = (midnight(from.date_naive()) + TimeDelta::days(1)).min(range.to());
        days.extend(HourRange::new(from, to));
        from = to;
    }
    days
}

#[cfg(test)]
mod tests {
    use bionicpro_model::hours::parse_instant;

    use super::*;

    fn range(from: &str, to: &str) -> HourRange {
        HourRange::new(parse_instant(from).unwrap(), parse_instant(to).unwrap()).unwrap()
    }

    fn told(pieces: &[Piece]) -> Vec<String> {
        pieces
            .iter()
            .map(|piece| format!("{}: {} days, {} rows", piece.range, piece.days, piece.rows))
            .collect()
    }

    #[test]
    fn days_with_few_rows_are_one_piece_within_their_month() {
        let whole = range("2023-12-30T05:00:00Z", "2024-01-03T07:00:00Z");
        let rows = BTreeMap::from([("2024-01-02".parse().unwrap(), 5)]);
        assert_eq!(
            told(&cut(&whole, &rows, &[])),
            [
                "2024-01-01T00:00Z to 2024-01-03T07:00Z: 3 days, 5 rows",
                "2023-12-30T05:00Z to 2024-01-01T00:00Z: 2 days, 0 rows",
            ]
        );
    }

    #[test]
    fn a_day_with_many_rows_is_a_piece_and_one_that_is_loaded_is_left_out() {
        let whole = range("2024-01-10", "2024-01-16");
        let day = |text: &str, rows| (text.parse().unwrap(), rows);
        let rows = BTreeMap::from([
            day("2024-01-15", MOST_ROWS - 1),
            day("2024-01-14", 1),
            day("2024-01-13", 1),
            day("2024-01-11", 3 * MOST_ROWS),
        ]);
        let loaded = [range("2024-01-12", "2024-01-14")];
        assert_eq!(
            told(&cut(&whole, &rows, &loaded)),
            [
                "2024-01-14T00:00Z to 2024-01-16T00:00Z: 2 days, 1000000 rows",
                "2024-01-11T00:00Z to 2024-01-12T00:00Z: 1 days, 3000000 rows",
                "2024-01-10T00:00Z to 2024-01-11T00:00Z: 1 days, 0 rows",
            ]
        );
    }

    #[test]
    fn the_source_rests_for_the_time_that_it_is_not_to_be_busy() {
        let mut report = RunReport::new(&"r".parse().unwrap());
        for (step, duration_ms) in [(Step::ExtractTelemetryData, 400), (Step::LoadToClickhouse, 9_000)] {
            let mut done = crate::report::StepReport::new(&report.run, step);
            done.duration_ms = duration_ms;
            report.steps.push(done);
        }
        assert_eq!(rest(&report, 100), Duration::ZERO);
        assert_eq!(rest(&report, 25), Duration::from_millis(1_200));
    }
}

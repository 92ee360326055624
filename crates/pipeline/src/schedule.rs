//! Runs the pipeline by two cron expressions, one for incremental and one for full runs: never two runs at
//! once, even across processes, and at most one to catch up.

use std::future::Future;
use std::str::FromStr;
use std::time::Duration;

use bionicpro_model::{Error, Kind, Result, RunId};
use bionicpro_sources::Lock;
use bionicpro_warehouse::ledger::{self, Entry, State, Step};
use chrono::{DateTime, Utc};
use croner::Cron;

use crate::compare::compare;
use crate::context::PipelineContext;
use crate::kind::{RunKind, RunRequest};
use crate::progress::Quiet;
use crate::run::{RunSpec, run};
use crate::steps::in_time;

/// The number of newest runs that are searched for the last full one: three days at one run per quarter of an
/// hour.
const RUNS_LOOKED_AT: u32 = 300;

/// Runs until `shutdown` completes. A run in progress is then dropped, which has the effect of a kill and is
/// harmless.
///
/// Times that pass during a run are caught up with one run. If another scheduler is running for the same
/// warehouse, this one skips its turn: the lock is an advisory lock in the telemetry database, which the
/// server releases when its holder dies. A failed run is recorded in the log and the ledger, and the next one
/// starts on schedule.
///
/// # Errors
/// `Config` if an expression is not valid.
pub async fn schedule(context: &PipelineContext, shutdown: impl Future<Output = ()>) -> Result<()> {
    let cron = parse("pipeline.schedule", &context.config.schedule)?;
    let full = parse("pipeline.full_schedule", &context.config.full_schedule)?;
    let turns = async {
        let (mut last_turn, mut last_full) = (Utc::now(), None);
        loop {
            let due = next(&cron, last_turn)?;
            wait_until(due).await;
            last_turn = Utc::now();
            turn(context, &full, &mut last_full).await;
        }
    };
    tokio::select! {
        ended = turns => ended,
        () = shutdown => Ok(()),
    }
}

/// Checks a cron expression of five fields.
///
/// # Errors
/// `Config`, with an example of a valid expression.
pub fn parse(key: &str, expression: &str) -> Result<Cron> {
    Cron::from_str(expression).map_err(|error| {
        Error::new(Kind::Config, "not a cron expression")
            .detail(format!("{key} = {expression:?}"))
            .hint("write five fields in UTC, such as */15 * * * *")
            .source(error)
    })
}

fn next(cron: &Cron, after: DateTime<Utc>) -> Result<DateTime<Utc>> {
    cron.find_next_occurrence(&after, false).map_err(|error| {
        Error::new(Kind::Config, "the schedule has no next time").detail(cron.to_string()).source(error)
    })
}

/// Waits by the wall clock, so that a suspended machine or a corrected clock does not shift a turn.
async fn wait_until(due: DateTime<Utc>) {
    while let Ok(left) = (due - Utc::now()).to_std() {
        tokio::time::sleep(left.min(Duration::from_secs(30))).await;
    }
}

async fn turn(context: &PipelineContext, full: &Cron, last_full: &mut Option<DateTime<Utc>>) {
    let name = format!("bionicpro schedule {}", context.warehouse_name);
    let outcome = async {
        let take = async { Lock::try_take(context.telemetry.connect().await?, &name).await };
        let Some(lock) = in_time(context, take).await? else {
            tracing::info!("another scheduler is running, skipping this turn");
            return Ok(());
        };
        let began = Utc::now();
        let ask = if is_full_due(context, full, last_full).await? {
            RunRequest::Full
        } else {
            RunRequest::Incremental
        };
        let report = run(context, RunSpec { run: None, ask }, &Quiet).await?;
        if report.kind == Some(RunKind::Full) {
            *last_full = Some(began);
        }
        let (state, kind) = (report.state.as_str(), report.kind.map(RunKind::as_str));
        tracing::info!(run = %report.run, state, kind, duration_ms = report.duration_ms, counts = ?report.counts, "run ended");
        if let Err(error) = compare_some(context).await {
            tracing::error!(error = %error.report(), "comparison failed");
        }
        lock.release().await;
        Ok::<_, Error>(())
    };
    if let Err(error) = outcome.await {
        tracing::error!(error = %error.report(), "run failed");
    }
}

/// Compares some of the due days, in separate runs and within a time budget of their own.
async fn compare_some(context: &PipelineContext) -> Result<()> {
    let budget = Duration::from_secs(context.config.compare_budget_s);
    if budget.is_zero() {
        return Ok(());
    }
    let name: RunId = format!("compare-{}", RunId::generate(Utc::now())).parse()?;
    let compared = compare(context, &name, budget, &Quiet).await?;
    for refusal in &compared.refused {
        tracing::error!(range = %refusal.range, why = refusal.why, hint = refusal.hint, "a range was not reloaded");
    }
    if compared.days > 0 {
        let (days, days_left, differing) = (compared.days, compared.days_left, compared.differing);
        tracing::info!(
            days,
            days_left,
            differing,
            mended = compared.mended.len(),
            "days compared with the source"
        );
    }
    compared.failed.map_or(Ok(()), Err)
}

/// Returns true if a full run has become due since the last successful one, whichever process ran it.
async fn is_full_due(
    context: &PipelineContext,
    full: &Cron,
    last_full: &mut Option<DateTime<Utc>>,
) -> Result<bool> {
    let is_due =
        |last: Option<DateTime<Utc>>| last.map_or(Ok(true), |last| Ok(next(full, last)? <= Utc::now()));
    if !is_due(*last_full)? {
        return Ok(false);
    }
    let runs = ledger::runs(&context.warehouse, RUNS_LOOKED_AT).await?;
    let newest = runs.iter().flatten().filter(|entry| is_full(entry)).map(|entry| entry.at).max();
    *last_full = newest.max(*last_full);
    is_due(*last_full)
}

fn is_full(entry: &Entry) -> bool {
    entry.step == Step::LoadToClickhouse
        && entry.state == State::Done
        && entry.kind.as_deref() == Some(RunKind::Full.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_missed_during_a_run_are_caught_up_once() {
        let cron = parse("pipeline.schedule", "*/15 * * * *").unwrap();
        let began: DateTime<Utc> = "2024-01-15T08:00:00Z".parse().unwrap();
        // The run took 50 minutes: the turn after it is due at once, the one after that is not.
        assert_eq!(next(&cron, began).unwrap().to_rfc3339(), "2024-01-15T08:15:00+00:00");
        let caught_up: DateTime<Utc> = "2024-01-15T08:50:00Z".parse().unwrap();
        assert_eq!(next(&cron, caught_up).unwrap().to_rfc3339(), "2024-01-15T09:00:00+00:00");
    }

    #[test]
    fn a_schedule_that_is_none_is_refused() {
        assert_eq!(parse("pipeline.schedule", "every day").unwrap_err().kind(), Kind::Config);
    }
}

//! Runs the pipeline by a cron expression: never two at once, also across processes, and at most one to catch up.

use std::future::Future;
use std::str::FromStr;

use bionicpro_model::{Error, Kind, Result};
use bionicpro_sources::Lock;
use chrono::{DateTime, Utc};
use croner::Cron;

use crate::context::PipelineContext;
use crate::progress::Quiet;
use crate::run::{RunSpec, run};

/// Runs until `shutdown` completes; a run that is under way is then dropped, which is what a kill does, and harmless.
///
/// Times that pass while a run is under way are caught up with one run. Another scheduler that works for the same
/// warehouse makes this one skip its turn: the lock is an advisory lock in the telemetry database, which the server
/// frees when its holder dies. A failed run is told to the log and the ledger, and the next one comes at its time.
///
/// # Errors
/// `Config` when the expression is not one.
pub async fn schedule(context: &PipelineContext, shutdown: impl Future<Output = ()>) -> Result<()> {
    let cron = parse(&context.config.schedule)?;
    let turns = async {
        let mut last_turn = Utc::now();
        loop {
            let due = next(&cron, last_turn)?;
            wait_until(due).await;
            last_turn = Utc::now();
            turn(context).await;
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
/// `Config` that shows one.
pub fn parse(expression: &str) -> Result<Cron> {
    Cron::from_str(expression).map_err(|error| {
        Error::new(Kind::Config, "not a cron expression")
            .detail(format!("pipeline.schedule = {expression:?}"))
            .hint("write five fields in UTC, such as */15 * * * *")
            .source(error)
    })
}

fn next(cron: &Cron, after: DateTime<Utc>) -> Result<DateTime<Utc>> {
    cron.find_next_occurrence(&after, false).map_err(|error| {
        Error::new(Kind::Config, "the schedule never comes").detail(cron.to_string()).source(error)
    })
}

/// Waits by the wall clock: a suspended machine or a corrected clock does not move a turn.
async fn wait_until(due: DateTime<Utc>) {
    while let Ok(left) = (due - Utc::now()).to_std() {
        tokio::time::sleep(left.min(std::time::Duration::from_secs(30))).await;
    }
}

async fn turn(context: &PipelineContext) {
    let name = format!("bionicpro schedule {}", context.warehouse_name);
    let outcome = async {
        let Some(lock) = Lock::try_take(&context.telemetry, &name).await? else {
            tracing::info!("another scheduler is at work, skipping this turn");
            return Ok(());
        };
        let report = run(context, RunSpec::default(), &Quiet).await?;
        tracing::info!(run = %report.run, duration_ms = report.duration_ms, counts = ?report.counts, "run done");
        drop(lock);
        Ok::<_, Error>(())
    };
    if let Err(error) = outcome.await {
        tracing::error!(error = %error.report(), "run failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_missed_during_a_run_are_caught_up_once() {
        let cron = parse("*/15 * * * *").unwrap();
        let began: DateTime<Utc> = "2024-01-15T08:00:00Z".parse().unwrap();
        // The run took 50 minutes: the turn after it is due at once, the one after that is not.
        assert_eq!(next(&cron, began).unwrap().to_rfc3339(), "2024-01-15T08:15:00+00:00");
        let caught_up: DateTime<Utc> = "2024-01-15T08:50:00Z".parse().unwrap();
        assert_eq!(next(&cron, caught_up).unwrap().to_rfc3339(), "2024-01-15T09:00:00+00:00");
    }

    #[test]
    fn a_schedule_that_is_none_is_refused() {
        assert_eq!(parse("every day").unwrap_err().kind(), Kind::Config);
    }
}

//! `bionicpro etl run`: all four steps.

use bionicpro_model::{Error, Kind, Result, RunId};
use bionicpro_pipeline::{Backfill, RunRequest, RunSpec, backfill};
use bionicpro_warehouse::ledger::State;
use chrono::Utc;
use clap::Args;

use crate::context::Context;
use crate::output;

/// Run all four steps on what is new, on the lookback or on a range; print the result as one JSON line.
///
/// Without a range this is an incremental run: it recomputes the hours with new rows, and exits with status
/// 99 if there are none. The first run, and a run whose baseline is lost, becomes a full run.
///
/// A range is a backfill: it is replaced in pieces of whole days, newest first, while incremental runs
/// continue. With the same --run, a stopped backfill continues where it stopped.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The id of the run; generated and logged when not given.
    #[arg(long, value_name = "RUN")]
    run: Option<RunId>,
    #[command(flatten)]
    range: RangeArgs,
    /// For a range: the share of time in which the backfill may keep the source busy, in per cent. Below 100
    /// one connection reads, and the backfill waits after each piece.
    #[arg(long, value_name = "PERCENT", default_value_t = 100, requires = "from", conflicts_with = "full",
          value_parser = clap::value_parser!(u8).range(1..=100))]
    source_share: u8,
    /// Let this many rows of the mart, or of the CRM's customers, prostheses or models, vanish: the number
    /// that a refused run reported. Without it the limit is pipeline.max_vanished_share.
    #[arg(long, value_name = "ROWS", default_value_t = 0)]
    confirm_vanished: u64,
    /// For a range: only print the plan, with the remaining rows, days and pieces.
    #[arg(long, requires = "from", conflicts_with = "full")]
    dry_run: bool,
}

/// The range to recompute.
#[derive(Debug, Args)]
pub(crate) struct RangeArgs {
    /// Recompute every hour of the lookback too, which finds deletions and repairs any difference.
    #[arg(long, conflicts_with_all = ["from", "to"])]
    full: bool,
    /// The first hour to replace: 2024-01-15 or 2024-01-15T08:00:00Z; an instant within an hour means that
    /// hour. Needs --to.
    #[arg(long, value_name = "TIME", requires = "to")]
    from: Option<String>,
    /// The end of the range, not included. Needs --from.
    #[arg(long, value_name = "TIME", requires = "from")]
    to: Option<String>,
}

impl RangeArgs {
    pub(super) fn ask(&self) -> Result<RunRequest> {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => super::range(from, to).map(RunRequest::Range),
            (None, None) if self.full => Ok(RunRequest::Full),
            (None, None) => Ok(RunRequest::Incremental),
            _ => Err(Error::new(Kind::Usage, "a range needs --from and --to")),
        }
    }
}

impl RunArgs {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let ask = self.range.ask()?;
        let pipeline = super::pipeline(context)?.confirming_vanished(self.confirm_vanished);
        let progress = super::bars::progress();
        let is_new = self.run.is_none();
        let run = self.run.unwrap_or_else(|| RunId::generate(Utc::now()));
        let progress = progress.as_ref();
        let outcome = match ask {
            RunRequest::Range(range) => {
                let spec = Backfill { run: run.clone(), range, source_share: self.source_share };
                if self.dry_run {
                    return output::json(&backfill::plan(&pipeline, &spec).await?);
                }
                backfill::backfill(&pipeline, &spec, progress).await
            }
            RunRequest::Incremental | RunRequest::Full if is_new => {
                bionicpro_pipeline::run_new(&pipeline, &run, ask, progress).await
            }
            RunRequest::Incremental | RunRequest::Full => {
                let spec = RunSpec { run: Some(run.clone()), ask };
                bionicpro_pipeline::run(&pipeline, spec, progress).await
            }
        };
        match outcome {
            Ok(report) => {
                output::json(&report)?;
                if report.state == State::Skipped { Err(nothing_new()) } else { Ok(()) }
            }
            Err(error) => {
                output::json(&bionicpro_pipeline::run::failed(&run, &error))?;
                Err(error)
            }
        }
    }
}

/// The error whose exit status makes an orchestrator skip the following steps.
pub(super) fn nothing_new() -> Error {
    Error::new(Kind::NothingNew, "nothing is new")
}

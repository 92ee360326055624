//! `bionicpro etl run`: all four steps.

use bionicpro_model::{Error, Kind, Result, RunId};
use bionicpro_pipeline::{Backfill, RunRequest, RunSpec, backfill};
use bionicpro_warehouse::ledger::State;
use chrono::Utc;
use clap::Args;

use crate::context::Context;
use crate::output;

/// Run all four steps over what is new, over the last days or over a range, then say what was done as one JSON line.
///
/// Without a range this is a tick: it recomputes the hours in which something is new and ends with status 99 when
/// nothing is. The first run ever, and one whose baseline is lost, is a full one by itself.
///
/// A range is a backfill: it is replaced in pieces of whole days, newest first, while ticks go on; with the same --run
/// one that was stopped goes on where it was.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The id of the run; made when not given, and logged.
    #[arg(long, value_name = "RUN")]
    run: Option<RunId>,
    #[command(flatten)]
    range: RangeArgs,
    /// Of a range: in which part of the time the source may be busy with it, in per cent. Below 100 one connection reads
    /// and the backfill waits after each piece.
    #[arg(long, value_name = "PERCENT", default_value_t = 100, requires = "from", conflicts_with = "full",
          value_parser = clap::value_parser!(u8).range(1..=100))]
    source_share: u8,
    /// So many rows of the mart, or of the CRM's customers, prostheses or models, may vanish: the number that a refused run
    /// has named. Without it no more than pipeline.max_vanished_share may.
    #[arg(long, value_name = "ROWS", default_value_t = 0)]
    confirm_vanished: u64,
    /// Of a range: say how many rows each day and piece has that is left to do, and do nothing.
    #[arg(long, requires = "from", conflicts_with = "full")]
    dry_run: bool,
}

/// What to recompute.
#[derive(Debug, Args)]
pub(crate) struct RangeArgs {
    /// Recompute every hour of the lookback too: finds deletions and repairs any difference.
    #[arg(long, conflicts_with_all = ["from", "to"])]
    full: bool,
    /// The first hour to replace: 2024-01-15 or 2024-01-15T08:00:00Z; an instant within an hour means that hour. Needs --to.
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
            (None, None) => Ok(RunRequest::Tick),
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
            RunRequest::Tick | RunRequest::Full if is_new => {
                bionicpro_pipeline::run_new(&pipeline, &run, ask, progress).await
            }
            RunRequest::Tick | RunRequest::Full => {
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

/// Ends the command with the status that tells an orchestrator to skip what follows.
pub(super) fn nothing_new() -> Error {
    Error::new(Kind::NothingNew, "nothing is new")
}

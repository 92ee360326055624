//! The single steps, for an orchestrator that calls them in turn and does its own retries.

use bionicpro_model::{Result, RunId};
use bionicpro_pipeline::{StepReport, run, steps};
use bionicpro_warehouse::ledger::State;
use clap::Args;

use crate::context::Context;
use crate::output;

/// A step of a run.
#[derive(Debug, Args)]
pub(crate) struct StepArgs {
    /// The id of the run: all steps of a run share it.
    #[arg(long, value_name = "RUN")]
    run: RunId,
    /// Let this many rows vanish: the number that a refused step reported.
    #[arg(long, value_name = "ROWS", default_value_t = 0)]
    confirm_vanished: u64,
}

/// A step that reads what is new, or a range; exits with status 99 if there is nothing to do.
#[derive(Debug, Args)]
pub(crate) struct RangeStepArgs {
    #[command(flatten)]
    step: StepArgs,
    #[command(flatten)]
    range: super::run::RangeArgs,
}

/// The steps whose only argument is the run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum One {
    ExtractCrm,
    Transform,
    Load,
}

impl StepArgs {
    pub(crate) async fn run(self, context: &Context, step: One) -> Result<()> {
        let pipeline = super::pipeline(context)?.confirming_vanished(self.confirm_vanished);
        let (run, progress) = (&self.run, super::bars::progress());
        let outcome = match step {
            One::ExtractCrm => steps::extract_crm(&pipeline, run, progress.as_ref()).await,
            One::Transform => steps::transform(&pipeline, run, progress.as_ref()).await,
            One::Load => steps::load(&pipeline, run, progress.as_ref()).await,
        };
        tell(run, outcome)
    }
}

impl RangeStepArgs {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let ask = self.range.ask()?;
        let pipeline = super::pipeline(context)?.confirming_vanished(self.step.confirm_vanished);
        let progress = super::bars::progress();
        let outcome = steps::extract_telemetry(&pipeline, &self.step.run, ask, progress.as_ref()).await;
        tell(&self.step.run, outcome)
    }
}

/// Prints one JSON line, also for a failure.
fn tell(run: &RunId, outcome: Result<StepReport>) -> Result<()> {
    match outcome {
        Ok(report) => {
            output::json(&report)?;
            if report.state == State::Skipped { Err(super::run::nothing_new()) } else { Ok(()) }
        }
        Err(error) => {
            output::json(&run::failed(run, &error))?;
            Err(error)
        }
    }
}

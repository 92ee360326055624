//! `bionicpro etl`: the pipeline: run it, schedule it, inspect its ledger.

mod bars;
mod compare;
mod run;
mod runs;
mod schedule;
mod show;
mod step;
mod verify;

use bionicpro_model::{HourRange, Result, hours};
use bionicpro_pipeline::PipelineContext;
use chrono::TimeDelta;
use clap::Subcommand;

use crate::context::Context;

/// The pipeline: run it, schedule it, inspect its ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum EtlCommand {
    Run(run::RunArgs),
    Schedule(schedule::ScheduleArgs),
    Runs(runs::RunsArgs),
    Show(show::ShowArgs),
    Verify(verify::VerifyArgs),
    Compare(compare::CompareArgs),
    /// Step 1: read the CRM and the ownership intervals of the chips.
    ExtractCrm(step::StepArgs),
    /// Step 2: read the telemetry, one row for each chip and hour.
    ExtractTelemetry(step::RangeStepArgs),
    /// Step 3: join the files of the first two steps.
    Transform(step::StepArgs),
    /// Step 4: load the mart and compare.
    Load(step::StepArgs),
}

impl EtlCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        match self {
            EtlCommand::Run(args) => args.run(context).await,
            EtlCommand::Schedule(args) => args.run(context).await,
            EtlCommand::Runs(args) => args.run(context).await,
            EtlCommand::Show(args) => args.run(context).await,
            EtlCommand::Verify(args) => args.run(context).await,
            EtlCommand::Compare(args) => args.run(context).await,
            EtlCommand::ExtractCrm(args) => args.run(context, step::One::ExtractCrm).await,
            EtlCommand::ExtractTelemetry(args) => args.run(context).await,
            EtlCommand::Transform(args) => args.run(context, step::One::Transform).await,
            EtlCommand::Load(args) => args.run(context, step::One::Load).await,
        }
    }
}

/// Builds the pipeline's context from the configuration.
fn pipeline(context: &Context) -> Result<PipelineContext> {
    let config = &context.config;
    PipelineContext::new(&config.crm, &config.telemetry, &config.warehouse, &config.stage, &config.pipeline)
}

/// Parses the range of a command line and widens it to whole hours.
fn range(from: &str, to: &str) -> Result<HourRange> {
    let (from, to) = (hours::parse_instant(from)?, hours::parse_instant(to)?);
    let range = HourRange::around(from, to)?;
    if (range.from(), range.to()) != (from, to) {
        tracing::info!(%range, "the range is widened to whole hours");
    }
    Ok(range)
}

/// Formats a duration in seconds, to the millisecond; a negative one counts as zero.
fn seconds(span: TimeDelta) -> String {
    let milliseconds = span.num_milliseconds().max(0);
    format!("{}.{:03} s", milliseconds / 1000, milliseconds % 1000)
}

//! `bionicpro etl schedule`: runs the pipeline by the configured cron expression until a signal stops it.

use bionicpro_model::Result;
use clap::Args;

use crate::context::Context;
use crate::signals;

/// Run the pipeline by `pipeline.schedule` until Ctrl-C or a termination signal; never two runs at once.
#[derive(Debug, Args)]
pub(crate) struct ScheduleArgs {}

impl ScheduleArgs {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let pipeline = super::pipeline(context)?;
        let stop = signals::stop();
        tracing::info!(schedule = context.config.pipeline.schedule, "schedule started");
        bionicpro_pipeline::schedule(&pipeline, stop.cancelled_owned()).await
    }
}

//! `bionicpro etl schedule`: runs by the configured cron expression until it is told to stop.

use bionicpro_model::{Error, Kind, Result};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::context::Context;

/// Run the pipeline by `pipeline.schedule` until Ctrl-C or a termination signal; never two runs at once.
#[derive(Debug, Args)]
pub(crate) struct ScheduleArgs {}

impl ScheduleArgs {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let pipeline = super::pipeline(context)?;
        let listen = |kind| {
            signal(kind).map_err(|error| Error::new(Kind::Internal, "signals cannot be heard").source(error))
        };
        let (mut interrupt, mut terminate) =
            (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
        tracing::info!(schedule = context.config.pipeline.schedule, "schedule started");
        let shutdown = async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        bionicpro_pipeline::schedule(&pipeline, shutdown).await
    }
}

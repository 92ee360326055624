//! `bionicpro simulate`: a simulated fleet for demonstrations and tests.

use bionicpro_model::{Error, Kind, Result};
use clap::Subcommand;

use crate::context::Context;

/// A simulated fleet for demonstrations and tests.
#[derive(Debug, Subcommand)]
pub(crate) enum SimulateCommand {
    /// Fill both source databases.
    Seed,
    /// Keep writing telemetry.
    Live,
}

impl SimulateCommand {
    pub(crate) async fn run(self, _context: &Context) -> Result<()> {
        Err(Error::new(Kind::Internal, "not built yet"))
    }
}

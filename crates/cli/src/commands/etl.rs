//! `bionicpro etl`: the pipeline: run it, schedule it, look at its ledger.

use bionicpro_model::{Error, Kind, Result};
use clap::Subcommand;

use crate::context::Context;

/// The pipeline: run it, schedule it, look at its ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum EtlCommand {
    /// Run all four steps.
    Run,
}

impl EtlCommand {
    pub(crate) async fn run(self, _context: &Context) -> Result<()> {
        Err(Error::new(Kind::Internal, "not built yet"))
    }
}

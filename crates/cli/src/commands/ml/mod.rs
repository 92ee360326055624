//! `bionicpro ml`: data sets for ML engineers.

mod export;

use bionicpro_model::Result;
use clap::Subcommand;

use crate::context::Context;

/// Data sets for ML engineers.
#[derive(Debug, Subcommand)]
pub(crate) enum MlCommand {
    Export(export::ExportArgs),
}

impl MlCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        match self {
            MlCommand::Export(args) => args.run(context).await,
        }
    }
}

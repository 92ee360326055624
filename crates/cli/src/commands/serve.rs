//! `bionicpro serve`: serve the Reports API.

use bionicpro_model::{Error, Kind, Result};
use clap::Subcommand;

use crate::context::Context;

/// Serve the Reports API.
#[derive(Debug, Subcommand)]
pub(crate) enum ServeCommand {
    /// Serve the Reports API.
    Api,
}

impl ServeCommand {
    pub(crate) async fn run(self, _context: &Context) -> Result<()> {
        Err(Error::new(Kind::Internal, "not built yet"))
    }
}

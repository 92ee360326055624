//! `bionicpro warehouse`: the warehouse: serve the embedded one, migrate, look at it.

mod serve;

use bionicpro_model::{Error, Kind, Result};
use clap::Subcommand;

use crate::context::Context;

/// The warehouse: serve the embedded one, migrate, look at it.
#[derive(Debug, Subcommand)]
pub(crate) enum WarehouseCommand {
    /// Serve an embedded ClickHouse over the ClickHouse HTTP interface.
    Serve(serve::ServeArgs),
    /// Bring the schema up to date.
    Migrate,
    /// Show the schema version, the size and the freshness of the mart.
    Status,
}

impl WarehouseCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        match self {
            WarehouseCommand::Serve(args) => args.run(context).await,
            WarehouseCommand::Migrate | WarehouseCommand::Status => {
                Err(Error::new(Kind::Internal, "not built yet"))
            }
        }
    }
}

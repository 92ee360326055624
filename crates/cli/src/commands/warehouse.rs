//! `bionicpro warehouse`: the warehouse: serve the embedded one, migrate, look at it.

mod migrate;
mod serve;
mod status;

use bionicpro_model::Result;
use clap::Subcommand;

use crate::context::Context;

/// The warehouse: serve the embedded one, migrate, look at it.
#[derive(Debug, Subcommand)]
pub(crate) enum WarehouseCommand {
    /// Serve an embedded ClickHouse over the ClickHouse HTTP interface.
    Serve(serve::ServeArgs),
    Migrate(migrate::MigrateArgs),
    Status(status::StatusArgs),
}

impl WarehouseCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        match self {
            WarehouseCommand::Serve(args) => args.run(context).await,
            WarehouseCommand::Migrate(args) => args.run(context).await,
            WarehouseCommand::Status(args) => args.run(context).await,
        }
    }
}

//! `bionicpro warehouse`: the warehouse: serve the embedded one, migrate it, inspect it, list its accounts.

mod accounts;
mod engine;
mod grants;
mod migrate;
mod serve;
mod status;

use bionicpro_model::Result;
use clap::Subcommand;

use crate::context::Context;

/// The warehouse: serve the embedded one, migrate it, inspect it.
#[derive(Debug, Subcommand)]
pub(crate) enum WarehouseCommand {
    /// Serve an embedded ClickHouse over the ClickHouse HTTP interface.
    Serve(serve::ServeArgs),
    Accounts(accounts::AccountsArgs),
    Grants(grants::GrantsArgs),
    Migrate(migrate::MigrateArgs),
    Status(status::StatusArgs),
    /// The process of the engine, started by `serve`.
    #[command(hide = true)]
    Engine(engine::EngineArgs),
}

impl WarehouseCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        match self {
            WarehouseCommand::Serve(args) => args.run(context).await,
            WarehouseCommand::Accounts(args) => args.run(context),
            WarehouseCommand::Grants(args) => args.run(context),
            WarehouseCommand::Migrate(args) => args.run(context).await,
            WarehouseCommand::Status(args) => args.run(context).await,
            WarehouseCommand::Engine(args) => args.run(),
        }
    }
}

//! The table of commands; each has its own file.

mod audit;
mod config;
mod demo;
mod doctor;
mod etl;
mod identity;
mod ml;
mod reference;
mod serve;
mod simulate;
mod warehouse;

pub(crate) use warehouse::WarehouseCommand;

use bionicpro_model::Result;
use clap::Subcommand;

use crate::context::Context;

/// The commands of `bionicpro`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Everything in one terminal, on loopback, with a simulated fleet.
    Demo(demo::DemoCommand),
    /// Check every dependency and say what to do about each failure.
    Doctor(doctor::DoctorCommand),
    /// The warehouse: serve the embedded one, migrate it, inspect it.
    #[command(subcommand)]
    Warehouse(warehouse::WarehouseCommand),
    /// The pipeline: run it, schedule it, inspect its ledger.
    #[command(subcommand)]
    Etl(etl::EtlCommand),
    /// Data sets for ML engineers.
    #[command(subcommand)]
    Ml(ml::MlCommand),
    /// Serve the Reports API, or the server for browsers (BFF).
    #[command(subcommand)]
    Serve(serve::ServeCommand),
    /// The access log: who has read whose reports.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// The account that a login name is bound to.
    #[command(subcommand)]
    Identity(identity::IdentityCommand),
    /// A simulated fleet for demonstrations and tests.
    #[command(subcommand)]
    Simulate(simulate::SimulateCommand),
    /// The configuration in force and its schema.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Write the generated reference pages into a folder.
    #[command(hide = true)]
    Reference(reference::ReferenceCommand),
}

impl Command {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        match self {
            Command::Demo(command) => command.run(context).await,
            Command::Doctor(command) => command.run(context).await,
            Command::Warehouse(command) => command.run(context).await,
            Command::Etl(command) => command.run(context).await,
            Command::Ml(command) => command.run(context).await,
            Command::Serve(command) => command.run(context).await,
            Command::Audit(command) => command.run(context).await,
            Command::Identity(command) => command.run(context).await,
            Command::Simulate(command) => command.run(context).await,
            Command::Config(command) => command.run(context),
            Command::Reference(command) => command.run(),
        }
    }
}

//! `bionicpro`: the only program. Reads the command line and the configuration, runs one command, ends with
//! its exit status. Each command is a file in `commands/`; the work itself is in the other crates.

mod commands;
mod config;
mod context;
mod output;
mod signals;

use std::process::ExitCode;

use bionicpro_model::Kind;
use clap::Parser;

use crate::commands::{Command, WarehouseCommand};
use crate::context::Context;

/// Reports for people who wear a bionic prosthesis, exact to the row.
#[derive(Debug, Parser)]
#[command(name = "bionicpro", version, propagate_version = true)]
struct Cli {
    /// The configuration file; by default `bionicpro.toml` in the current folder, if it exists.
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Option<std::path::PathBuf>,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    // Files of the program and its children hold personal data.
    bionicpro_disk::close_umask();
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        // Not a failure: an orchestrator reads the exit status, and no error is printed.
        Err(error) if error.kind() == Kind::NothingNew => ExitCode::from(error.kind().exit_status()),
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the last word of a command belongs on the terminal")]
            {
                eprintln!("error: {}", error.report());
            }
            ExitCode::from(error.kind().exit_status())
        }
    }
}

/// Runs the command. Everything that can fail immediately fails here, before the runtime starts.
fn run(cli: Cli) -> bionicpro_model::Result<()> {
    if let Command::Warehouse(WarehouseCommand::Engine(engine)) = &cli.command {
        return engine.run();
    }
    let context = Context::load(cli.config.as_deref())?;
    // The demo's terminal is reserved for its output; it starts its own log once it knows its folder.
    if !matches!(cli.command, Command::Demo(_)) {
        context.start_logging();
    }
    let runtime = context::runtime()?;
    runtime.block_on(cli.command.run(&context))
}

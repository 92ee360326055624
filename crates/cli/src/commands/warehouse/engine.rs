//! `bionicpro warehouse engine`: the process that `warehouse serve` starts for the ClickHouse engine.

use bionicpro_engines::clickhouse::Process;
use bionicpro_model::Result;
use clap::Args;

/// A description of the process, written by `warehouse serve`.
#[derive(Debug, Args)]
pub(crate) struct EngineArgs {
    description: String,
}

impl EngineArgs {
    /// Becomes the engine, which needs neither the configuration nor the runtime of this program.
    pub(crate) fn run(&self) -> Result<()> {
        Process::parse(&self.description)?.run().map(|never| match never {})
    }
}

//! `bionicpro warehouse grants`: the rights of the three accounts, as SQL for a ClickHouse server.

use bionicpro_model::Result;
use bionicpro_warehouse::access;
use clap::Args;

use crate::context::Context;
use crate::output;

/// Print the SQL that gives a ClickHouse server the accounts' roles, profiles and rights.
///
/// Nothing is executed: an administrator reviews the SQL, runs it, and grants the roles to accounts of the
/// site.
#[derive(Debug, Args)]
pub(crate) struct GrantsArgs {
    /// Print the statements. Required, because the command does nothing else.
    #[arg(long, required = true)]
    print: bool,
}

impl GrantsArgs {
    pub(crate) fn run(&self, context: &Context) -> Result<()> {
        let _ = self.print;
        for statement in access::statements(&context.config.warehouse)? {
            output::line(&format!("{statement};"))?;
        }
        Ok(())
    }
}

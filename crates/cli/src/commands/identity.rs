//! `bionicpro identity`: which account a login name belongs to, and how a name passes to another one.

use bionicpro_audit::{Entry, Event, Log, Outcome};
use bionicpro_auth::UsernameBindings;
use bionicpro_model::{Error, Kind, Result};
use bionicpro_store::Store;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::context::Context;
use crate::output;

/// Which account a login name belongs to.
#[derive(Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    /// Show the account (`sub`) that has a login name.
    Show(Name),
    /// Take a login name from its account, so that the next account that comes with it has it.
    ///
    /// For a person who got a new account, or a new person by an old name. First make sure that the CRM means the new
    /// one: whoever comes next with this name reads the reports of the customer who has it there.
    Release(Name),
}

#[derive(Debug, Args)]
pub(crate) struct Name {
    /// The login name, exactly as the CRM has it.
    #[arg(value_name = "NAME")]
    name: String,
}

impl IdentityCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let names = UsernameBindings::new(Store::open(&context.config.store).await?);
        match self {
            IdentityCommand::Show(Name { name }) => {
                let account = names.account(&name).await?.ok_or_else(|| unbound(&name))?;
                output::json(&json!({ "name": name, "account": account }))
            }
            IdentityCommand::Release(Name { name }) => {
                names.account(&name).await?.ok_or_else(|| unbound(&name))?;
                // Written down before it is done: a release that nobody can find later must not happen.
                let audit = Log::open(&context.config.audit, "identity")?;
                audit.record(Entry::new(Event::IdentityRelease, Outcome::Done).whose(&name)).await?;
                let account = names.release(&name).await?.ok_or_else(|| unbound(&name))?;
                tracing::info!("a login name was released");
                output::json(&json!({ "released": name, "account": account }))
            }
        }
    }
}

fn unbound(name: &str) -> Error {
    Error::new(Kind::Data, "no account has this login name")
        .detail(name)
        .hint("names are compared byte by byte, and one is bound when its person comes for the first time")
}

//! `bionicpro identity`: shows the account that a login name is bound to, and releases a name for another
//! account.

use bionicpro_audit::{Entry, Event, Log, Outcome};
use bionicpro_auth::UsernameBindings;
use bionicpro_model::{Error, Kind, Result};
use bionicpro_store::Store;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::context::Context;
use crate::output;

/// The account that a login name is bound to.
#[derive(Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    /// Show the account (`sub`) that a login name is bound to.
    Show(Name),
    /// Release a login name from its account: the next account that uses the name is bound to it.
    ///
    /// For a person with a new account, or a new person with an old login name. First make sure that the name
    /// belongs to the new person in the CRM: the next account that uses it reads the reports of the customer
    /// with this name there.
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
                // Recorded before it is done: no release may be missing from the audit log.
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
    Error::new(Kind::Data, "no account is bound to this login name")
        .detail(name)
        .hint("names are compared byte by byte; a name is bound to the first account that uses it")
}

//! `bionicpro warehouse accounts`: the accounts of the embedded warehouse and their password files.

use std::path::PathBuf;

use bionicpro_engines::clickhouse::Passwords;
use bionicpro_model::{Error, Kind, Result};
use bionicpro_warehouse::access;
use clap::Args;

use crate::context::Context;
use crate::output;

/// List the accounts of the embedded warehouse and the files of their passwords.
#[derive(Debug, Args)]
pub(crate) struct AccountsArgs {
    /// The data directory of the warehouse.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Generate a new password for this account. It takes effect when the warehouse starts next.
    #[arg(long, value_name = "ACCOUNT")]
    new_password: Option<String>,
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl AccountsArgs {
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let accounts = access::embedded_accounts(&context.config.warehouse)?;
        let data = self.data.unwrap_or_else(|| context.config.engines.warehouse.data.clone());
        if !data.is_dir() {
            return Err(Error::new(Kind::Config, "there is no warehouse in this folder")
                .detail(data.display().to_string())
                .hint("pass its data directory with --data, as to `bionicpro warehouse serve`"));
        }
        let passwords = Passwords::of(&data);
        if let Some(name) = &self.new_password {
            if !accounts.iter().any(|account| account.name == name) {
                let known: Vec<_> = accounts.iter().map(|account| account.name).collect();
                return Err(Error::new(Kind::Config, "the warehouse has no account of this name")
                    .detail(name.clone())
                    .hint(format!("use one of {}", known.join(", "))));
            }
            passwords.renew(name)?;
            return output::line(&format!(
                "{} contains the new password of {name}; restart the warehouse to apply it",
                passwords.file(name).display()
            ));
        }
        if self.json {
            let listed: Vec<_> = accounts
                .iter()
                .map(|account| {
                    serde_json::json!({
                        "account": account.name,
                        "purpose": account.purpose,
                        "password_file": passwords.file(account.name),
                        "grants": account.grants,
                    })
                })
                .collect();
            return output::json(&serde_json::json!({ "accounts": listed }));
        }
        let mut rows = Vec::new();
        for account in &accounts {
            let file = passwords.file(account.name).display().to_string();
            let state = match passwords.read(account.name)? {
                Some(_) => file,
                None => format!("{file} (generated at the first start)"),
            };
            rows.push(vec![account.name.to_owned(), account.purpose.to_owned(), state]);
        }
        output::table(&["ACCOUNT", "PURPOSE", "PASSWORD IN"], rows)
    }
}

//! `bionicpro simulate`: a simulated fleet for demonstrations and tests.

mod live;
mod seed;

use std::path::Path;

use bionicpro_disk::read_secret;
use bionicpro_model::{Error, Kind, Result, SecretUrl};
use clap::Subcommand;

use crate::context::Context;

/// A simulated fleet for demonstrations and tests.
#[derive(Debug, Subcommand)]
pub(crate) enum SimulateCommand {
    /// Fill both source databases with people and their movements.
    Seed(seed::SeedArgs),
    /// Keep writing telemetry, some of it late, until Ctrl-C.
    Live(live::LiveArgs),
}

impl SimulateCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let crm = &context.config.crm;
        let telemetry = &context.config.telemetry;
        let crm = source_url("crm.url", crm.url.as_ref(), crm.password_file.as_deref())?;
        let telemetry =
            source_url("telemetry.url", telemetry.url.as_ref(), telemetry.password_file.as_deref())?;
        match self {
            SimulateCommand::Seed(args) => seed::run(args, &crm, &telemetry).await,
            SimulateCommand::Live(args) => live::run(args, &crm, &telemetry).await,
        }
    }
}

fn source_url(key: &str, url: Option<&SecretUrl>, password_file: Option<&Path>) -> Result<SecretUrl> {
    let url = url.ok_or_else(|| {
        let variable = format!("BIONICPRO_{}", key.replace('.', "_").to_uppercase());
        Error::new(Kind::Config, "the address of a source database is missing")
            .detail(key.to_owned())
            .hint(format!("set {key} in bionicpro.toml, or {variable}"))
    })?;
    let Some(file) = password_file else { return Ok(url.clone()) };
    let section = key.strip_suffix("url").unwrap_or(key);
    url.with_password(&read_secret(&format!("{section}password_file"), file)?)
}

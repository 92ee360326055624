//! `bionicpro config`: the configuration in force with the origin of each value, and the schema.

use bionicpro_model::{Error, Kind, Result};
use clap::Subcommand;

use crate::config::{Config, Origin};
use crate::context::Context;
use crate::output;

/// The configuration in force and its schema.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show every key, its value (secrets as ***), its origin and the variable that sets it.
    Show {
        /// One JSON object instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of `bionicpro.toml`.
    Schema,
}

impl ConfigCommand {
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            ConfigCommand::Show { json: true } => output::json(&context.config),
            ConfigCommand::Show { json: false } => show(context),
            ConfigCommand::Schema => output::line(&schema()?),
        }
    }
}

/// The JSON Schema of `bionicpro.toml`.
pub(crate) fn schema() -> Result<String> {
    serde_json::to_string_pretty(&schemars::schema_for!(Config)).map_err(|error| {
        Error::new(Kind::Internal, "the configuration schema cannot be written").source(error)
    })
}

fn show(context: &Context) -> Result<()> {
    let document = serde_json::to_value(&context.config)
        .map_err(|error| Error::new(Kind::Internal, "the configuration cannot be shown").source(error))?;
    let rows = context.origins.iter().map(|(key, origin)| {
        let value = match key.get(&document) {
            serde_json::Value::Null => "(not set)".to_owned(),
            value => value.to_string(),
        };
        let origin = match origin {
            Origin::Default => "default".to_owned(),
            Origin::File(path) => path.display().to_string(),
            Origin::Variable(_) => "environment".to_owned(),
        };
        vec![key.name(), value, origin, key.variable()]
    });
    output::table(&["KEY", "VALUE", "FROM", "VARIABLE"], rows)
}

//! The configuration of the whole program: one section per part, each owned by its crate.
//!
//! Layers, later ones win: defaults, `bionicpro.toml`, `BIONICPRO_*` variables, the flags of a command.

mod file;
mod keys;
mod layers;

pub(crate) use keys::{Key, keys};
pub(crate) use layers::{Origin, load};

use bionicpro_model::{Error, Kind, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `bionicpro.toml`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The CRM database.
    pub(crate) crm: bionicpro_sources::CrmConfig,
    /// The telemetry database.
    pub(crate) telemetry: bionicpro_sources::TelemetryConfig,
    /// The ClickHouse that holds the mart.
    pub(crate) warehouse: bionicpro_warehouse::Config,
    /// The staging area, through which the steps of a run exchange files.
    pub(crate) stage: bionicpro_pipeline::StageConfig,
    /// The schedule and the range of the pipeline's runs.
    pub(crate) pipeline: bionicpro_pipeline::PipelineConfig,
    /// The issuer of the tokens that the Reports API accepts.
    pub(crate) oidc: bionicpro_auth::Config,
    /// The Reports API.
    pub(crate) api: bionicpro_api::Config,
    /// The access log.
    pub(crate) audit: bionicpro_audit::Config,
    /// The server for browsers (BFF): sign-in, sessions, the web app.
    pub(crate) bff: bionicpro_bff::Config,
    /// The store of sessions, preferences and bindings of login names.
    pub(crate) store: bionicpro_store::Config,
    /// The embedded engines.
    pub(crate) engines: bionicpro_engines::Config,
    /// The log.
    pub(crate) log: LogConfig,
}

impl Config {
    /// Checks settings across sections. Without the BFF's client secret no BFF runs, so its settings are not
    /// checked.
    pub(crate) fn check(&self) -> Result<()> {
        let (late, patience) = (self.api.listener.refusal_delay_s, self.bff.request_timeout_s);
        if self.bff.client_secret_file.is_some() && late >= patience {
            return Err(Error::new(
                Kind::Config,
                "the Reports API's refusal delay is not below the BFF's request timeout",
            )
            .detail(format!("api.refusal_delay_s is {late}, bff.request_timeout_s is {patience}"))
            .hint("set api.refusal_delay_s below bff.request_timeout_s"));
        }
        Ok(())
    }
}

/// The log, on standard error.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogConfig {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,bionicpro_pipeline=debug`.
    pub(crate) level: String,
    /// One JSON object per line, for machines.
    pub(crate) json: bool,
}

impl Default for LogConfig {
    fn default() -> Self {
        LogConfig { level: "info".to_owned(), json: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_comes_before_the_bff_gives_up() {
        let check = |late, patience, secret: Option<&str>| {
            let mut config = Config::default();
            config.api.listener.refusal_delay_s = late;
            config.bff.request_timeout_s = patience;
            config.bff.client_secret_file = secret.map(Into::into);
            config.check()
        };
        assert!(check(14, 15, Some("secret")).is_ok());
        assert!(check(20, 15, None).is_ok(), "no BFF");
        for late in [15, 20] {
            let error = check(late, 15, Some("secret")).unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            let keys = format!("api.refusal_delay_s is {late}, bff.request_timeout_s is 15");
            assert!(error.report().contains(&keys), "{}", error.report());
        }
    }
}

//! What every command needs: the configuration, the log, the runtime.

use std::path::Path;

use bionicpro_model::{Error, Kind, Result};

use crate::config::{self, Config, Key, Origin};

/// The program's configuration, read and validated.
pub(crate) struct Context {
    pub(crate) config: Config,
    /// Where the value of each key comes from.
    pub(crate) origins: Vec<(Key, Origin)>,
}

impl Context {
    pub(crate) fn load(file: Option<&Path>) -> Result<Self> {
        let loaded = config::load(file)?;
        Ok(Context { config: loaded.config, origins: loaded.origins })
    }

    /// Logs go to standard error; standard output belongs to results.
    pub(crate) fn start_logging(&self) {
        let filter = tracing_subscriber::EnvFilter::new(&self.config.log.level);
        let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        if self.config.log.json {
            builder.json().flatten_event(true).init()
        } else {
            builder.compact().init()
        }
    }
}

pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(Kind::Internal, "the runtime cannot start").source(error))
}

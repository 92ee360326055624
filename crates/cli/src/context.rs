//! The context of every command: the configuration, the log, the runtime.

use std::fs::File;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bionicpro_model::{Error, Kind, Result};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::SubscriberBuilder;
use tracing_subscriber::fmt::format::{DefaultFields, Format};

use crate::config::{self, Config, Key, Origin};

/// The program's configuration, read and validated.
pub(crate) struct Context {
    pub(crate) config: Config,
    /// The configuration file named on the command line, to pass on to child processes of this program.
    pub(crate) file: Option<PathBuf>,
    /// The origin of each key's value.
    pub(crate) origins: Vec<(Key, Origin)>,
}

impl Context {
    pub(crate) fn load(file: Option<&Path>) -> Result<Self> {
        let loaded = config::load(file)?;
        Ok(Context { config: loaded.config, file: file.map(Path::to_owned), origins: loaded.origins })
    }

    /// Logs go to standard error; standard output belongs to results.
    pub(crate) fn start_logging(&self) {
        let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let builder = self.log_builder().with_ansi(colours).with_writer(std::io::stderr);
        if self.config.log.json {
            builder.json().flatten_event(true).init()
        } else {
            builder.compact().init()
        }
    }

    /// Appends logs to a file, for the demo: its terminal is reserved for its output.
    pub(crate) fn start_logging_to(&self, file: &Path) -> Result<()> {
        let log = File::options().create(true).append(true).open(file).map_err(|error| {
            Error::new(Kind::Storage, "the log cannot be written")
                .detail(file.display().to_string())
                .source(error)
        })?;
        let builder = self.log_builder().with_ansi(false).with_writer(Mutex::new(log));
        if self.config.log.json {
            builder.json().flatten_event(true).init()
        } else {
            builder.compact().init()
        }
        Ok(())
    }

    fn log_builder(&self) -> SubscriberBuilder<DefaultFields, Format, EnvFilter> {
        tracing_subscriber::fmt().with_env_filter(EnvFilter::new(&self.config.log.level))
    }
}

pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(Kind::Internal, "the runtime cannot start").source(error))
}

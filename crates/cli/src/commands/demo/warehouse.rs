//! The demo's warehouse: `bionicpro warehouse serve` as a process of its own, so that the other parts survive
//! its end.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use bionicpro_engines::Packages;
use bionicpro_engines::child::{self, Child};
use bionicpro_engines::clickhouse::{self, Passwords};
use bionicpro_model::{Error, Kind, Result, SecretUrl};

use super::folder::Folder;
use super::ports::loopback;

/// The timeout of a start, long enough for many tables.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// The timeout of an orderly stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(20);

/// The arguments of each start.
pub(super) struct Options {
    data: PathBuf,
    log: PathBuf,
    port: u16,
    database: String,
    config_file: Option<PathBuf>,
}

impl Options {
    pub(super) fn new(folder: &Folder, port: u16, config_file: Option<PathBuf>) -> Result<Self> {
        let (data, log) = (folder.join("warehouse"), folder.join("warehouse.log"));
        // The default database: settings for production do not apply to the demo.
        let database = bionicpro_warehouse::Config::default().database()?;
        Ok(Options { data, log, port, database, config_file })
    }
}

/// A running warehouse. Dropping it ends it at once.
pub(super) struct Served {
    child: Child,
    log: PathBuf,
    /// The length of the log before this start, in bytes.
    log_begin: usize,
}

impl Served {
    /// Starts the process and waits until it responds.
    pub(super) async fn start(packages: &Packages, options: &Options) -> Result<Self> {
        // For its error, which names the missing package.
        packages.libchdb()?;
        let failed = |error: std::io::Error| {
            Error::new(Kind::Storage, "the warehouse cannot be started")
                .detail(options.log.display().to_string())
                .source(error)
        };
        let log = File::options().create(true).append(true).open(&options.log).map_err(failed)?;
        let log_begin = usize::try_from(log.metadata().map_err(failed)?.len()).unwrap_or(usize::MAX);
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        if let Some(file) = &options.config_file {
            command.arg("--config").arg(file);
        }
        command.args(["warehouse", "serve", "--listen", &loopback(options.port).to_string()]);
        command.args(["--database", &options.database, "--data"]);
        command.arg(&options.data).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = child::spawn(command).map_err(failed)?;
        let served = Served { child, log: options.log.clone(), log_begin };
        served.wait_until_ready(options.port).await?;
        Ok(served)
    }

    async fn wait_until_ready(&self, port: u16) -> Result<()> {
        let failed =
            |error: reqwest::Error| Error::new(Kind::Internal, "cannot build an HTTP client").source(error);
        let http = reqwest::Client::builder().no_proxy().build().map_err(failed)?;
        let ping = format!("http://{}/ping", loopback(port));
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline {
            tokio::select! {
                biased;
                error = self.ended() => return Err(error),
                answer = http.get(&ping).send() => {
                    if answer.is_ok_and(|answer| answer.status().is_success()) {
                        return Ok(());
                    }
                }
            }
            tokio::time::sleep(POLL).await;
        }
        Err(Error::new(Kind::Unreachable, "the warehouse is not ready in time")
            .hint(format!("read {}", self.log.display())))
    }

    /// Waits until the process ends, which it should not, and returns the reason.
    pub(super) async fn ended(&self) -> Error {
        let status = self.child.exited().await;
        let kind = match status.and_then(|status| status.code()) {
            Some(2) => Kind::Config,
            Some(4) => Kind::Data,
            _ => Kind::Unreachable,
        };
        Error::new(kind, "the warehouse ended")
            .detail(self.last_words(status))
            .hint(format!("read {}", self.log.display()))
    }

    /// The error that it printed, or its exit status.
    fn last_words(&self, status: Option<ExitStatus>) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(log.get(self.log_begin..).unwrap_or_default());
        match (log.rsplit_once("error: "), status) {
            (Some((_, error)), _) => error.trim().to_owned(),
            (None, Some(status)) => status.to_string(),
            (None, None) => "unknown exit status".to_owned(),
        }
    }

    /// Stops the process in order.
    pub(super) async fn stop(self) {
        self.child.terminate();
        if tokio::time::timeout(STOP_TIMEOUT, self.child.exited()).await.is_err() {
            tracing::warn!(part = "warehouse", "did not stop in time");
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill();
    }
}

/// The URL with an account and its password. The process has generated its passwords before it responds.
pub(super) fn url(data: &Path, port: u16, account: &str) -> Result<SecretUrl> {
    let passwords = Passwords::of(data);
    let password = passwords.read(account)?.ok_or_else(|| {
        Error::new(Kind::Storage, "the warehouse's password is missing")
            .detail(passwords.file(account).display().to_string())
    })?;
    clickhouse::url(loopback(port), account, &password)
}

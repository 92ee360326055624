//! Embedded PostgreSQL 18 for demonstrations, tests and small sites: start, wait until ready, stop.
//!
//! It listens on loopback only and requires a password. It never outlives the program, keeps its data
//! directory, and starts again after any kill. Production uses its own servers, of which it configures only
//! the URLs.

pub(crate) mod account;
mod binaries;
mod cluster;
mod port;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bionicpro_model::{Error, Kind, Result, Secret, SecretUrl};
use rustix::process::Signal;
use tokio_postgres::NoTls;

use crate::Packages;
use crate::child::{self, Child, ParentDeath};
use cluster::Cluster;

/// The superuser of the embedded server, and the only account.
const USER: &str = "bionicpro";

/// The timeout of a start, which includes recovery after a kill.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// The timeout of an orderly stop; an immediate one follows.
const FAST_STOP_TIMEOUT: Duration = Duration::from_secs(20);
const IMMEDIATE_STOP_TIMEOUT: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(15);

/// The options of an embedded PostgreSQL.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// The data directory; one process owns it, and it is created if it is missing.
    pub data: PathBuf,
    /// The port on 127.0.0.1; a free one when not given.
    pub port: Option<u16>,
    /// True if committed data must survive a crash of the machine. False for tests that throw the data away.
    pub durable: bool,
    /// More settings of the server, as in `postgresql.conf`; they override those chosen here.
    pub settings: Vec<(String, String)>,
}

impl PostgresOptions {
    /// Options for a durable server on a free port.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        PostgresOptions { data: data.into(), port: None, durable: true, settings: Vec::new() }
    }

    fn arguments(&self, port: u16) -> Vec<String> {
        let mut settings = vec![
            ("port".to_owned(), port.to_string()),
            ("listen_addresses".to_owned(), "127.0.0.1".to_owned()),
        ];
        let chosen: &[(&str, &str)] = &[
            // No socket files: their paths are limited to 107 bytes, and those of checkouts are not.
            ("unix_socket_directories", ""),
            ("cluster_name", "bionicpro"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            // Values and statements hold personal data.
            ("log_error_verbosity", "terse"),
            ("log_min_error_statement", "panic"),
            // Bulk loads: a checkpoint every 64 MB would write every page many times.
            ("max_wal_size", "2GB"),
            ("checkpoint_timeout", "15min"),
            ("shared_buffers", "256MB"),
            ("maintenance_work_mem", "256MB"),
            // Change data capture can be turned on without a restart.
            ("wal_level", "logical"),
            ("max_prepared_transactions", "16"),
        ];
        settings.extend(chosen.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())));
        if !self.durable {
            let off = ["fsync", "synchronous_commit", "full_page_writes"];
            settings.extend(off.iter().map(|key| ((*key).to_owned(), "off".to_owned())));
        }
        settings.extend(self.settings.iter().cloned());
        settings.into_iter().flat_map(|(key, value)| ["-c".to_owned(), format!("{key}={value}")]).collect()
    }
}

/// A running embedded PostgreSQL.
///
/// [`Postgres::stop`] ends it in order. Dropping it ends it at once, and so does the end of this process,
/// even by `kill -9`: the next start then recovers.
#[derive(Debug)]
pub struct Postgres {
    child: Child,
    cluster: Arc<Cluster>,
    port: u16,
    password: Secret,
}

impl Postgres {
    /// Starts a server on a data directory and waits until it is ready.
    ///
    /// As root the server runs as the owner of the data directory, or as `nobody` if the owner is root too.
    ///
    /// # Errors
    /// [`Kind::Config`]: the packages are missing, the port is taken, another process holds the data
    /// directory. [`Kind::Data`]: the data directory is of another major version. [`Kind::Unreachable`]: no
    /// answer in time.
    pub async fn start(packages: &Packages, options: PostgresOptions) -> Result<Self> {
        let native = packages.postgres()?;
        let cluster = Arc::new(Cluster::open(&options.data)?);
        if let Some(port) = options.port {
            port::check_free(port)?;
        }
        let binaries = binaries::prepare(&native, cluster.account)?;
        let password = cluster.password()?;
        cluster.begin_log()?;
        cluster.prepare(&binaries, &password, options.durable).await?;

        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            let port = match options.port {
                Some(port) => port,
                None => port::free()?,
            };
            let folder = cluster.folder();
            let mut command = cluster.command(&binaries, "postgres")?;
            command.arg("-D").arg(cluster.data_argument(&folder)).args(options.arguments(port));
            let child = child::spawn_in(command, Some(&folder), cluster.account, ParentDeath::Quit)
                .map_err(|error| cluster.cannot_start(error))?;
            let server = Postgres { child, cluster: Arc::clone(&cluster), port, password: password.clone() };
            match server.wait_until_ready(deadline).await {
                Ok(()) => return Ok(server),
                Err(error) if server.may_start_later(&options) && Instant::now() < deadline => {
                    tracing::debug!(error = %error, "postgres is restarted");
                    drop(server);
                    cluster.begin_log()?;
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The address of a database, with its password.
    pub fn url(&self, database: &str) -> SecretUrl {
        let password = self.password.expose_secret();
        let port = self.port;
        let mut url = url::Url::parse(&format!("postgresql://{USER}:{password}@127.0.0.1:{port}/"))
            .expect("a URL of letters and digits");
        url.path_segments_mut().expect("a URL with a host").push(database);
        SecretUrl::parse(url.as_str()).expect("a URL")
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.pid()
    }

    /// Creates a database if it is missing.
    pub async fn create_database(&self, name: &str) -> Result<()> {
        let failed = |error: tokio_postgres::Error| {
            Error::new(Kind::Unreachable, "a database cannot be created")
                .detail(name.to_owned())
                .source(error)
        };
        let (client, connection) =
            tokio_postgres::connect(self.url("postgres").expose_secret().as_str(), NoTls)
                .await
                .map_err(failed)?;
        let connection = tokio::spawn(connection);
        let exists = client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await;
        if exists.map_err(failed)?.is_none() {
            let quoted = name.replace('"', "\"\"");
            client.batch_execute(&format!("CREATE DATABASE \"{quoted}\"")).await.map_err(failed)?;
        }
        drop(client);
        let _ = connection.await;
        Ok(())
    }

    /// Waits until the server ends by itself, which it should not, and returns the reason.
    pub async fn failed(&self) -> Error {
        self.child.exited().await;
        self.ended()
    }

    /// Stops the server in order: clients are disconnected, the data is written, the files are closed.
    pub async fn stop(self) -> Result<()> {
        let steps = [
            (Signal::INT, FAST_STOP_TIMEOUT),
            (Signal::QUIT, IMMEDIATE_STOP_TIMEOUT),
            (Signal::KILL, IMMEDIATE_STOP_TIMEOUT),
        ];
        for (signal, timeout) in steps {
            self.child.signal(signal);
            if tokio::time::timeout(timeout, self.child.exited()).await.is_ok() {
                return Ok(());
            }
        }
        Err(Error::new(Kind::Internal, "PostgreSQL does not stop")
            .detail(self.cluster.log_tail())
            .hint(format!("read {}", self.cluster.log_path().display())))
    }

    async fn wait_until_ready(&self, deadline: Instant) -> Result<()> {
        let url = self.url("postgres");
        while Instant::now() < deadline {
            tokio::select! {
                biased;
                _ = self.child.exited() => return Err(self.ended()),
                answer = tokio_postgres::connect(url.expose_secret().as_str(), NoTls) => {
                    if answer.is_ok() {
                        return Ok(());
                    }
                }
            }
            tokio::time::sleep(POLL).await;
        }
        Err(Error::new(Kind::Unreachable, "PostgreSQL is not ready in time")
            .detail(self.cluster.log_tail())
            .hint(format!("read {}", self.cluster.log_path().display())))
    }

    fn ended(&self) -> Error {
        Error::new(Kind::Unreachable, "PostgreSQL ended")
            .detail(self.cluster.log_tail())
            .hint(format!("read {}", self.cluster.log_path().display()))
    }

    /// Returns true if a retry may succeed: another process took the free port first, or processes of a
    /// killed server are still ending.
    fn may_start_later(&self, options: &PostgresOptions) -> bool {
        let log = self.cluster.log_tail();
        log.contains("shared memory block")
            || options.port.is_none() && log.contains("could not create any TCP")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.child.signal(Signal::QUIT);
    }
}

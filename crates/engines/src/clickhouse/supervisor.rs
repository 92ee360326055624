//! Keeps the engine's process running: starts it, waits until it is ready, restarts it when it dies, stops
//! it.
//!
//! The process ends with this one: the kernel kills it, and its standard input is a pipe that closes.

use std::collections::VecDeque;
use std::io::PipeWriter;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use bionicpro_model::{Error, Kind, Result, Secret};
use bionicpro_warehouse::access::Account;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::configuration;
use super::data_dir::DataDir;
use super::journal::Journal;
use super::process::{ARGUMENTS, Process};
use crate::child::{self, Child};

/// The timeout of a start, long enough for many tables.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// The timeout of an orderly stop, which takes 1.5 s.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(10);
/// The interval between attempts to start on a full disk.
const ROOM_POLL: Duration = Duration::from_secs(5);
/// The maximum number of deaths within [`DEATHS_WITHIN`]; after one more, the supervisor gives up.
const MOST_DEATHS: usize = 5;
const DEATHS_WITHIN: Duration = Duration::from_secs(60);
/// The number of private ports to try, since another process may be faster to take one.
const PORT_TRIES: usize = 5;
/// The engine's error for a port that is taken.
const PORT_IN_USE: &str = "Code: 210";

/// The parameters of every start of an engine.
#[derive(Debug)]
pub(super) struct Plan {
    /// The program that becomes the engine's process.
    pub(super) program: PathBuf,
    pub(super) library: PathBuf,
    pub(super) dir: DataDir,
    pub(super) accounts: Vec<(Account, Secret)>,
    pub(super) native_port: Option<u16>,
    pub(super) max_concurrent_queries: u32,
    pub(super) allow_host_access: bool,
    pub(super) remotes: String,
    pub(super) connects: Vec<u16>,
}

/// The engine's address, which changes with each start.
#[derive(Debug, Clone, Default)]
pub(super) struct Address(Arc<AtomicU16>);

impl Address {
    pub(super) fn get(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.0.load(Ordering::Relaxed)))
    }
}

/// The supervisor of a running engine. Dropping it ends the engine.
#[derive(Debug)]
pub(super) struct Supervisor {
    plan: Plan,
    address: Address,
    running: Running,
}

/// A process of the engine.
#[derive(Debug)]
struct Running {
    child: Child,
    /// Its standard input: the engine exits when it closes.
    input: Option<PipeWriter>,
    journal: Journal,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill();
    }
}

impl Supervisor {
    /// Starts the engine and waits until it is ready.
    pub(super) async fn start(plan: Plan) -> Result<Self> {
        let address = Address::default();
        let running = start(&plan, &address).await?;
        Ok(Supervisor { plan, address, running })
    }

    pub(super) fn address(&self) -> Address {
        self.address.clone()
    }

    /// Restarts the engine whenever it dies, until `stop` completes; then stops it in order.
    ///
    /// # Errors
    /// `Unreachable` when it dies too often, or the error of a start that fails.
    pub(super) async fn run(mut self, stop: impl Future<Output = ()>) -> Result<()> {
        let mut stop = std::pin::pin!(stop);
        let mut deaths = VecDeque::new();
        loop {
            let status = tokio::select! {
                biased;
                () = &mut stop => break,
                status = self.running.child.exited() => status,
            };
            let now = Instant::now();
            deaths.push_back(now);
            deaths.retain(|death| now.duration_since(*death) < DEATHS_WITHIN);
            let how = status.map_or_else(|| "unknown exit status".to_owned(), |status| status.to_string());
            let last_words = self.running.journal.last_words();
            if deaths.len() > MOST_DEATHS {
                return Err(Error::new(Kind::Unreachable, "the ClickHouse engine dies repeatedly")
                    .detail(format!("{how} {last_words}"))
                    .hint("read the log; a statement or a damaged file may be the cause"));
            }
            tracing::error!(how, last_words, "the engine died and is restarted");
            self.running = tokio::select! {
                biased;
                () = &mut stop => return Ok(()),
                running = start_when_there_is_room(&self.plan, &self.address) => running?,
            };
        }
        self.stop().await;
        Ok(())
    }

    async fn stop(mut self) {
        drop(self.running.input.take());
        if tokio::time::timeout(STOP_TIMEOUT, self.running.child.exited()).await.is_err() {
            tracing::warn!("the engine did not exit in time and is killed");
        }
    }
}

/// Restarts the engine; while its disk is full, it waits until there is free space.
async fn start_when_there_is_room(plan: &Plan, address: &Address) -> Result<Running> {
    loop {
        match start(plan, address).await {
            Err(error) if error.kind() == Kind::Storage => {
                tracing::error!(error = error.report(), "the engine cannot be started yet");
                tokio::time::sleep(ROOM_POLL).await;
            }
            started => return started,
        }
    }
}

/// Starts a process of the engine on a free port and waits until it is ready.
async fn start(plan: &Plan, address: &Address) -> Result<Running> {
    // With a native port it is not known which of the two ports is in use.
    let mut tries = if plan.native_port.is_some() { 1 } else { PORT_TRIES };
    loop {
        let port = free_port()?;
        let running = spawn(plan, port)?;
        tries -= 1;
        match wait_until_ready(&running, port).await {
            Ok(()) => {
                address.0.store(port, Ordering::Relaxed);
                return Ok(running);
            }
            Err(_) if tries > 0 && running.journal.last_words().contains(PORT_IN_USE) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Returns a port that is free now. If another process takes it before the engine does, another one is tried.
fn free_port() -> Result<u16> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    bound
        .map(|address| address.port())
        .map_err(|error| Error::new(Kind::Internal, "cannot find a free port for the engine").source(error))
}

fn spawn(plan: &Plan, port: u16) -> Result<Running> {
    configuration::write(plan, port)?;
    let process = Process {
        library: plan.library.clone(),
        data: plan.dir.path().to_owned(),
        listens: std::iter::once(port).chain(plan.native_port).collect(),
        connects: plan.connects.clone(),
        is_native: plan.native_port.is_some(),
        allow_host_access: plan.allow_host_access,
    };
    let failed = |error: std::io::Error| {
        Error::new(Kind::Internal, "the engine's process cannot be started")
            .detail(plan.program.display().to_string())
            .source(error)
    };
    let description = serde_json::to_string(&process).map_err(|error| failed(error.into()))?;
    let (stdin, input) = std::io::pipe().map_err(failed)?;
    let (output, stderr) = std::io::pipe().map_err(failed)?;
    let mut command = Command::new(&plan.program);
    command.args(ARGUMENTS).arg(description).stdin(stdin).stdout(Stdio::null()).stderr(stderr);
    // The engine takes its time zone from here and not from its configuration. It inherits no other variable.
    command.env_clear().env("TZ", "UTC");
    let child = child::spawn(command).map_err(failed)?;
    let journal = Journal::default();
    journal.follow(output).map_err(failed)?;
    Ok(Running { child, input: Some(input), journal })
}

async fn wait_until_ready(running: &Running, port: u16) -> Result<()> {
    let deadline = Instant::now() + START_TIMEOUT;
    while Instant::now() < deadline {
        tokio::select! {
            biased;
            _ = running.child.exited() => {
                // Its last output may not have arrived yet.
                tokio::time::sleep(POLL).await;
                return Err(failed_start(&running.journal.last_words()));
            }
            is_ready = answers(port) => if is_ready { return Ok(()) },
        }
        tokio::time::sleep(POLL).await;
    }
    Err(Error::new(Kind::Unreachable, "the ClickHouse engine is not ready in time")
        .detail(format!("{} s have passed", START_TIMEOUT.as_secs())))
}

/// Returns true if the engine answers a ping.
async fn answers(port: u16) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.write_all(b"GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer.starts_with(b"HTTP/1.1 200"))
    };
    ask.await.unwrap_or(false)
}

/// Converts the last output of an engine that ended before it served into an error.
fn failed_start(last_words: &str) -> Error {
    let (kind, message, hint) = match last_words {
        words if words.contains(PORT_IN_USE) => (
            Kind::Config,
            "a port of the warehouse is in use",
            "free the port, or choose another engines.warehouse.native_listen",
        ),
        words if words.contains("Cannot lock file") || words.contains("Another server instance") => (
            Kind::Config,
            "the data directory is in use by another engine",
            "stop the program that uses it, or choose another --data directory",
        ),
        words if words.contains("No space left") || words.contains("Code: 243") => {
            (Kind::Storage, "the warehouse's disk is full", "free space on the disk of the data directory")
        }
        words if words.contains("cannot be loaded") => (
            Kind::Config,
            "the ClickHouse engine cannot be loaded",
            "run `make build`, which installs the pinned engine",
        ),
        _ => (
            Kind::Unreachable,
            "the ClickHouse engine does not start",
            "read the log; a data directory that a newer engine has written cannot be opened by an older one",
        ),
    };
    Error::new(kind, message).detail(last_words).hint(hint)
}

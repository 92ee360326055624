//! The embedded warehouse as the rest of the program sees it: open it, get its address, run it, stop it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bionicpro_edge::{Connection, Limits, Listen, Listener};
use bionicpro_model::{Error, Kind, Result, Secret, SecretUrl};
use bionicpro_warehouse::access::{self, Account};

use super::cluster::Cluster;
use super::data_dir::{DataDir, Passwords};
use super::fence;
use super::gate::Gate;
use super::proxy::Proxy;
use super::supervisor::{Plan, Supervisor};
use crate::Packages;
use crate::config::WarehouseServeConfig;

/// Limits of clients: headers may contain whole statements, and a long result may be read slowly.
const LIMITS: Limits = Limits {
    connections: 1024,
    // Clients run on one machine, or behind one address: when all connections are taken, idle ones are
    // closed.
    connections_per_address: u32::MAX,
    // Unlimited: not the edge but the engine checks credentials here.
    refusals_per_minute: u32::MAX,
    refusal_delay: Duration::ZERO,
    first_header_timeout: Duration::from_secs(5),
    header_timeout: Duration::from_secs(30),
    body_timeout: Duration::MAX,
    write_timeout: Duration::from_secs(300),
    // The time that running statements get to finish when the listener stops.
    shutdown_timeout: Duration::from_secs(5),
    head_bytes: 1 << 20,
    target_bytes: 1 << 20,
};

/// Statements that the engine may run in addition to those from the edge: its own, and those of its native
/// port.
const BESIDE: u32 = 32;

/// An opened warehouse: the engine runs, the address is bound, nothing is accepted before [`Endpoint::run`].
#[derive(Debug)]
pub struct Endpoint {
    listener: Listener,
    supervisor: Supervisor,
    gate: Gate,
    passwords: Passwords,
}

impl Endpoint {
    /// Takes the data directory's lock, binds the address and starts the engine that npm installed.
    ///
    /// The running program must become the engine's process when it is started with [`super::ARGUMENTS`]. The
    /// first of the accounts must be the one with the fewest bounds.
    ///
    /// # Errors
    /// `Config` for a directory that another process holds or a newer program wrote, for an address in use,
    /// for a password file that is empty; for the engine, the errors of [`Supervisor::start`].
    pub async fn open(
        packages: &Packages,
        config: WarehouseServeConfig,
        accounts: Vec<Account>,
    ) -> Result<Self> {
        let native_port = native_port(config.native_listen)?;
        Endpoint::open_as(packages, config, accounts, native_port, None).await
    }

    /// Like [`Endpoint::open`], as a shard of a cluster on this machine, for tests: every data directory must
    /// already contain the same password of the loader.
    ///
    /// # Errors
    /// As [`Endpoint::open`].
    pub async fn open_shard(
        packages: &Packages,
        config: WarehouseServeConfig,
        accounts: Vec<Account>,
        cluster: &Cluster,
    ) -> Result<Self> {
        Endpoint::open_as(packages, config, accounts, cluster.port(), Some(cluster)).await
    }

    async fn open_as(
        packages: &Packages,
        config: WarehouseServeConfig,
        mut accounts: Vec<Account>,
        native_port: Option<u16>,
        cluster: Option<&Cluster>,
    ) -> Result<Self> {
        let listen = Listen::new("engines.warehouse", "listen", "--listen", config.listen);
        let listener =
            Listener::bind(Listen { limits: LIMITS, hosts: config.hosts.clone(), ..listen }).await?;
        let library = packages.libchdb()?;
        let version = packages.libchdb_version();
        if config.allow_host_access || !fence::is_there() {
            tracing::warn!(
                "the engine is not fenced in ({}): SQL can read the machine's files with the function file, \
                 which needs no right, so the account ml is not served",
                if config.allow_host_access {
                    "engines.warehouse.allow_host_access"
                } else {
                    "this kernel has no Landlock"
                }
            );
            accounts.retain(|account| account.name != access::ML);
        }
        if let Some(cluster) = cluster {
            accounts.iter_mut().for_each(|account| cluster.grant(account));
        }
        let data = config.data.clone();
        let prepare = move || -> Result<(DataDir, Vec<_>)> {
            let dir = DataDir::open(&data)?;
            if let Some(version) = version {
                dir.take_for_engine(&version)?;
            }
            dir.prepare_engine()?;
            let passwords = dir.passwords();
            let with_password =
                |account: Account| passwords.read_or_make(account.name).map(|password| (account, password));
            let accounts = accounts.into_iter().map(with_password).collect::<Result<_>>()?;
            Ok((dir, accounts))
        };
        let (dir, accounts) = tokio::task::spawn_blocking(prepare)
            .await
            .map_err(|error| Error::new(Kind::Internal, "the warehouse's thread panicked").source(error))??;
        let passwords = dir.passwords();
        let loader = passwords.read(access::LOADER)?.filter(|_| cluster.is_some());
        let remotes = cluster.zip(loader).map(|(cluster, password)| cluster.configuration(&password));
        let plan = Plan {
            program: program()?,
            library,
            dir,
            accounts,
            native_port,
            max_concurrent_queries: LIMITS.connections + BESIDE,
            allow_host_access: config.allow_host_access,
            remotes: remotes.unwrap_or_default(),
            connects: cluster.map(Cluster::connects).unwrap_or_default(),
        };
        let supervisor = Supervisor::start(plan).await?;
        let gate = Gate::new(config.max_running_queries, Duration::from_secs(config.queue_timeout_s));
        Ok(Endpoint { listener, supervisor, gate, passwords })
    }

    /// The bound address.
    pub fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// The accounts' passwords.
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// Serves until `shutdown` completes; then accepts no more connections, gives running statements a few
    /// seconds to finish, and stops the engine.
    ///
    /// # Errors
    /// `Unreachable` when the engine dies repeatedly.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<()> {
        let Endpoint { listener, supervisor, gate, .. } = self;
        let proxy = Proxy::new(supervisor.address(), gate);
        let answer = move |connection: Connection, request| proxy.clone().answer(connection, request);
        let (stop_engine, engine_stops) = tokio::sync::oneshot::channel::<()>();
        let mut engine = std::pin::pin!(supervisor.run(async {
            // The sender is dropped at the latest when the listener has ended.
            let _ = engine_stops.await;
        }));
        tokio::select! {
            ended = &mut engine => return ended,
            () = listener.serve_with(answer, shutdown) => drop(stop_engine),
        }
        engine.await
    }
}

/// The address of a warehouse with an account's name and password, for clients.
///
/// # Errors
/// `Internal` when they do not form a URL.
pub fn url(address: SocketAddr, account: &str, password: &Secret) -> Result<SecretUrl> {
    SecretUrl::parse(&format!("http://{account}@{address}/"))?.with_password(password)
}

/// The file of the running program, which also becomes the engine's process.
fn program() -> Result<PathBuf> {
    std::env::current_exe()
        .map_err(|error| Error::new(Kind::Internal, "cannot find the program's own file").source(error))
}

/// Returns the native port, which is restricted to this machine: data that is not its protocol ends the
/// engine.
fn native_port(listen: Option<SocketAddr>) -> Result<Option<u16>> {
    let Some(address) = listen else { return Ok(None) };
    if !address.ip().is_loopback() || address.port() == 0 {
        return Err(Error::new(Kind::Config, "the native port can be opened on loopback only")
            .detail(format!("engines.warehouse.native_listen = {address}"))
            .hint("set it to 127.0.0.1 and a port; from other machines use HTTP"));
    }
    tracing::warn!(%address, "the native port is open: a client that sends anything but its protocol ends the engine");
    Ok(Some(address.port()))
}

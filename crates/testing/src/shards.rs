//! Several embedded ClickHouse engines as the shards of one cluster, each of which a test may kill and
//! restart.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use bionicpro_edge::ReservedPort;
use bionicpro_engines::clickhouse::{self, Cluster, Endpoint};
use bionicpro_engines::config::WarehouseServeConfig;
use bionicpro_model::{Secret, SecretUrl};
use bionicpro_warehouse::access::{LOADER, embedded_accounts};

use crate::TestWarehouse;
use crate::scratch::Scratch;
use crate::warehouse::database;

/// The cluster's name.
const NAME: &str = "shards";
/// The password of the loader on every shard.
const PASSWORD: &str = "one-password-on-every-shard";

/// The engines of a cluster.
pub struct Shards {
    shards: Vec<Shard>,
    made: AtomicU32,
    _scratch: Scratch,
}

/// An engine of the cluster.
struct Shard {
    data: PathBuf,
    port: ReservedPort,
    native_port: ReservedPort,
    running: Option<Running>,
}

/// The thread that serves the engine; it kills the engine when the sender is dropped.
struct Running {
    stop: tokio::sync::oneshot::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Shards {
    /// Starts `count` engines. Call it outside a runtime's threads, as in `tokio::task::spawn_blocking`.
    ///
    /// # Panics
    /// If one cannot be started.
    pub fn start(count: usize) -> Shards {
        static CLUSTERS: AtomicU32 = AtomicU32::new(0);
        let scratch = Scratch::new(&format!("shards-{}", CLUSTERS.fetch_add(1, Ordering::Relaxed)));
        let shards = (0..count).map(|shard| {
            let data = scratch.path().join(format!("shard-{shard}"));
            std::fs::create_dir(&data).unwrap();
            std::fs::write(data.join("password"), PASSWORD).unwrap();
            std::fs::set_permissions(&data, PermissionsExt::from_mode(0o700)).unwrap();
            std::fs::set_permissions(data.join("password"), PermissionsExt::from_mode(0o600)).unwrap();
            let [port, native_port] = [(); 2].map(|()| ReservedPort::any().unwrap());
            Shard { data, port, native_port, running: None }
        });
        let shards = shards.collect();
        let mut cluster = Shards { shards, made: AtomicU32::new(0), _scratch: scratch };
        (0..count).for_each(|shard| cluster.start_again(shard));
        cluster
    }

    /// The two shards of this test binary, which are started on the first call and never killed.
    ///
    /// # Panics
    /// If they cannot be started.
    pub async fn shared() -> &'static Shards {
        static SHARED: OnceLock<Shards> = OnceLock::new();
        tokio::task::spawn_blocking(|| SHARED.get_or_init(|| Shards::start(2))).await.unwrap()
    }

    /// A fresh database name on the cluster, with the address of its first shard.
    pub fn warehouse(&self) -> TestWarehouse {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        TestWarehouse {
            url: self.url(0),
            reader_url: self.url(0),
            database: database(number),
            cluster: Some(NAME.to_owned()),
            hosts: self.shards[1..].iter().map(Shard::host).collect(),
        }
    }

    /// The address of a shard, with user and password.
    pub fn url(&self, shard: usize) -> SecretUrl {
        clickhouse::url(self.shards[shard].listen(), LOADER, &Secret::new(PASSWORD)).unwrap()
    }

    /// The address of a shard with another account, which has rights on the first database only.
    ///
    /// # Panics
    /// If the shard has no such account.
    pub fn url_of(&self, shard: usize, account: &str) -> SecretUrl {
        let shard = &self.shards[shard];
        let password = clickhouse::Passwords::of(&shard.data).read(account).unwrap().unwrap();
        clickhouse::url(shard.listen(), account, &password).unwrap()
    }

    /// Kills a shard's engine, as a loss of power does.
    ///
    /// # Panics
    /// If it is not running.
    pub fn kill(&mut self, shard: usize) {
        let Running { stop, thread } = self.shards[shard].running.take().unwrap();
        drop(stop);
        thread.join().unwrap();
    }

    /// Starts a shard that was killed, with the same data and ports.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start_again(&mut self, number: usize) {
        let shards = self.shards.iter().map(|shard| shard.native_port.port()).collect();
        let shard = &mut self.shards[number];
        let config = WarehouseServeConfig {
            data: shard.data.clone(),
            listen: shard.listen(),
            queue_timeout_s: 60,
            ..WarehouseServeConfig::default()
        };
        let mart = bionicpro_warehouse::Config {
            database: database(0),
            cluster: Some(NAME.to_owned()),
            ..bionicpro_warehouse::Config::default()
        };
        let accounts = embedded_accounts(&mart).unwrap();
        let cluster = Cluster { name: NAME.to_owned(), shards, shard: number };
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (opened, is_open) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let endpoint = Endpoint::open_shard(&crate::packages(), config, accounts, &cluster).await;
                let endpoint = endpoint.unwrap_or_else(|error| panic!("{}", error.report()));
                opened.send(()).unwrap();
                tokio::select! {
                    _ = stopped => {}
                    ended = endpoint.run(std::future::pending()) => ended.unwrap(),
                }
            });
        });
        is_open.recv().expect("a shard starts");
        shard.running = Some(Running { stop, thread });
    }
}

impl Shard {
    fn listen(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port.port()))
    }

    fn host(&self) -> SecretUrl {
        SecretUrl::parse(&format!("http://{}/", self.listen())).unwrap()
    }
}

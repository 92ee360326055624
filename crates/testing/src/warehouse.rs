//! One embedded ClickHouse per test binary, behind its HTTP interface, and fresh database names on it.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use bionicpro_engines::clickhouse::{self, Endpoint};
use bionicpro_engines::config::WarehouseServeConfig;
use bionicpro_model::SecretUrl;
use bionicpro_warehouse::access::{Account, LOADER, READER, embedded_accounts};
use bionicpro_warehouse::config::Ddl;

use crate::scratch::Scratch;

/// The engine of this test binary.
struct SharedWarehouse {
    url: SecretUrl,
    reader_url: SecretUrl,
    made: AtomicU32,
    _scratch: Scratch,
}

/// A database for one test, not created yet: `migrate` does that.
#[derive(Debug, Clone)]
pub struct TestWarehouse {
    /// The engine's address, with user and password.
    pub url: SecretUrl,
    /// The same address with the account of the Reports API.
    pub reader_url: SecretUrl,
    /// The name for `warehouse.database`.
    pub database: String,
    /// The name of the cluster, if the engine is one.
    pub cluster: Option<String>,
    /// The other servers of the cluster.
    pub hosts: Vec<SecretUrl>,
}

impl TestWarehouse {
    /// The configuration section for this database.
    pub fn config(&self) -> bionicpro_warehouse::Config {
        bionicpro_warehouse::Config {
            url: Some(self.url.clone()),
            reader_url: Some(self.reader_url.clone()),
            database: self.database.clone(),
            cluster: self.cluster.clone(),
            ddl: if self.cluster.is_some() { Ddl::Each } else { Ddl::OnCluster },
            hosts: self.hosts.clone(),
            ..bionicpro_warehouse::Config::default()
        }
    }

    /// Runs a query and returns its rows.
    ///
    /// # Panics
    /// If the engine refuses the query.
    pub async fn ask(&self, sql: &str) -> Vec<serde_json::Value> {
        let url = self.url.expose_secret();
        let mut address = url.clone();
        address.set_username("").unwrap();
        address.set_password(None).unwrap();
        let client = ::clickhouse::Client::default()
            .with_url(address.as_str())
            .with_user(url.username())
            .with_password(url.password().unwrap_or_default())
            .with_database(&self.database);
        let text = client.query(sql).fetch_bytes("JSONEachRow").unwrap().collect().await.unwrap();
        let lines = std::str::from_utf8(&text).unwrap().lines();
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A fresh database name in the ClickHouse of this test binary, which is started on the first call.
///
/// # Panics
/// If it cannot be started.
pub async fn warehouse() -> TestWarehouse {
    static SHARED: OnceLock<SharedWarehouse> = OnceLock::new();
    let shared = tokio::task::spawn_blocking(|| SHARED.get_or_init(start)).await.unwrap();
    let number = shared.made.fetch_add(1, Ordering::Relaxed);
    let url = shared.url.clone();
    let reader_url = if number < DATABASES { shared.reader_url.clone() } else { url.clone() };
    TestWarehouse { url, reader_url, database: database(number), cluster: None, hosts: Vec::new() }
}

/// The number of databases on which the reader has rights: more than a binary has tests, and few enough to be
/// granted in one go.
const DATABASES: u32 = 160;

pub(crate) fn database(number: u32) -> String {
    format!("reports_{number}")
}

/// The accounts, with their rights on all databases that tests may create.
fn accounts() -> Vec<Account> {
    let of = |number| {
        let database = database(number);
        embedded_accounts(&bionicpro_warehouse::Config { database, ..Default::default() }).unwrap()
    };
    let mut accounts = of(0);
    for number in 1..DATABASES {
        for (account, more) in
            accounts.iter_mut().zip(of(number)).filter(|(account, _)| account.name != LOADER)
        {
            account.grants.extend(more.grants);
        }
    }
    accounts
}

/// Starts the engine on a separate runtime, which outlives the runtime of the test that ran first.
fn start() -> SharedWarehouse {
    let scratch = Scratch::new("warehouse");
    let config = WarehouseServeConfig {
        data: scratch.path().join("data"),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        // Many tests run concurrently, on a machine that may be busy with others.
        queue_timeout_s: 60,
        ..WarehouseServeConfig::default()
    };
    let (opened, url) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let endpoint = Endpoint::open(&crate::packages(), config, accounts()).await;
            let endpoint = endpoint.unwrap_or_else(|error| panic!("{}", error.report()));
            let url = |account| {
                let password = endpoint.passwords().read(account).unwrap().unwrap();
                clickhouse::url(endpoint.local_addr(), account, &password).unwrap()
            };
            opened.send([url(LOADER), url(READER)]).unwrap();
            endpoint.run(std::future::pending()).await.unwrap();
        });
    });
    let [url, reader_url] = url.recv().expect("the embedded ClickHouse starts");
    SharedWarehouse { url, reader_url, made: AtomicU32::new(0), _scratch: scratch }
}

//! The app under test: the server as the program runs it, on a database of its own in the embedded warehouse.

use std::net::SocketAddr;
use std::sync::Arc;

use bionicpro_api::{Config, Server, Services};
use bionicpro_audit::Log;
use bionicpro_auth::Verifier;
use bionicpro_auth::testing::{KeyServer, TestKey};
use bionicpro_edge::ListenerConfig;
use bionicpro_model::{RunId, SecretUrl};
use bionicpro_store::Store;
use bionicpro_testing::TestWarehouse;
use bionicpro_warehouse::Warehouse;
use bionicpro_warehouse::ledger::{self, Entry, State, Step};
use bionicpro_warehouse::reports::MartReader;
use chrono::{DateTime, Utc};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::client::Client;
use super::seed::{Cell, Person};

/// The maximum number of late rows that a loader of tests writes directly into the mart.
const DIRECT_ROWS: u32 = 60;

/// A running API with its warehouse and issuer.
pub(crate) struct App {
    pub(crate) address: SocketAddr,
    pub(crate) metrics_address: Option<SocketAddr>,
    pub(crate) issuer: Arc<KeyServer>,
    pub(crate) warehouse: Warehouse,
    pub(crate) store: Store,
    /// The folder of the store, which is removed with the last app that uses it.
    folder: Arc<tempfile::TempDir>,
    pub(crate) database: String,
    pub(crate) warehouse_url: SecretUrl,
    mart: TestWarehouse,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

/// The builder of an app.
pub(crate) struct AppBuilder {
    config: Config,
    audit: bionicpro_audit::Config,
    warehouse_url: Option<SecretUrl>,
    warehouse: Option<TestWarehouse>,
    shared: Option<Shared>,
}

/// The resources that the replicas of an app share in addition to the mart.
struct Shared {
    issuer: Arc<KeyServer>,
    store: Store,
    folder: Arc<tempfile::TempDir>,
}

impl Shared {
    async fn start() -> Shared {
        let folder = tempfile::tempdir().unwrap();
        let store = bionicpro_store::Config::in_folder(folder.path()).unwrap();
        let store = Store::open(&store).await.unwrap();
        Shared { issuer: Arc::new(KeyServer::start().await), store, folder: Arc::new(folder) }
    }
}

impl App {
    /// Returns a builder with limits that no test reaches by accident.
    pub(crate) fn builder() -> AppBuilder {
        let config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            metrics_listen: None,
            requests_per_minute: 1_000_000,
            // Most tests write into the warehouse themselves, without announcing it.
            cache_mb: 0,
            listener: ListenerConfig { unauthenticated_per_minute: 1_000_000, ..ListenerConfig::default() },
            ..Config::default()
        };
        AppBuilder {
            config,
            audit: bionicpro_audit::Config::default(),
            warehouse_url: None,
            warehouse: None,
            shared: None,
        }
    }

    pub(crate) async fn start() -> App {
        App::builder().start().await
    }

    /// A client without a token.
    pub(crate) fn anonymous(&self) -> Client {
        Client::new(self.address, None)
    }

    /// A client of a wearer, who need not be known to the CRM and the mart.
    pub(crate) fn wearer(&self, name: &str) -> Client {
        self.with_token(self.issuer.token(name))
    }

    /// A client of a person with an account and without the role.
    pub(crate) fn not_a_wearer(&self, name: &str) -> Client {
        self.with_roles(name, &["user"])
    }

    pub(crate) fn administrator(&self, name: &str) -> Client {
        self.with_roles(name, &["administrator", "user"])
    }

    pub(crate) fn with_token(&self, token: String) -> Client {
        Client::new(self.address, Some(token))
    }

    fn with_roles(&self, name: &str, roles: &[&str]) -> Client {
        self.with_token(self.issuer.builder().user(name).roles(roles).sign(TestKey::trusted()))
    }

    /// Records in the ledger that the mart reflects everything up to the moment.
    pub(crate) async fn loaded_up_to(&self, moment: DateTime<Utc>) {
        let run = RunId::generate(Utc::now());
        let entry = Entry {
            horizon: Some(moment),
            ..Entry::new(run, Step::LoadToClickhouse, State::Done, 1, Utc::now())
        };
        ledger::append(&self.warehouse, &[entry]).await.unwrap();
    }

    /// Returns a loader's client of the warehouse, for which few rows are already a burst.
    pub(crate) fn loading(&self) -> Warehouse {
        let config = bionicpro_warehouse::Config {
            url: Some(self.warehouse_url.clone()),
            database: self.database.clone(),
            direct_rows: DIRECT_ROWS,
            retention_days: 0,
            ..bionicpro_warehouse::Config::default()
        };
        Warehouse::new(&config).unwrap()
    }

    /// Stores the people as dimensions, and the cells as rows of the mart.
    pub(crate) async fn seed(&self, people: &[&Person], cells: &[Cell]) {
        super::seed::people(&self.warehouse, people).await;
        self.write(cells).await;
    }

    /// Writes rows into the mart by hand, without announcing them.
    pub(crate) async fn write(&self, cells: &[Cell]) {
        super::seed::cells(&self.warehouse_url, &self.database, cells).await;
    }

    /// Stops the server as a signal does, and waits until it has stopped.
    pub(crate) async fn stop(mut self) {
        let _ = self.stop.take().unwrap().send(());
        (&mut self.server).await.unwrap();
    }
}

impl AppBuilder {
    pub(crate) fn configure(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Records answers in an audit log.
    pub(crate) fn audited(mut self, config: &bionicpro_audit::Config) -> Self {
        self.audit = config.clone();
        self
    }

    /// Makes the API read through this address in place of the warehouse's own.
    pub(crate) fn reading_through(mut self, url: SecretUrl) -> Self {
        self.warehouse_url = Some(url);
        self
    }

    /// Uses this mart instead of a fresh database of the engine that the tests share.
    pub(crate) fn on(mut self, warehouse: TestWarehouse) -> Self {
        self.warehouse = Some(warehouse);
        self
    }

    /// Makes a replica of the app, with the same mart, issuer and store.
    pub(crate) fn beside(mut self, app: &App) -> Self {
        self.warehouse = Some(app.mart.clone());
        let (issuer, store, folder) = (app.issuer.clone(), app.store.clone(), app.folder.clone());
        self.shared = Some(Shared { issuer, store, folder });
        self
    }

    pub(crate) async fn start(self) -> App {
        let test = match self.warehouse {
            Some(warehouse) => warehouse,
            None => bionicpro_testing::warehouse().await,
        };
        let config = bionicpro_warehouse::Config {
            // Reports of fixed days are not dropped, whatever the date of the test run.
            retention_days: 0,
            reader_url: self.warehouse_url,
            ..test.config()
        };
        let warehouse = Warehouse::new(&config).unwrap();
        warehouse.migrate(false).await.unwrap();
        let Shared { issuer, store, folder } = match self.shared {
            Some(shared) => shared,
            None => Shared::start().await,
        };
        let verifier = Verifier::new(&issuer.config()).unwrap();
        let audit = Log::open(&self.audit, "api").unwrap();
        let reports = MartReader::new(&config).unwrap();
        let services = Services { reports, verifier, audit, store: store.clone() };
        let server = Server::bind(&self.config, services).await.unwrap();
        let (address, metrics_address) = (server.local_addr(), server.metrics_addr());
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        App {
            address,
            metrics_address,
            issuer,
            warehouse,
            store,
            folder,
            database: test.database.clone(),
            warehouse_url: test.url.clone(),
            mart: test,
            stop: Some(stop),
            server,
        }
    }
}

//! One embedded PostgreSQL per test binary, and fresh databases on it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use bionicpro_engines::postgres::{Postgres, PostgresOptions};
use bionicpro_model::SecretUrl;
use bionicpro_simulator::schema;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

use crate::scratch::Scratch;

/// The server of this test binary.
#[derive(Debug)]
pub struct SharedPostgres {
    server: Postgres,
    _scratch: Scratch,
    made: AtomicU32,
    crm_template: OnceCell<()>,
    telemetry_template: OnceCell<()>,
}

/// A database for one test.
#[derive(Debug, Clone)]
pub struct TestDatabase {
    /// Its address, with the password.
    pub url: SecretUrl,
    /// Its name.
    pub name: String,
}

/// The PostgreSQL of this test binary, started on the first call.
///
/// # Panics
/// If it cannot be started.
pub fn postgres() -> &'static SharedPostgres {
    static SHARED: OnceLock<SharedPostgres> = OnceLock::new();
    // On a separate thread: the caller may be in a runtime, which cannot block.
    SHARED.get_or_init(|| std::thread::spawn(start).join().expect("the embedded PostgreSQL starts"))
}

fn start() -> SharedPostgres {
    let scratch = Scratch::new("postgres");
    let settings = [("max_connections", "300"), ("shared_buffers", "128MB"), ("autovacuum", "off")];
    let options = PostgresOptions {
        durable: false,
        settings: settings.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec(),
        ..PostgresOptions::new(scratch.path())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime
        .block_on(Postgres::start(&crate::packages(), options))
        .unwrap_or_else(|error| panic!("{}", error.report()));
    SharedPostgres {
        server,
        _scratch: scratch,
        made: AtomicU32::new(0),
        crm_template: OnceCell::new(),
        telemetry_template: OnceCell::new(),
    }
}

impl SharedPostgres {
    /// Creates an empty database.
    pub async fn database(&self) -> TestDatabase {
        self.create("template1").await
    }

    /// Creates a CRM database with its tables and no rows.
    pub async fn crm(&self) -> TestDatabase {
        self.crm_template
            .get_or_init(|| async {
                self.server.create_database("crm_template").await.unwrap();
                schema::apply_crm(&self.server.url("crm_template")).await.unwrap();
                self.wait_until_unused("crm_template").await;
            })
            .await;
        self.create("crm_template").await
    }

    /// Creates a telemetry database with its table and indexes and no rows.
    pub async fn telemetry(&self) -> TestDatabase {
        self.telemetry_template
            .get_or_init(|| async {
                let name = "telemetry_template";
                self.server.create_database(name).await.unwrap();
                schema::apply_telemetry(&self.server.url(name), schema::Layout::Plain).await.unwrap();
                self.wait_until_unused(name).await;
            })
            .await;
        self.create("telemetry_template").await
    }

    /// The address of the database `postgres`, for tests that change the server itself.
    pub fn url(&self) -> SecretUrl {
        self.server.url("postgres")
    }

    async fn create(&self, template: &str) -> TestDatabase {
        let name = format!("test_{}", self.made.fetch_add(1, Ordering::Relaxed));
        let client = connect(&self.url()).await;
        client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await.unwrap();
        TestDatabase { url: self.server.url(&name), name }
    }

    /// Waits until a database has no connections: one that has cannot be a template, and a closed connection
    /// may take a moment to disappear.
    async fn wait_until_unused(&self, name: &str) {
        let client = connect(&self.url()).await;
        let used = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1)";
        while client.query_one(used, &[&name]).await.unwrap().get::<_, bool>(0) {
            tokio::task::yield_now().await;
        }
    }
}

impl TestDatabase {
    /// Opens a connection.
    ///
    /// # Panics
    /// If the database does not respond.
    pub async fn client(&self) -> Client {
        connect(&self.url).await
    }
}

async fn connect(url: &SecretUrl) -> Client {
    let (client, connection) = tokio_postgres::connect(url.expose_secret().as_str(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

//! The account that migrates and loads.

use std::sync::Arc;
use std::time::Duration;

use bionicpro_model::{Error, Result};
use clickhouse::query::Query;
use clickhouse::{Client, Row, RowOwned, RowWrite};
use tokio::sync::OnceCell;

use crate::client::{self, Host, within};
use crate::{Config, settings};

/// The timeout of one statement of a migration or a load, except for streaming a file.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(300);

/// A connection to the warehouse with the right to write. Cheap to clone; requests share a connection pool.
#[derive(Clone)]
pub struct Warehouse {
    /// The client for the configured database.
    pub(crate) client: Client,
    pub(crate) database: String,
    pub(crate) cluster: Option<String>,
    /// True if `warehouse.ddl` is `each`.
    pub(crate) is_told_each: bool,
    /// The servers of `warehouse.hosts`.
    pub(crate) others: Vec<Host>,
    pub(crate) retention_days: u16,
    pub(crate) direct_rows: u32,
    /// True if the engine knows `deduplicate_insert`; queried once, or set from another query that includes
    /// it.
    knows_deduplicate_insert: Arc<OnceCell<bool>>,
}

impl Warehouse {
    /// Prepares a client; nothing is sent yet.
    ///
    /// # Errors
    /// `Config` when `warehouse.url` is missing or not HTTP, the password file cannot be read, or the name of
    /// the database or the cluster is not an identifier.
    pub fn new(config: &Config) -> Result<Self> {
        config.check()?;
        let file = config.password_file.as_deref();
        Ok(Warehouse {
            client: client::connect("warehouse.url", config.url.as_ref(), file, config)?,
            database: config.database()?,
            cluster: config.cluster.clone(),
            is_told_each: config.is_told_each(),
            others: client::connect_others(config)?,
            retention_days: config.retention_days,
            direct_rows: config.direct_rows,
            knows_deduplicate_insert: Arc::new(OnceCell::new()),
        })
    }

    /// Returns the database that holds the mart.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Queries the engine's version, which checks that it is reachable and accepts the account.
    ///
    /// # Errors
    /// `Unreachable` when there is no response in time, `Config` when the account is refused.
    pub async fn ping(&self) -> Result<String> {
        client::ping(&self.client).await
    }

    /// Returns a query in the configured database.
    pub(crate) fn query(&self, sql: &str) -> Query {
        with_settings(self.client.query_raw(sql))
    }

    /// Returns a query with texts inserted for its `?` as literals: parameters are sent in the URL, whose
    /// length is limited.
    pub(crate) fn query_of(&self, sql: &str, texts: &[&str]) -> Query {
        with_settings(self.client.query(sql).bind(texts))
    }

    /// Returns a query about the engine itself, which works before the database exists.
    pub(crate) fn system(&self, sql: &str) -> Query {
        self.client.clone().with_database("default").query_raw(sql)
    }

    /// Returns a statement that changes tables, whose names it qualifies with the database.
    pub(crate) fn change(&self, sql: &str) -> Query {
        settings::with(self.client.clone().with_database("default"), settings::WRITE).query_raw(sql)
    }

    /// Returns one of the cluster's other servers as if it were the only one.
    pub(crate) fn at(&self, other: &Host) -> Warehouse {
        Warehouse {
            client: other.client.clone(),
            others: Vec::new(),
            knows_deduplicate_insert: Arc::new(OnceCell::new()),
            ..self.clone()
        }
    }

    /// Runs a statement that changes tables; with `ddl = "each"`, on every server.
    pub(crate) async fn change_everywhere(&self, doing: &'static str, sql: &str) -> Result<()> {
        for other in &self.others {
            let change = self.at(other).change(sql).execute();
            self.run(doing, change).await.map_err(|error| named(other, error))?;
        }
        self.run(doing, self.change(sql).execute()).await
    }

    /// Stores the result of a query that [`Warehouse::loader`] would run otherwise.
    pub(crate) fn tell_deduplicate_insert(&self, is_known: bool) {
        // An earlier value is the same.
        let _ = self.knows_deduplicate_insert.set(is_known);
    }

    /// Returns the client with every load setting set explicitly.
    pub(crate) async fn loader(&self) -> Result<Client> {
        self.loading(&self.client).await
    }

    /// Returns the same for one server of the cluster.
    async fn loading(&self, client: &Client) -> Result<Client> {
        let asked = self.knows_deduplicate_insert.get_or_try_init(|| async {
            let query = self.system("SELECT getSettingOrDefault({name: String}, 'unknown') != 'unknown'");
            let query = query.param("name", settings::DEDUPLICATE_INSERT.0);
            self.run("reading a setting", query.fetch_one::<bool>()).await
        });
        let newer: &[_] = if *asked.await? { &[settings::DEDUPLICATE_INSERT] } else { &[] };
        let client = settings::with(client.clone(), &settings::FINAL);
        Ok(settings::with(settings::with(client, settings::WRITE), newer))
    }

    /// Inserts rows, with every load setting set explicitly; success guarantees that they can be read.
    ///
    /// The rows match the tables of the migrations, so the columns' types are not queried each time.
    ///
    /// Every server of a cluster keeps a full copy of these tables. With `ddl = "each"`, the server that is
    /// read comes last: rows that it has, all have, and a repetition writes the rows of an interrupted call
    /// again.
    pub(crate) async fn insert<T>(&self, table: &str, doing: &'static str, rows: &[T]) -> Result<()>
    where
        T: RowOwned + RowWrite,
        for<'a> T: Row<Value<'a> = T>,
    {
        if rows.is_empty() {
            return Ok(());
        }
        for other in &self.others {
            let inserted = self.insert_at(&other.client, table, doing, rows).await;
            inserted.map_err(|error| named(other, error))?;
        }
        self.insert_at(&self.client, table, doing, rows).await
    }

    async fn insert_at<T>(&self, client: &Client, table: &str, doing: &'static str, rows: &[T]) -> Result<()>
    where
        T: RowOwned + RowWrite,
        for<'a> T: Row<Value<'a> = T>,
    {
        let client = self.loading(client).await?.with_validation(false);
        self.run(doing, async {
            let mut insert = client.insert::<T>(table).await?;
            for row in rows {
                insert.write(row).await?;
            }
            insert.end().await
        })
        .await
    }

    /// Runs one statement under its deadline.
    pub(crate) async fn run<T>(
        &self,
        doing: &'static str,
        exchange: impl Future<Output = clickhouse::error::Result<T>>,
    ) -> Result<T> {
        within(STATEMENT_TIMEOUT, doing, exchange).await
    }
}

/// Adds the settings that every query needs.
fn with_settings(query: Query) -> Query {
    settings::FINAL.iter().fold(query, |query, (name, value)| query.with_setting(*name, *value))
}

/// Adds the server's address to an error and keeps its kind.
pub(crate) fn named(host: &Host, error: Error) -> Error {
    let hint = error.hint_text().map(str::to_owned);
    let named = Error::new(error.kind(), "a server of the warehouse cluster failed")
        .detail(&host.address)
        .source(error);
    match hint {
        Some(hint) => named.hint(hint),
        None => named,
    }
}

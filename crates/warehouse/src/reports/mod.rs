//! The queries behind the Reports API: one person's rows, read-only, with values as server-side parameters.
//!
//! Every report query is keyed by the caller's login name; none can read another person's rows. One statement
//! reads a person's hours, and the crate `reports` computes the numbers. Each query is a `.sql` file next to
//! its `.rs` file.

mod freshness;
mod owned;
mod person;
mod pipeline;

use std::sync::Arc;
use std::time::Duration;

use bionicpro_model::{Result, Username};
use clickhouse::Client;
use clickhouse::query::Query;
use tokio::sync::OnceCell;

pub use self::freshness::Freshness;
pub use self::owned::OwnedProsthesis;
use crate::breaker::Breaker;
use crate::client::{self, within};
use crate::ping::Ping;
use crate::{Config, settings};

/// The timeout of a report query; the engine's own limit (`max_execution_time`) is lower.
const REPORT_TIMEOUT: Duration = Duration::from_secs(12);

/// The read-only account of the Reports API. Cheap to clone; requests share a connection pool.
#[derive(Clone)]
pub struct MartReader {
    client: Client,
    breaker: Breaker,
    /// The client with the settings that the account may set, determined once.
    reader: Arc<OnceCell<Client>>,
}

impl MartReader {
    /// Prepares a client with `warehouse.reader_url`, or `warehouse.url` if that is not set; nothing is sent
    /// yet.
    ///
    /// # Errors
    /// `Config`, as [`crate::Warehouse::new`].
    pub fn new(config: &Config) -> Result<Self> {
        config.check()?;
        let (key, url, file) = match &config.reader_url {
            Some(url) => ("warehouse.reader_url", Some(url), config.reader_password_file.as_deref()),
            None => ("warehouse.url", config.url.as_ref(), config.password_file.as_deref()),
        };
        let client = client::connect(key, url, file, config)?;
        let breaker = Breaker::new(Ping::new(key, url, config, client.clone())?);
        Ok(MartReader { client, breaker, reader: Arc::new(OnceCell::new()) })
    }

    /// Queries the engine's version, which checks that it is reachable and accepts the account. For
    /// readiness.
    pub async fn ping(&self) -> Result<String> {
        client::ping(&self.client).await
    }

    /// Returns a query with the settings of a report.
    pub(crate) async fn query(&self, sql: &str) -> Result<Query> {
        let reader = self.reader.get_or_try_init(|| async {
            // An account whose profile has `readonly = 1` cannot change settings; its profile must have the
            // limits then.
            let strict = "SELECT toString(getSetting('readonly')) = '1'";
            let strict =
                self.run("reading the account's rights", self.client.query_raw(strict).fetch_one::<bool>());
            let client = self.client.clone();
            let reads = || settings::with(settings::with(client.clone(), &settings::FINAL), &settings::READ);
            Ok(if strict.await? { client } else { reads() })
        });
        Ok(reader.await?.query_raw(sql))
    }

    /// Returns a query about one person, with the lookup of the person's key inserted for `{caller}`.
    ///
    /// The lookup is part of the query, because a separate query would cost the engine milliseconds.
    async fn own(&self, sql: &str, username: &Username) -> Result<Query> {
        let sql = sql.replace("{caller}", include_str!("caller.sql"));
        Ok(self.query(&sql).await?.param("login", username.as_str()))
    }

    /// Runs a query under its deadline, or refuses it immediately while the engine does not respond.
    pub(crate) async fn run<T>(
        &self,
        doing: &'static str,
        exchange: impl Future<Output = clickhouse::error::Result<T>>,
    ) -> Result<T> {
        self.breaker.pass(doing, within(REPORT_TIMEOUT, doing, exchange)).await
    }
}

//! The queries behind the Reports API: one person's rows, read-only, values as server-side parameters.
//!
//! Every query of reports is keyed by the caller's login name; none can reach another person's rows. One statement brings a
//! person's hours, and the crate `reports` makes the numbers. Each query is a `.sql` beside its `.rs`.

mod freshness;
mod owned;
mod person;
mod pipeline;

use std::sync::Arc;
use std::time::Duration;

use bionicpro_model::Result;
use clickhouse::Client;
use clickhouse::query::Query;
use tokio::sync::OnceCell;

pub use self::freshness::Freshness;
pub use self::owned::OwnedProsthesis;
use crate::breaker::Breaker;
use crate::client::{self, within};
use crate::ping::Ping;
use crate::{Config, settings};

/// How long a report may take; the engine's own limit (`max_execution_time`) is below it.
const REPORT_TIMEOUT: Duration = Duration::from_secs(12);

/// The account that reads reports. Cheap to clone; requests share a pool.
#[derive(Clone)]
pub struct MartReader {
    client: Client,
    breaker: Breaker,
    /// The client with the settings that the account may set; asked once.
    reader: Arc<OnceCell<Client>>,
}

impl MartReader {
    /// Prepares a client with `warehouse.reader_url`, or `warehouse.url` where there is none; nothing is sent yet.
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

    /// Asks for the engine's version: reachable, and let in. For readiness.
    pub async fn ping(&self) -> Result<String> {
        client::ping(&self.client).await
    }

    /// A query with the settings of a report.
    pub(crate) async fn query(&self, sql: &str) -> Result<Query> {
        let reader = self.reader.get_or_try_init(|| async {
            // An account whose profile says `readonly = 1` may set nothing; its profile has the limits then.
            let strict = "SELECT toString(getSetting('readonly')) = '1'";
            let strict = self
                .run("asking for the account's rights", self.client.query_raw(strict).fetch_one::<bool>());
            let client = self.client.clone();
            let reads = || settings::with(settings::with(client.clone(), &settings::FINAL), &settings::READ);
            Ok(if strict.await? { client } else { reads() })
        });
        Ok(reader.await?.query_raw(sql))
    }

    /// A query about one person, whose key stands where the text says `{caller}`.
    ///
    /// The look-up is a part of the query, because each query of its own costs the engine milliseconds.
    async fn own(&self, sql: &str, login: &str) -> Result<Query> {
        let sql = sql.replace("{caller}", include_str!("reports/caller.sql"));
        Ok(self.query(&sql).await?.param("login", login))
    }

    /// Runs a query under its deadline, or refuses it at once while nobody answers.
    pub(crate) async fn run<T>(
        &self,
        doing: &'static str,
        exchange: impl Future<Output = clickhouse::error::Result<T>>,
    ) -> Result<T> {
        self.breaker.pass(doing, within(REPORT_TIMEOUT, doing, exchange)).await
    }
}

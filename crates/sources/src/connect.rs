//! A source database: its settings, checked when it is created, and its sessions.

use std::path::Path;

use bionicpro_disk::read_secret;
use bionicpro_model::{Error, Kind, Result, SecretUrl};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, RowStream};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::address;
use crate::config::{CrmConfig, TelemetryConfig};
use crate::error::DatabaseLabel;
use crate::tls;
use crate::transaction::{self, Begin};

/// A PostgreSQL database that the pipeline reads.
#[derive(Clone)]
pub struct Database {
    config: tokio_postgres::Config,
    tls: MakeRustlsConnect,
    place: DatabaseLabel,
}

impl Database {
    /// The CRM, from its configuration section. Nothing is sent yet.
    ///
    /// # Errors
    /// `Config` when `crm.url` is missing or wrong or its password file cannot be read.
    pub fn crm(config: &CrmConfig) -> Result<Self> {
        Self::new("CRM", "crm", config.url.as_ref(), config.password_file.as_deref())
    }

    /// The telemetry database, from its configuration section. Nothing is sent yet.
    ///
    /// # Errors
    /// As [`Database::crm`].
    pub fn telemetry(config: &TelemetryConfig) -> Result<Self> {
        Self::new("telemetry", "telemetry", config.url.as_ref(), config.password_file.as_deref())
    }

    fn new(
        name: &'static str,
        section: &'static str,
        url: Option<&SecretUrl>,
        password_file: Option<&Path>,
    ) -> Result<Self> {
        let url = url.ok_or_else(|| {
            Error::new(Kind::Config, "a source database is not configured")
                .detail(format!("{section}.url"))
                .hint(format!("set {section}.url or BIONICPRO_{}_URL", section.to_uppercase()))
        })?;
        let (mut config, trust) = address::parse(url.expose_secret(), section)?;
        if let Some(path) = password_file {
            let password = read_secret(&format!("{section}.password_file"), path)?;
            config.password(password.expose_secret());
        }
        let place = DatabaseLabel { name, section, address: address::shown(&config) };
        Ok(Database { config, tls: tls::connector(trust)?, place })
    }

    /// Opens a session. Nothing is set for the session: each transaction makes its own settings.
    ///
    /// # Errors
    /// `Unreachable` when nothing answers in time, `Config` when the account is refused.
    pub async fn connect(&self) -> Result<Session> {
        let connecting = self.config.connect(self.tls.clone());
        // The library limits only the time to connect to each host, not the handshake: a server may accept
        // and then not respond.
        let limit = self.config.get_connect_timeout().copied();
        let limit =
            limit.map(|limit| limit * u32::try_from(self.config.get_hosts().len().max(1)).unwrap_or(1));
        let connected = match limit {
            Some(limit) => {
                tokio::time::timeout(limit, connecting).await.map_err(|_| self.place.unreachable())?
            }
            None => connecting.await,
        };
        let (client, connection) = connected.map_err(|error| self.place.error(error))?;
        let version = transaction::version_number(connection.parameter("server_version").unwrap_or_default());
        let encoding = connection.parameter("server_encoding").unwrap_or("UTF8").to_owned();
        // Ends by itself when the client is dropped; its error reaches the caller through the client.
        tokio::spawn(connection);
        Ok(Session { client, place: self.place.clone(), version, encoding })
    }

    /// Queries the server's version, which shows that it is reachable and accepts the account.
    pub async fn ping(&self) -> Result<String> {
        let session = self.connect().await?;
        let row = session.row("SELECT current_setting('server_version')", &[]).await?;
        row.try_get(0).map_err(|error| self.place.error(error))
    }
}

/// One connection.
///
/// Concurrent queries are pipelined and answered in the order in which they were first polled: queries that
/// do not depend on each other's results are joined, and cost one round trip.
pub struct Session {
    pub(crate) client: Client,
    pub(crate) place: DatabaseLabel,
    /// The server's release, as a number.
    pub(crate) version: u32,
    /// The encoding of the database.
    pub(crate) encoding: String,
}

impl Session {
    /// Queries with names of the catalogue for `$1`, `$2`, …; in one round trip, because nothing is prepared.
    pub(crate) async fn rows(&self, sql: &str, names: &[&str]) -> Result<Vec<Row>> {
        let names: Vec<(&(dyn ToSql + Sync), Type)> =
            names.iter().map(|name| (name as &(dyn ToSql + Sync), Type::NAME)).collect();
        self.client.query_typed(sql, &names).await.map_err(|error| self.place.error(error))
    }

    /// The same for a query that returns one row.
    pub(crate) async fn row(&self, sql: &str, names: &[&str]) -> Result<Row> {
        let mut rows = self.rows(sql, names).await?;
        rows.pop()
            .ok_or_else(|| Error::new(Kind::Internal, "a source returned no result").detail(self.place.name))
    }

    /// Queries and streams the rows.
    pub(crate) async fn stream(&self, sql: &str) -> Result<RowStream> {
        let no_parameters = std::iter::empty::<(&(dyn ToSql + Sync), Type)>();
        self.client.query_typed_raw(sql, no_parameters).await.map_err(|error| self.place.error(error))
    }

    /// Begins a transaction.
    pub(crate) async fn begin(&self, begin: Begin) -> Result<()> {
        self.execute(&begin.sql(self.version)).await
    }

    /// Ends the transaction. The session can be reused.
    pub(crate) async fn end(&self) -> Result<()> {
        self.execute("COMMIT").await
    }

    pub(crate) async fn execute(&self, sql: &str) -> Result<()> {
        self.client.batch_execute(sql).await.map_err(|error| self.place.error(error))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The kernel accepts the connection for the listener, and no server responds.
    #[tokio::test]
    async fn a_server_that_accepts_and_says_nothing_is_unreachable_after_the_time_of_a_connection() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let url = SecretUrl::parse(&format!("postgres://u:p@{address}/t?connect_timeout=1")).unwrap();
        let database = Database::telemetry(&TelemetryConfig { url: Some(url), ..TelemetryConfig::default() });
        let connecting = database.unwrap();
        let outcome = tokio::time::timeout(Duration::from_secs(30), connecting.connect()).await;
        let error = outcome.expect("it does not give up").err().expect("no server is there");
        assert_eq!(error.kind(), Kind::Unreachable);
    }
}

//! Connections to the source databases, and the mapping of their errors.

use bionicpro_model::{Error, Kind, Result, SecretUrl};
use tokio_postgres::{Client, NoTls};

/// Opens a connection; it closes when the client is dropped.
pub(crate) async fn open(url: &SecretUrl) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url.expose_secret().as_str(), NoTls)
        .await
        .map_err(|error| database_error("the database cannot be reached", url, error))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = %error, "a database connection ended");
        }
    });
    Ok(client)
}

/// Converts a database's error, with its kind: a broken connection is retryable, a refusal is not.
pub(crate) fn database_error(message: &'static str, url: &SecretUrl, error: tokio_postgres::Error) -> Error {
    let code = error.code().map(|code| code.code().to_owned());
    let (kind, hint) = match code.as_deref() {
        // Class 28: invalid authorization. 3D000: no such database. 42501: insufficient privilege.
        Some(code) if code.starts_with("28") => {
            (Kind::Config, "check the user name and the password of the URL")
        }
        Some("3D000") => (Kind::Config, "create the database first"),
        Some("42501") => (Kind::Config, "grant the right to create and to write these tables"),
        Some("53100") => (Kind::Storage, "make room on the database's disk"),
        // Classes 08, 53 and 57: connection failure, insufficient resources, operator intervention (a
        // shutdown).
        Some(code) if ["08", "53", "57"].iter().any(|class| code.starts_with(class)) => {
            (Kind::Unreachable, "check that the database runs, then try again")
        }
        Some(_) => (Kind::Data, "compare the tables with those of the simulator's schema"),
        None => (Kind::Unreachable, "check the address, and that the database runs"),
    };
    Error::new(kind, message).detail(url.address()).hint(hint).source(error)
}

//! What an error of PostgreSQL means for the caller: wait, mend the configuration, or mend the data.

use std::error::Error as StdError;
use std::io;

use bionicpro_model::{Error, Kind};
use tokio_postgres::error::{DbError, SqlState};

/// Which database an error speaks of: `CRM` or `telemetry`, and its address.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) section: &'static str,
    pub(crate) address: String,
}

impl Place {
    /// Turns an error of the driver into the program's.
    pub(crate) fn error(&self, error: tokio_postgres::Error) -> Error {
        if let Some(database) = error.as_db_error() {
            return self.answered(database).source(error);
        }
        let text = error.to_string();
        let broken_tls = text.starts_with("error performing TLS handshake") && !is_io_cut(&error);
        if broken_tls || text.starts_with("invalid configuration") || text.starts_with("authentication error")
        {
            return Error::new(Kind::Config, "the database cannot be entered with these settings")
                .detail(format!("{} at {}", self.name, self.address))
                .hint(format!(
                    "check {0}.url: user, password (or {0}.password_file) and sslmode, \
                     and that the server speaks TLS when sslmode asks for it",
                    self.section
                ))
                .source(error);
        }
        self.unreachable().source(error)
    }

    /// Nothing answered, or it stopped answering.
    pub(crate) fn unreachable(&self) -> Error {
        Error::new(Kind::Unreachable, "the database cannot be reached")
            .detail(format!("{} at {}", self.name, self.address))
            .hint(format!("check that PostgreSQL runs there and that {}.url names it", self.section))
    }

    /// The table breaks what the pipeline relies on.
    pub(crate) fn broken(&self, message: &'static str, detail: impl Into<String>) -> Error {
        Error::new(Kind::Data, message).detail(format!("{}: {}", self.name, detail.into()))
    }

    fn answered(&self, error: &DbError) -> Error {
        let code = error.code();
        let with = |kind, message, hint: String| {
            Error::new(kind, message)
                .detail(format!("{} at {}: {} ({})", self.name, self.address, error.message(), code.code()))
                .hint(hint)
        };
        let section = self.section;
        match (code, &code.code()[..2]) {
            (&SqlState::INVALID_CATALOG_NAME, _) => with(
                Kind::Config,
                "the database does not exist on this server",
                format!("the last part of {section}.url is the database's name"),
            ),
            (&SqlState::INSUFFICIENT_PRIVILEGE, _) => with(
                Kind::Config,
                "the account may not read a table that the pipeline needs",
                format!("GRANT USAGE on the schema and SELECT on the table to the user of {section}.url"),
            ),
            (_, "28") => with(
                Kind::Config,
                "the database refuses this account",
                format!("check the user and the password in {section}.url or {section}.password_file"),
            ),
            (_, "08" | "53" | "57" | "58" | "40" | "55") => with(
                Kind::Unreachable,
                "the database cannot serve the pipeline now",
                "it may be starting, stopping, full or cut off; the pipeline tries again".to_owned(),
            ),
            (_, "22" | "42") => with(
                Kind::Data,
                "the database's tables are not what the pipeline reads",
                "compare the tables with the source schemas in the documentation".to_owned(),
            ),
            _ => with(
                Kind::Internal,
                "the database answered what the pipeline did not expect",
                "look at the server's log".to_owned(),
            ),
        }
    }
}

/// Whether an I/O error lies below: the peer went away, as opposed to a certificate that was refused.
fn is_io_cut(error: &tokio_postgres::Error) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return !matches!(io.kind(), io::ErrorKind::InvalidData | io::ErrorKind::Other);
        }
        cause = inner.source();
    }
    false
}

//! Classifies PostgreSQL errors by what the caller has to do: wait, correct the configuration, or correct the
//! data.

use std::error::Error as StdError;
use std::io;

use bionicpro_model::{Condition, Error, Kind};
use tokio_postgres::error::{DbError, SqlState};

const VALUE_UNREADABLE: &str = "a value of the database cannot be read";

/// Returns true if a value made the query fail, rather than the query itself.
pub(crate) fn is_value_error(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| code.code().starts_with("22"))
}

/// Returns true if the driver found bytes that are not UTF-8: the server does not check texts that it need
/// not convert.
pub(crate) fn is_no_text(error: &tokio_postgres::Error) -> bool {
    error.source().is_some_and(|cause| cause.is::<std::str::Utf8Error>())
}

/// The database named in an error: `CRM` or `telemetry`, and its address.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseLabel {
    pub(crate) name: &'static str,
    pub(crate) section: &'static str,
    pub(crate) address: String,
}

impl DatabaseLabel {
    /// Converts an error of the driver into one of this program.
    pub(crate) fn error(&self, error: tokio_postgres::Error) -> Error {
        if let Some(database) = error.as_db_error() {
            return self.answered(database).source(error);
        }
        let text = error.to_string();
        let broken_tls = text.starts_with("error performing TLS handshake") && !is_io_cut(&error);
        if broken_tls || text.starts_with("invalid configuration") || text.starts_with("authentication error")
        {
            return Error::new(Kind::Config, "cannot connect to the database with these settings")
                .detail(format!("{} at {}", self.name, self.address))
                .hint(format!(
                    "check {0}.url: user, password (or {0}.password_file) and sslmode, \
                     and that the server supports TLS if sslmode requires it",
                    self.section
                ))
                .source(error);
        }
        if is_no_text(&error) {
            return self.unreadable("a text is not valid UTF-8").source(error);
        }
        self.unreachable().source(error)
    }

    /// The error for a server that does not respond, or no longer does.
    pub(crate) fn unreachable(&self) -> Error {
        Error::new(Kind::Unreachable, "the database cannot be reached")
            .detail(format!("{} at {}", self.name, self.address))
            .hint(format!("check that PostgreSQL runs there and that {}.url names it", self.section))
    }

    /// The error for tables that were attached, detached or swapped while they were read: the rows belong to
    /// no single state.
    pub(crate) fn changed(&self) -> Error {
        Error::new(Kind::Unreachable, "the tables of a source changed while they were read")
            .condition(Condition::SourceChanged)
            .detail(self.name)
            .hint("the pipeline reads again; a table that is attached, detached or swapped all the time cannot be read")
    }

    /// The error for a table that violates what the pipeline relies on.
    pub(crate) fn broken(&self, message: &'static str, detail: impl Into<String>) -> Error {
        Error::new(Kind::Data, message).detail(format!("{}: {}", self.name, detail.into()))
    }

    /// The error for values that cannot be read, and that too much depends on to leave them out.
    pub(crate) fn unreadable(&self, what: &str) -> Error {
        self.broken(VALUE_UNREADABLE, what).condition(Condition::ValueUnreadable).hint(CORRECT_IT)
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
            // Recognised by the server's routine name, which does not depend on the language of messages.
            (&SqlState::INSUFFICIENT_PRIVILEGE, _) if error.routine() == Some("check_enable_rls") => with(
                Kind::Config,
                "row-level security hides rows from the account",
                format!(
                    "have an administrator run ALTER ROLE ... BYPASSRLS for the account of {section}.url, or for the owner \
                     of the view that reads the table"
                ),
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
            (_, "22") => with(Kind::Data, VALUE_UNREADABLE, CORRECT_IT.to_owned())
                .condition(Condition::ValueUnreadable),
            (_, "42" | "3F") => with(
                Kind::Data,
                "the database's tables do not match what the pipeline reads",
                "compare the tables with the source schemas in the documentation".to_owned(),
            ),
            _ => with(
                Kind::Internal,
                "the database returned an unexpected error",
                "look at the server's log".to_owned(),
            ),
        }
    }
}

/// The hint for a value that cannot be read.
const CORRECT_IT: &str = "correct the value, or point the pipeline at a view that leaves its row out";

/// Returns true if the cause is an I/O error: the peer went away, rather than a certificate was refused.
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

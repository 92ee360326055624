//! Finds the rows that were committed since an earlier run, without losing those that commit late.
//!
//! A watermark on an id or on a time loses the rows of a transaction that commits after a later one. Each
//! form here compares with the snapshot or with the horizon of the earlier run, its [`Baseline`].

mod baseline;
mod columns;
mod detect;
mod identity;
mod joined;
mod server;
mod since;
mod xids;

use std::fmt;

use bionicpro_model::{Error, Kind, Result, Snapshot};
use serde::{Deserialize, Serialize};

pub use baseline::Baseline;
pub use since::{NewRows, Since};

pub(crate) use baseline::Present;
pub(crate) use columns::Candidate;
pub(crate) use detect::{Finder, Ground, detect};
pub(crate) use identity::Tree;
pub(crate) use joined::hours_of;
pub(crate) use server::Server;
#[cfg(test)]
pub(crate) use since::query;
pub(crate) use since::{Target, find, find_raw};

/// Parses the transactions that a snapshot saw.
pub(crate) fn seen(snapshot: &Snapshot) -> Result<xids::Xids> {
    snapshot.transactions.parse().map_err(|error: xids::NoSnapshot| {
        Error::new(Kind::Internal, "the server's snapshot cannot be read")
            .detail(snapshot.transactions.clone())
            .source(error)
    })
}

/// The ways to find new rows, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// By an indexed column that holds the inserting transaction: exact, whatever transactions remain open.
    TransactionColumn,
    /// By an indexed creation time, from the beginning of the oldest open transaction on.
    CreationTime,
    /// By the system column `xmin`: sees updates too, and reads the whole table.
    RowXmin,
    /// Not at all: every run reads its whole range.
    None,
}

impl Form {
    /// The form's name in configuration, ledger, log and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Form::TransactionColumn => "transaction_column",
            Form::CreationTime => "creation_time",
            Form::RowXmin => "row_xmin",
            Form::None => "none",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The form that the source allows, and the reason why no better one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The form in use.
    pub form: Form,
    /// True if the server itself ensures that the form finds every row. Otherwise only a comparison finds
    /// all.
    pub is_exact: bool,
    /// The column in use, and what a better form would need; for display.
    pub reason: String,
    /// Statements that would enable the best form; empty if it is in use. They are offered and never run.
    pub ddl: Vec<String>,
    /// The transaction that has held the horizon back for a long time, if any.
    pub held_back_by: Option<Holder>,
}

/// A transaction that has probably been forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// Its server process; 0 for a prepared transaction, which has none.
    pub pid: i32,
    /// The application name of its client.
    pub application: String,
    /// The time it has been open, in seconds; for a prepared one, the time since it was prepared.
    pub age_s: u64,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            0 => write!(f, "a prepared transaction, {} s old", self.age_s),
            pid => write!(f, "process {pid} ({:?}), open for {} s", self.application, self.age_s),
        }
    }
}

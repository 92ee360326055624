//! A run as stored in the ledger, for display: including rows that are not understood.

use bionicpro_model::{Error, Kind};
use serde::Serialize;

use super::{Entry, Row};

/// A run with all of its rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed {
    /// The run's id, as it is stored.
    pub run: String,
    /// The entries in chronological order.
    pub entries: Vec<Entry>,
    /// The rows that are not understood, in chronological order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
}

/// A row that this program does not understand: its identifying columns, and the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// The run's id, as it is stored.
    pub run: String,
    /// The step, as it is stored.
    pub step: String,
    /// The state, as it is stored.
    pub state: String,
    /// The number of the attempt.
    pub attempt: u16,
    /// The reason why the row is not understood.
    pub why: &'static str,
}

impl Listed {
    /// Groups rows, sorted by run, into runs.
    pub(super) fn all(rows: Vec<Row>) -> Vec<Listed> {
        let mut runs: Vec<Listed> = Vec::new();
        for row in rows {
            let row = row.understood();
            let id = match &row {
                Ok(entry) => entry.run.as_str(),
                Err(unread) => &unread.run,
            };
            let run = match runs.pop() {
                Some(run) if run.run == id => run,
                former => {
                    runs.extend(former);
                    Listed { run: id.to_owned(), entries: Vec::new(), unread: Vec::new() }
                }
            };
            runs.push(run.with(row));
        }
        runs
    }

    fn with(mut self, row: Result<Entry, Unread>) -> Self {
        match row {
            Ok(entry) => self.entries.push(entry),
            Err(unread) => self.unread.push(unread),
        }
        self
    }
}

impl Unread {
    pub(super) fn error(self) -> Error {
        Error::new(Kind::Data, "the ledger holds a row that this program does not understand")
            .detail(format!("{}: run {:?}, step {:?}, state {:?}", self.why, self.run, self.step, self.state))
            .hint("a newer program may have written it: use that one; `bionicpro etl runs` lists it")
    }
}

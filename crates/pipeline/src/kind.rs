//! The three kinds of run: incremental, full (the whole lookback), or over a given range.

use bionicpro_model::HourRange;
use serde::{Deserialize, Serialize};

/// The requested kind of run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RunRequest {
    /// An incremental run: what is new since the last run. Becomes a full run if that cannot be determined.
    #[default]
    Incremental,
    /// A full run: every cell of the lookback, and what is new outside of it.
    Full,
    /// A run over every cell of a range.
    Range(HourRange),
}

/// The kind of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// Recomputes the cells in which something is new. Its stored word is older than its name.
    #[serde(rename = "tick")]
    Incremental,
    /// Also recomputes every cell of the lookback, which finds deletions and repairs any difference.
    Full,
    /// Recomputes every cell of a range, and leaves the baseline unchanged.
    Range,
}

impl RunKind {
    /// Returns the word used in the ledger and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            RunKind::Incremental => "tick",
            RunKind::Full => "full",
            RunKind::Range => "range",
        }
    }
}

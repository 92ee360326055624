//! The three kinds of run: what is new, everything of the last days, or a range that somebody asked for.

use bionicpro_model::HourRange;
use serde::{Deserialize, Serialize};

/// What a run is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RunRequest {
    /// What is new since the last run; everything where that cannot be told.
    #[default]
    Tick,
    /// Every cell of the lookback, and what is new outside of it.
    Full,
    /// Every cell of a range.
    Range(HourRange),
}

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// Recomputes the cells in which something is new.
    Tick,
    /// Recomputes every cell of the lookback too: finds deletions, repairs any difference.
    Full,
    /// Recomputes every cell of a range, and leaves the baseline where it is.
    Range,
}

impl RunKind {
    /// The word in the ledger and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            RunKind::Tick => "tick",
            RunKind::Full => "full",
            RunKind::Range => "range",
        }
    }
}

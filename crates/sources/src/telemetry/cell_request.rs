//! What a run asks for: cells by range, by new rows, by chip, and where cells are cut because their owner changed.

use bionicpro_model::HourRange;
use chrono::{DateTime, Utc};

use super::unreadable::LeftOut;
use crate::changes::NewRows;

/// The cells to read. What several of these name is sent once.
#[derive(Debug, Clone)]
pub struct CellRequest {
    /// Nothing outside of these hours is read.
    pub within: HourRange,
    /// Every cell of these hours.
    pub range: Option<HourRange>,
    /// The cells of new rows.
    pub new: Option<NewRows>,
    /// Every cell of a chip in some hours.
    pub scopes: Vec<ChipScope>,
    /// Chips whose cells go into one row of the mart: a cell of one that `new` or `scopes` names brings the same hour
    /// of the other, and of the other's others.
    pub siblings: Vec<(String, String)>,
    /// Instants at which a cell is cut into parts.
    pub cuts: Vec<Cut>,
    /// What is left out because it cannot be read; none before anything was found unreadable. Where there is any, nothing
    /// is read that was not searched: no hour as a short cut.
    pub left_out: Option<LeftOut>,
}

impl CellRequest {
    /// Every cell of a range, none of them cut.
    pub fn range(range: HourRange) -> CellRequest {
        CellRequest { range: Some(range), ..CellRequest::nothing(range) }
    }

    /// Whether every cell is wanted for its chip: an hour that is read whole all the same is a short cut.
    pub(super) fn is_by_chip(&self) -> bool {
        self.range.is_none() && self.new.as_ref().is_none_or(|new| new.whole.is_empty())
    }

    /// Whether the database can hold rows of the chip, as far as is known.
    pub(super) fn may_be_held(&self, chip: &str) -> bool {
        self.left_out.as_ref().is_none_or(|left_out| !left_out.unknown.contains(chip))
    }

    /// No cell, to be added to.
    pub fn nothing(within: HourRange) -> CellRequest {
        CellRequest {
            within,
            range: None,
            new: None,
            scopes: Vec::new(),
            siblings: Vec::new(),
            cuts: Vec::new(),
            left_out: None,
        }
    }
}

/// Some hours of a chip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChipScope {
    /// The chip.
    pub chip_id: String,
    /// The hours.
    pub range: HourRange,
}

/// An instant at which a chip's cell is cut: movements before it are one part, those from it on another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The chip.
    pub chip_id: String,
    /// The instant, to the microsecond.
    pub at: DateTime<Utc>,
}

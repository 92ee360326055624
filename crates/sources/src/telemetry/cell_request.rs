//! The cells that a run requests: by range, by new rows and by chip, and the cuts where the owner of a cell
//! changed.

use bionicpro_model::HourRange;
use chrono::{DateTime, Utc};

use super::unreadable::LeftOut;
use crate::changes::NewRows;

/// The cells to read. A cell that several fields name is sent once.
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
    /// Pairs of chips whose cells go into one row of the mart: a cell of one chip in `new` or `scopes` adds
    /// the same hour of the other, and of the other's own siblings.
    pub siblings: Vec<(String, String)>,
    /// Instants at which a cell is cut into parts.
    pub cuts: Vec<Cut>,
    /// The cells left out because they cannot be read; `None` before any was found unreadable. If set, only
    /// cells that were searched are read: no hour is read whole as a shortcut.
    pub left_out: Option<LeftOut>,
}

impl CellRequest {
    /// Every cell of a range, none of them cut.
    pub fn range(range: HourRange) -> CellRequest {
        CellRequest { range: Some(range), ..CellRequest::nothing(range) }
    }

    /// Returns true if every cell is requested by its chip: an hour that is nevertheless read whole is only a
    /// shortcut.
    pub(super) fn is_by_chip(&self) -> bool {
        self.range.is_none() && self.new.as_ref().is_none_or(|new| new.whole.is_empty())
    }

    /// Returns whether the database can hold rows of the chip, as far as is known.
    pub(super) fn may_be_held(&self, chip: &str) -> bool {
        self.left_out.as_ref().is_none_or(|left_out| !left_out.unknown.contains(chip))
    }

    /// An empty request, to be extended.
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

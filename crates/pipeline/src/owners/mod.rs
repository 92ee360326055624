//! The ownership history of chips. The CRM knows only the present, so each of its snapshots is merged into
//! the history so far, and the changes are carried into the mart.

mod change;
mod merge;
mod reach;

use bionicpro_warehouse::owners::Ownership;
use uuid::Uuid;

pub(crate) use change::{Change, Timelines, Was, changes};
pub(crate) use merge::{Present, Seen, merge};
pub(crate) use reach::{Reach, boundaries, former, siblings};

/// A person's prosthesis: the owner of the mart row that a movement counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Holding {
    pub(crate) user_id: Uuid,
    pub(crate) prosthesis_id: Uuid,
}

impl From<(Uuid, Uuid)> for Holding {
    fn from((user_id, prosthesis_id): (Uuid, Uuid)) -> Self {
        Holding { user_id, prosthesis_id }
    }
}

impl Holding {
    pub(crate) fn of(interval: &Ownership) -> Holding {
        Holding { user_id: interval.user_id, prosthesis_id: interval.prosthesis_id }
    }
}

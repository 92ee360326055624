//! The expected state, tracked alongside the databases, and the rows that the mart must have.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

pub(super) const CHIPS: [&str; 4] = ["CHIP-1", "CHIP-2", "CHIP-3", "CHIP-4"];
pub(super) const CUSTOMERS: [&str; 3] = [
    "00000000-0000-0000-0000-00000000000a",
    "00000000-0000-0000-0000-00000000000b",
    "00000000-0000-0000-0000-00000000000d",
];

/// A movement: the chip's index and the instant.
pub(super) type Movement = (usize, DateTime<Utc>);

/// The expected ownership of one chip.
#[derive(Debug, Clone, Default)]
pub(super) struct Owners {
    /// The owners, each with the instant from which on they own the chip.
    pub(super) since: Vec<(DateTime<Utc>, usize)>,
    /// Set if its prosthesis was deleted. That is later than all movements, so the last owner keeps them.
    pub(super) is_gone: bool,
}

/// The expected state.
#[derive(Debug, Default)]
pub(super) struct Truth {
    pub(super) movements: Vec<Movement>,
    /// Movements in detached parts of the table, by part.
    pub(super) away: BTreeMap<usize, Vec<Movement>>,
    pub(super) owners: [Owners; CHIPS.len()],
    /// True for customers who left, and so keep no rows.
    pub(super) left: [bool; CUSTOMERS.len()],
    /// Set if rows were deleted or edited since the last run that read everything: incremental runs need not
    /// detect that.
    pub(super) needs_full: bool,
}

impl Truth {
    /// Returns the expected rows of the mart, in the form of `World::told`.
    pub(super) fn told(&self) -> Vec<String> {
        let mut cells: BTreeMap<(&str, &str, String), u32> = BTreeMap::new();
        for (chip, at) in &self.movements {
            let owner = self.owners[*chip].since.iter().rfind(|(from, _)| from <= at);
            if let Some((_, owner)) = owner.filter(|(_, owner)| !self.left[*owner]) {
                let id = CUSTOMERS[*owner];
                let hour = at.format("%Y-%m-%d %H").to_string();
                *cells.entry((&id[id.len() - 1..], CHIPS[*chip], hour)).or_default() += 1;
            }
        }
        cells.iter().map(|((user, chip, hour), count)| format!("{user} {chip} {hour} {count}")).collect()
    }

    /// Returns one of the existing movements.
    pub(super) fn pick(&self, pick: usize) -> Option<(usize, Movement)> {
        let at = pick.checked_rem(self.movements.len())?;
        Some((at, self.movements[at]))
    }
}

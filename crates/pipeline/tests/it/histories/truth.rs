//! What is true, kept beside the databases, and what the mart must say of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

pub(super) const CHIPS: [&str; 4] = ["CHIP-1", "CHIP-2", "CHIP-3", "CHIP-4"];
pub(super) const CUSTOMERS: [&str; 3] = [
    "00000000-0000-0000-0000-00000000000a",
    "00000000-0000-0000-0000-00000000000b",
    "00000000-0000-0000-0000-00000000000d",
];

/// A movement: the chip's number and the instant.
pub(super) type Movement = (usize, DateTime<Utc>);

/// What is true of one chip's ownership.
#[derive(Debug, Clone, Default)]
pub(super) struct Owners {
    /// From when which customer has it.
    pub(super) since: Vec<(DateTime<Utc>, usize)>,
    /// Its prosthesis was deleted; that is later than all movements, so whoever had it last keeps them.
    pub(super) is_gone: bool,
}

/// What is true.
#[derive(Debug, Default)]
pub(super) struct Truth {
    pub(super) movements: Vec<Movement>,
    /// Movements in parts of the table that are not attached, by part.
    pub(super) away: BTreeMap<usize, Vec<Movement>>,
    pub(super) owners: [Owners; CHIPS.len()],
    /// Customers who left keep nothing.
    pub(super) left: [bool; CUSTOMERS.len()],
    /// Rows went or were edited since the last run that reads everything: ticks need not see it.
    pub(super) needs_full: bool,
}

impl Truth {
    /// The mart's rows as `World::told` gives them.
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

    /// One of the movements that are there.
    pub(super) fn pick(&self, pick: usize) -> Option<(usize, Movement)> {
        let at = pick.checked_rem(self.movements.len())?;
        Some((at, self.movements[at]))
    }
}

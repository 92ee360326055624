//! The actions that may happen to a company, as a list made up front: a shorter list is a history too.

use bionicpro_sources::ChangesConfig;
use bionicpro_testing::End;
use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::days;
use super::ddl::{DDL, Ddl, Layout, OBSTACLES, Obstacle};
use super::truth::{CHIPS, CUSTOMERS};

/// The number of actions.
const LENGTH: usize = 28;

/// A history before it happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Plan {
    /// The form of change detection.
    pub(super) changes: ChangesConfig,
    #[serde(default)]
    pub(super) layout: Layout,
    pub(super) actions: Vec<Action>,
}

/// A planned movement: the chip's index, and seconds after the first instant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Planned {
    chip: usize,
    second: i64,
}

impl Planned {
    /// Returns the movement itself.
    pub(super) fn movement(self) -> (usize, DateTime<Utc>) {
        (self.chip, days().from() + TimeDelta::seconds(self.second))
    }
}

/// An action. One that is impossible at its time does nothing. `pick` selects one of the existing items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Action {
    Insert(Vec<Planned>),
    /// The same movement is inserted again, and counts again.
    Duplicate {
        pick: usize,
    },
    Delete {
        pick: usize,
    },
    /// A movement turns out to have been at another time.
    Shift {
        pick: usize,
        to: Planned,
    },
    Begin(Vec<Planned>),
    Prepare {
        pick: usize,
    },
    Commit {
        pick: usize,
    },
    Rollback {
        pick: usize,
    },
    /// A chip moves to another owner, this number of seconds after its last change; or it gets its first
    /// owner.
    ChangeHands {
        chip: usize,
        to: usize,
        after: i64,
    },
    /// The CRM corrects the last change of a chip to an earlier instant.
    Correct {
        chip: usize,
        per_mille: i32,
    },
    DeleteProsthesis {
        chip: usize,
    },
    DeleteCustomer {
        who: usize,
    },
    Rename {
        number: u32,
    },
    Tick,
    Full,
    Range,
    TwoTicks,
    TickAndRange,
    /// A table is changed between two runs.
    Change {
        ddl: Ddl,
    },
    /// A transaction that changes a table commits while an incremental or a full run waits for it.
    ChangeBeside {
        ddl: Ddl,
        is_full: bool,
    },
    /// A part of the telemetry is detached from the table, with its rows.
    Detach {
        pick: usize,
    },
    /// A detached part is attached again, with its rows and those that were inserted into it meanwhile.
    Attach {
        pick: usize,
    },
    /// Runs are refused during an obstacle, and leave the mart unchanged.
    Obstruct {
        obstacle: Obstacle,
    },
    /// Every row is deleted.
    Truncate,
    /// An incremental run whose connection to one database is cut at a chunk; the connections to the others
    /// stay.
    Cut {
        way: usize,
        piece: u64,
        how: Cut,
    },
}

/// The way in which a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) enum Cut {
    /// The connection is closed and stays closed for the rest of the run.
    Close,
    Reset,
    /// The caller drops the run at that point; data in flight arrives.
    Drop,
    /// The same, and data in flight is lost.
    DropAndLose,
}

impl Cut {
    pub(super) fn end(self) -> End {
        match self {
            Cut::Close => End::Close,
            Cut::Reset => End::Reset,
            Cut::Drop | Cut::DropAndLose => End::Silence,
        }
    }
}

impl Plan {
    pub(super) fn random(random: &mut ChaCha8Rng) -> Plan {
        let layout =
            [Layout::Plain, Layout::Kept, Layout::Partitioned, Layout::Inherited][random.random_range(0..4)];
        let changes = match (layout, random.random_range(0..4)) {
            // The other forms need an index, which inheriting tables do not guarantee.
            (Layout::Inherited, _) | (_, 0) => ChangesConfig::RowXmin,
            (Layout::Kept, _) | (_, 1 | 2) => ChangesConfig::TransactionColumn,
            _ => ChangesConfig::CreationTime,
        };
        Plan { changes, layout, actions: (0..LENGTH).map(|_| action(random)).collect() }
    }
}

fn action(random: &mut ChaCha8Rng) -> Action {
    let pick = random.random_range(0..1_000);
    let (chip, who) = (random.random_range(0..CHIPS.len()), random.random_range(0..CUSTOMERS.len()));
    match random.random_range(0..52) {
        0..=7 => Action::Insert(movements(random)),
        8 | 9 => Action::Duplicate { pick },
        10 => Action::Delete { pick },
        11 => Action::Shift { pick, to: planned(random) },
        12..=14 => Action::Begin(movements(random)),
        15 => Action::Prepare { pick },
        16..=18 => Action::Commit { pick },
        19 => Action::Rollback { pick },
        20..=23 => Action::ChangeHands { chip, to: who, after: random.random_range(1..20_000) },
        24 | 25 => Action::Correct { chip, per_mille: random.random_range(1..1_000) },
        26 => Action::DeleteProsthesis { chip },
        27 => Action::DeleteCustomer { who },
        28 => Action::Rename { number: random.random_range(0..1_000) },
        29 | 30 => Action::Tick,
        31 => Action::Full,
        32 => Action::Range,
        33 => Action::TwoTicks,
        34 => Action::TickAndRange,
        35 | 36 => Action::Change { ddl: DDL[random.random_range(0..DDL.len())] },
        37..=39 => Action::ChangeBeside {
            ddl: DDL[random.random_range(0..DDL.len())],
            is_full: random.random_range(0..3) == 0,
        },
        40 | 41 => Action::Detach { pick },
        42 | 43 => Action::Attach { pick },
        44 => Action::Obstruct { obstacle: OBSTACLES[random.random_range(0..OBSTACLES.len())] },
        45 if random.random_range(0..3) == 0 => Action::Truncate,
        45 | 46 => Action::Tick,
        _ => Action::Cut {
            way: random.random_range(0..3),
            piece: random.random_range(1..90),
            how: [Cut::Close, Cut::Reset, Cut::Drop, Cut::DropAndLose][random.random_range(0..4)],
        },
    }
}

fn movements(random: &mut ChaCha8Rng) -> Vec<Planned> {
    (0..random.random_range(1..20)).map(|_| planned(random)).collect()
}

fn planned(random: &mut ChaCha8Rng) -> Planned {
    let seconds = days().to() - days().from();
    Planned {
        chip: random.random_range(0..CHIPS.len()),
        second: random.random_range(0..seconds.num_seconds()),
    }
}

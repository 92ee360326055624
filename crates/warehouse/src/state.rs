//! The state that earlier runs have left in the warehouse, read in one query: a run begins with it, and a
//! load reads it again.

use bionicpro_model::Result;
use clickhouse::Row;
use serde::{Deserialize, Serialize};

use crate::watermarks::Watermark;
use crate::{Warehouse, settings};

const STANDING: &str = include_str!("state/standing.sql");
const RUNS: &str = include_str!("state/runs.sql");
const SETTING: &str = include_str!("state/setting.sql");

/// The state with which a run begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The baseline of the newest run (by version) that saw everything, for the next incremental run; `None`
    /// before the first. A run without a baseline, such as a backfill, leaves the former one in effect.
    pub baseline: Option<String>,
    /// The greatest version in the warehouse; 0 before the first run. A new run uses a greater one,
    /// regardless of the source's clock.
    pub newest_version: u64,
    /// The state of the stored rows.
    pub standing: DimensionState,
}

/// The state of the stored rows, as recorded by loads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DimensionState {
    /// The version of the dimensions with which every row of the mart agrees; less than
    /// [`DimensionVersions::dimensions`] while a load restates rows, or after it was interrupted.
    pub restated: u64,
    /// The versions that identify this state of the dimensions.
    pub stamp: DimensionVersions,
    /// The newest version at which a load has completed a range of hours; 0 before the first.
    pub completed: u64,
    /// The number of the newest load that is settled.
    pub settled: u64,
}

impl DimensionState {
    /// Returns the number of a load that begins now, under the lock.
    pub fn next_number(&self) -> u64 {
        self.settled + 1
    }

    /// Returns true if dimensions are stored, the mart agrees with them, and no load was interrupted in
    /// between.
    pub fn is_settled(&self) -> bool {
        let stored = self.stamp.dimensions;
        stored > 0 && self.restated >= stored && !self.stamp.has_pending()
    }
}

/// Identifies a state of the dimensions: if two stamps are equal, no load has stored or recorded any change
/// of them in between. Each load has a greater version than all those it knew, and these only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DimensionVersions {
    /// The version of the newest CRM state that was stored or found to be stored already; 0 before the first.
    pub dimensions: u64,
    /// The newest version at which a load began to store another state.
    pub changing: u64,
    /// The newest version at which a load recorded pending moves between owners.
    pub pending: u64,
}

impl DimensionVersions {
    /// Returns true if a load has recorded moves between owners and has not finished.
    pub fn has_pending(&self) -> bool {
        self.pending > self.dimensions
    }
}

/// A row of the statements.
#[derive(Row, Deserialize)]
struct Line {
    name: String,
    version: u64,
    text: String,
}

/// Reads the state. Call before reading the dimensions, so that dimensions stored in between have a different
/// stamp.
pub async fn read(warehouse: &Warehouse) -> Result<State> {
    let lines = lines(warehouse, &format!("{STANDING}\nUNION ALL\n{RUNS}\nUNION ALL\n{SETTING}")).await?;
    let text = |name: &str| {
        lines.iter().find(|line| line.name == name && !line.text.is_empty()).map(|line| &line.text)
    };
    warehouse.tell_deduplicate_insert(text(settings::DEDUPLICATE_INSERT.0).is_some());
    Ok(State {
        baseline: text("runs").cloned(),
        newest_version: lines.iter().map(|line| line.version).max().unwrap_or(0),
        standing: DimensionState::of(&lines),
    })
}

/// Reads the state of the stored rows, without the ledger: the part that a load reads again.
pub async fn standing(warehouse: &Warehouse) -> Result<DimensionState> {
    Ok(DimensionState::of(&lines(warehouse, STANDING).await?))
}

async fn lines(warehouse: &Warehouse, sql: &str) -> Result<Vec<Line>> {
    warehouse.run("reading the state left by earlier runs", warehouse.query(sql).fetch_all::<Line>()).await
}

impl DimensionState {
    fn of(lines: &[Line]) -> DimensionState {
        let version = |name: &str| lines.iter().find(|line| line.name == name).map_or(0, |line| line.version);
        DimensionState {
            restated: version(Watermark::Restated.name()),
            stamp: DimensionVersions {
                dimensions: version(Watermark::Dimensions.name()),
                changing: version(Watermark::Changing.name()),
                pending: version("pending"),
            },
            completed: version("ranges"),
            settled: version(Watermark::Settled.name()),
        }
    }
}

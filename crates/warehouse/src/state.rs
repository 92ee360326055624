//! What earlier runs have left in the warehouse, asked at once: a run begins with it, and a load looks again.

use bionicpro_model::Result;
use clickhouse::Row;
use serde::{Deserialize, Serialize};

use crate::watermarks::Watermark;
use crate::{Warehouse, settings};

const STANDING: &str = include_str!("state/standing.sql");
const RUNS: &str = include_str!("state/runs.sql");
const SETTING: &str = include_str!("state/setting.sql");

/// What a run begins with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// What the newest run (by version) that saw everything left for the next tick; none before the first. A run
    /// without a baseline, such as a backfill, leaves the former one in force.
    pub baseline: Option<String>,
    /// The greatest version that the warehouse knows of; 0 before the first run. A new run takes a greater one,
    /// whatever the source's clock says.
    pub newest_version: u64,
    /// How the stored rows stand.
    pub standing: DimensionState,
}

/// What loads have told of the rows that are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DimensionState {
    /// The version of the dimensions that every row of the mart agrees with; behind [`DimensionVersions::dimensions`] while a load
    /// is at it, or after one that was cut off.
    pub restated: u64,
    /// Which state of the dimensions this is.
    pub stamp: DimensionVersions,
    /// The newest version at which a load has completed a range of hours; 0 before the first.
    pub completed: u64,
    /// The number of the newest load that is settled.
    pub settled: u64,
}

impl DimensionState {
    /// The number of a load that begins now, under the lock.
    pub fn next_number(&self) -> u64 {
        self.settled + 1
    }

    /// Whether dimensions are stored, the mart says all of them, and no load was cut off on the way.
    pub fn is_settled(&self) -> bool {
        let stored = self.stamp.dimensions;
        stored > 0 && self.restated >= stored && !self.stamp.has_pending()
    }
}

/// Tells states of the dimensions apart: where two stamps are equal, no load has stored or noted anything of them in
/// between. Each load has a greater version than all that it knew of, and these only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DimensionVersions {
    /// The version of the newest CRM state that was stored or found to be stored already; 0 before the first.
    pub dimensions: u64,
    /// The newest version at which a load began to store another state.
    pub changing: u64,
    /// The newest version at which a load noted what it was about to move between owners.
    pub pending: u64,
}

impl DimensionVersions {
    /// Whether a load was about to move something between owners and did not come to its end.
    pub fn has_pending(&self) -> bool {
        self.pending > self.dimensions
    }
}

/// A line of the statements.
#[derive(Row, Deserialize)]
struct Line {
    name: String,
    version: u64,
    text: String,
}

/// Reads the state: before the dimensions, so that one that is stored meanwhile has another stamp.
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

/// Reads how the stored rows stand, without the ledger: what a load looks at again.
pub async fn standing(warehouse: &Warehouse) -> Result<DimensionState> {
    Ok(DimensionState::of(&lines(warehouse, STANDING).await?))
}

async fn lines(warehouse: &Warehouse, sql: &str) -> Result<Vec<Line>> {
    warehouse.run("reading what earlier runs have left", warehouse.query(sql).fetch_all::<Line>()).await
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

//! What a person at a terminal sees of a run: told by the steps, shown by whoever listens.

use bionicpro_model::HourRange;
use bionicpro_warehouse::ledger::Step;

use crate::backfill::{Piece, Plan};

/// Listens to a run. Calls come from several tasks; they must not block.
pub trait Progress: Send + Sync {
    /// What a backfill is going to do.
    fn plan(&self, _plan: &Plan) {}
    /// A piece of the plan is loaded, with so many cells.
    fn piece(&self, _piece: &Piece, _cells: u64) {}
    /// A step began; of a range when it has one.
    fn step(&self, _step: Step, _range: Option<&HourRange>) {}
    /// That many more hours of the telemetry were read.
    fn hours(&self, _hours: u64) {}
    /// A step of that name ended well.
    fn done(&self, _step: Step) {}
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {}

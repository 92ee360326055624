//! The progress of a run, for display in a terminal: the steps report it, a listener shows it.

use bionicpro_model::HourRange;
use bionicpro_warehouse::ledger::Step;

use crate::backfill::{Piece, Plan};

/// A listener for the progress of a run. Its methods are called from several tasks and must not block.
pub trait Progress: Send + Sync {
    /// Called with the plan of a backfill.
    fn plan(&self, _plan: &Plan) {}
    /// Called when a piece of the plan is loaded, with its number of cells.
    fn piece(&self, _piece: &Piece, _cells: u64) {}
    /// Called when a step begins, with its range if it has one.
    fn step(&self, _step: Step, _range: Option<&HourRange>) {}
    /// Called when that many more hours of the telemetry were read.
    fn hours(&self, _hours: u64) {}
    /// Called when a step succeeds.
    fn done(&self, _step: Step) {}
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {}

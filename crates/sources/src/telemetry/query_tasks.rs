//! A plan cut into queries, in the order in which idle connections take them.

use super::Telemetry;
use super::plan::{HOUR_US, Interval, Plan};
use super::slices::{self, Slicing};

/// The number of cells in a query by index: their literals are a small part of its cost, and little is
/// repeated after a failure.
const CELLS_BY_INDEX: usize = 1_000;
/// The number of cells in a query without the index, which may read the table from one end to the other.
const CELLS_BY_JOIN: usize = 50_000;
/// The number of hours in a query that reads chips over longer spans.
const HOURS_BY_INDEX: i64 = 10_000;

/// One query's share of a plan.
pub(super) enum QueryTask<'a> {
    /// All chips of some whole hours, in microseconds since 1970.
    Hours((i64, i64)),
    /// Intervals that are within one hour each.
    Cells(&'a [Interval]),
    /// Intervals of any length.
    Spans(&'a [Interval]),
}

/// The intervals of a plan by how they are read.
pub(super) struct Sorted {
    cells: Vec<Interval>,
    spans: Vec<Interval>,
}

impl Sorted {
    pub(super) fn new(intervals: Vec<Interval>) -> Sorted {
        let (cells, spans) = intervals.into_iter().partition(Interval::is_one_cell);
        Sorted { cells, spans }
    }
}

/// The queries; the longest first, so that no connection has a long one left at the end.
pub(super) fn list<'a>(
    telemetry: &Telemetry,
    plan: &Plan,
    sorted: &'a Sorted,
    slicing: Slicing,
) -> Vec<QueryTask<'a>> {
    let by_index = telemetry.query.by_chip_and_time;
    let most = if by_index { CELLS_BY_INDEX } else { CELLS_BY_JOIN };
    let mut work: Vec<QueryTask<'a>> =
        slices::cut(&plan.whole, slicing).into_iter().map(QueryTask::Hours).collect();
    work.extend(
        by_hours(&sorted.spans, if by_index { HOURS_BY_INDEX } else { i64::MAX })
            .into_iter()
            .map(QueryTask::Spans),
    );
    // The last thousands of cells are divided among all connections.
    let fair = sorted.cells.len().div_ceil(usize::from(telemetry.connections));
    work.extend(sorted.cells.chunks(most.min(fair).max(1)).map(QueryTask::Cells));
    work
}

/// Splits the intervals into chunks of about `most` hours each.
fn by_hours(intervals: &[Interval], most: i64) -> Vec<&[Interval]> {
    let (mut runs, mut first, mut hours) = (Vec::new(), 0, 0);
    for (index, interval) in intervals.iter().enumerate() {
        hours += ((interval.to - interval.from) / HOUR_US).max(1);
        if hours >= most {
            runs.push(&intervals[first..=index]);
            (first, hours) = (index + 1, 0);
        }
    }
    if first < intervals.len() {
        runs.push(&intervals[first..]);
    }
    runs
}

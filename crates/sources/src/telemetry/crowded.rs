//! Hours with so many dirty cells that reading all of the hour costs less than looking each cell up.
//!
//! Measured at 60,000 rows an hour: a look-up costs 70 µs a cell, reading by hour 0.5 µs a row. Where most of the
//! hour is dirty it costs less at any size: look-ups go to a page for each row, and their neighbours to the same pages.
//! At 360,000 rows of 250 chips, all of them dirty, two connections took 465 ms to look up, one took 170 ms to read.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::pin::pin;

use bionicpro_model::Result;
use futures_util::TryStreamExt;

use super::Telemetry;
use super::plan::HOUR_US;
use super::slices::MOST_PAGES_PER_ROW;
use super::wanted::Wanted;
use crate::template::fill;

/// Fewer cells are read before an hour has been looked at.
const LEAST_CELLS: usize = 64;
/// Above this many rows of the hour for each dirty cell, the cells are looked up, unless most rows lie in them.
const MOST_ROWS_PER_CELL: usize = 64;

/// The hours, counted from 1970. None for a table that is not read by hour.
pub(super) async fn hours(telemetry: &Telemetry, wanted: &Wanted) -> Result<BTreeSet<i64>> {
    let mut crowded = BTreeSet::new();
    let by_hour = telemetry.indexes.by_time && telemetry.shape.is_stored;
    let Some(new) = wanted.new.as_ref().filter(|_| by_hour && telemetry.query.by_chip_and_time) else {
        return Ok(crowded);
    };
    let mut cells: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
    for (hour, chip) in &new.cells {
        cells.entry(*hour).or_default().push(*chip);
    }
    cells.retain(|_, chips| chips.len() >= LEAST_CELLS);
    if cells.is_empty() {
        return Ok(crowded);
    }
    let most = |chips: &[u32]| chips.len() * MOST_ROWS_PER_CELL;
    let limits: Vec<String> = cells.values().map(|chips| most(chips).to_string()).collect();
    let sql = fill(
        include_str!("crowded.sql"),
        &[
            ("table", &telemetry.query.table),
            ("hours", &telemetry.query.instants(cells.keys().map(|hour| hour * HOUR_US))),
            ("most", &format!("'{{{}}}'::bigint[]", limits.join(","))),
        ],
    );
    let session = &telemetry.session;
    let fail = |error| session.place.error(error);
    // Statistics know nothing of an hour that has just begun: its first and last rows shall come from the index.
    session.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off").await?;
    let mut answers = pin!(session.stream(&sql).await?);
    for (hour, chips) in &cells {
        let Some(row) = answers.try_next().await.map_err(fail)? else { break };
        let (rows, pages): (i64, i64) = (row.try_get(0).map_err(fail)?, row.try_get(1).map_err(fail)?);
        let sample: Option<Vec<Option<&str>>> = row.try_get(2).map_err(fail)?;
        let sample = sample.unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "at most some hundred")]
        let lie_together = pages as f64 <= MOST_PAGES_PER_ROW * sample.len() as f64;
        let dirty: HashSet<&str> = chips.iter().map(|chip| &*new.chips[*chip as usize]).collect();
        let of_dirty = sample.iter().flatten().filter(|chip| dirty.contains(**chip)).count();
        let is_small = usize::try_from(rows).is_ok_and(|rows| rows < most(chips));
        if lie_together && (is_small || 2 * of_dirty > sample.len()) {
            crowded.insert(*hour);
        }
    }
    session.execute("SET LOCAL enable_seqscan = on; SET LOCAL enable_sort = on").await?;
    Ok(crowded)
}

//! Hours with so many dirty cells that reading all of the hour costs less than looking up each cell.
//!
//! Measured at 60,000 rows an hour: a lookup costs 70 µs a cell, reading by hour 0.5 µs a row. If most of the
//! hour is dirty, reading by hour costs less at any size: lookups visit a page for each row, and the lookups
//! of neighbours visit the same pages. At 360,000 rows of 250 chips, all of them dirty, lookups over two
//! connections took 465 ms, reading over one took 170 ms.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::pin::pin;

use bionicpro_model::Result;
use futures_util::TryStreamExt;

use super::Telemetry;
use super::cell_request::CellRequest;
use super::plan::HOUR_US;
use super::slices::MOST_PAGES_PER_ROW;
use crate::template::fill;

/// Fewer cells are read in less time than it takes to sample their hour.
const LEAST_CELLS: usize = 64;
/// Above this many rows of the hour for each dirty cell, the cells are looked up, unless most rows belong to
/// them.
const MOST_ROWS_PER_CELL: usize = 64;

/// The crowded hours, counted from 1970. Empty for a table that is not read by hour.
pub(super) async fn hours(telemetry: &Telemetry, wanted: &CellRequest) -> Result<BTreeSet<i64>> {
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
    let session = &telemetry.session;
    // Statistics do not cover an hour that has just begun: its first and last rows must come from the index.
    session.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off").await?;
    let mut undecided: Vec<(i64, usize)> = Vec::new();
    for (hour, sample) in samples(telemetry, &cells).await? {
        let chips = &cells[&hour];
        let dirty: HashSet<&str> = chips.iter().map(|chip| &*new.chips[*chip as usize]).collect();
        let of_dirty = sample.chips.iter().flatten().filter(|chip| dirty.contains(chip.as_str())).count();
        if !sample.lies_together() {
            continue;
        }
        if 2 * of_dirty > sample.chips.len() {
            crowded.insert(hour);
        } else {
            undecided.push((hour, chips.len() * MOST_ROWS_PER_CELL));
        }
    }
    crowded.extend(small(telemetry, &undecided).await?);
    session.execute("SET LOCAL enable_seqscan = on; SET LOCAL enable_sort = on").await?;
    Ok(crowded)
}

/// The first and the last rows of an hour.
struct Sample {
    /// The number of pages that hold them.
    pages: i64,
    /// Their chips.
    chips: Vec<Option<String>>,
}

impl Sample {
    #[expect(clippy::cast_precision_loss, reason = "at most some hundred")]
    fn lies_together(&self) -> bool {
        self.pages as f64 <= MOST_PAGES_PER_ROW * self.chips.len() as f64
    }
}

async fn samples(telemetry: &Telemetry, cells: &BTreeMap<i64, Vec<u32>>) -> Result<Vec<(i64, Sample)>> {
    let hours = telemetry.query.instants(cells.keys().map(|hour| hour * HOUR_US));
    let table = &telemetry.query.table;
    let sql = fill(include_str!("crowded/sample.sql"), &[("table", table), ("hours", &hours)]);
    let session = &telemetry.session;
    let fail = |error| session.place.error(error);
    let mut answers = pin!(session.stream(&sql).await?);
    let mut samples = Vec::with_capacity(cells.len());
    for hour in cells.keys() {
        let Some(row) = answers.try_next().await.map_err(fail)? else { break };
        let chips: Option<Vec<Option<String>>> = row.try_get(1).map_err(fail)?;
        let sample = Sample { pages: row.try_get(0).map_err(fail)?, chips: chips.unwrap_or_default() };
        samples.push((*hour, sample));
    }
    Ok(samples)
}

/// Those of the hours that have fewer rows than the number given for each.
async fn small(telemetry: &Telemetry, hours: &[(i64, usize)]) -> Result<Vec<i64>> {
    if hours.is_empty() {
        return Ok(Vec::new());
    }
    let limits: Vec<String> = hours.iter().map(|(_, most)| most.to_string()).collect();
    let sql = fill(
        include_str!("crowded/rows.sql"),
        &[
            ("table", &telemetry.query.table),
            ("hours", &telemetry.query.instants(hours.iter().map(|(hour, _)| hour * HOUR_US))),
            ("most", &format!("'{{{}}}'::bigint[]", limits.join(","))),
        ],
    );
    let session = &telemetry.session;
    let fail = |error| session.place.error(error);
    let mut answers = pin!(session.stream(&sql).await?);
    let mut small = Vec::new();
    for (hour, most) in hours {
        let Some(row) = answers.try_next().await.map_err(fail)? else { break };
        let rows: i64 = row.try_get(0).map_err(fail)?;
        if usize::try_from(rows).is_ok_and(|rows| rows < *most) {
            small.push(*hour);
        }
    }
    Ok(small)
}

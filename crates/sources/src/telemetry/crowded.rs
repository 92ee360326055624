//! Hours with so many dirty cells that reading all of the hour costs less than looking each cell up.
//!
//! Measured at 60,000 rows an hour: a look-up costs 70 µs a cell, reading by hour 0.5 µs a row.

use std::collections::{BTreeMap, BTreeSet};

use bionicpro_model::Result;

use super::Telemetry;
use super::plan::HOUR_US;
use super::slices::MOST_PAGES_PER_ROW;
use super::wanted::Wanted;
use crate::template::fill;

/// Fewer cells are read before an hour has been looked at.
const LEAST_CELLS: i64 = 256;
/// Above this many rows of the hour for each dirty cell, the cells are looked up.
const MOST_ROWS_PER_CELL: i64 = 64;

/// The hours, counted from 1970. None for a table that is not read by hour.
pub(super) async fn hours(telemetry: &Telemetry, wanted: &Wanted) -> Result<BTreeSet<i64>> {
    let mut crowded = BTreeSet::new();
    let by_hour = telemetry.indexes.by_time && telemetry.shape.is_stored;
    let Some(new) = wanted.new.as_ref().filter(|_| by_hour && telemetry.query.by_chip_and_time) else {
        return Ok(crowded);
    };
    let mut cells: BTreeMap<i64, i64> = BTreeMap::new();
    for (hour, _) in &new.cells {
        *cells.entry(*hour).or_default() += 1;
    }
    cells.retain(|_, cells| *cells >= LEAST_CELLS);
    if cells.is_empty() {
        return Ok(crowded);
    }
    let most: Vec<String> = cells.values().map(|cells| (cells * MOST_ROWS_PER_CELL).to_string()).collect();
    let sql = fill(
        include_str!("crowded.sql"),
        &[
            ("table", &telemetry.query.table),
            ("hours", &telemetry.query.instants(cells.keys().map(|hour| hour * HOUR_US))),
            ("most", &format!("'{{{}}}'::bigint[]", most.join(","))),
        ],
    );
    let session = &telemetry.session;
    session.execute("SET LOCAL enable_seqscan = off").await?;
    let rows = session.rows(&sql, &[]).await?;
    session.execute("SET LOCAL enable_seqscan = on").await?;
    for (row, (hour, cells)) in rows.iter().zip(&cells) {
        let (rows, sampled, pages): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
        #[expect(clippy::cast_precision_loss, reason = "at most some hundred")]
        let lie_together = pages as f64 <= MOST_PAGES_PER_ROW * sampled as f64;
        if rows < cells * MOST_ROWS_PER_CELL && lie_together {
            crowded.insert(*hour);
        }
    }
    Ok(crowded)
}

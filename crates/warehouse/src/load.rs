//! Writes a run's rows into the mart and its dimensions, and counts what the mart then answers.
//!
//! Order of one load: [`insert_mart`], [`tombstone_vanished`], [`upsert_dimensions`], then [`day_totals`] to
//! reconcile, then the ledger. Each may be repeated; loads may run late or at once in any order, because the greater
//! version wins everywhere.

mod dimensions;
mod mart;
mod totals;

use bionicpro_model::{HourRange, RunId};
use chrono::{DateTime, Days, NaiveDate, Utc};

pub use self::dimensions::{Dimensions, UserProsthesisRow, UserRow, upsert_dimensions};
pub use self::mart::{insert_mart, tombstone_vanished};
pub use self::totals::{DayTotals, day_totals};
use crate::Warehouse;

/// Which load this is.
#[derive(Debug, Clone)]
pub struct LoadSpec {
    /// The run, for the engine's query log.
    pub run: RunId,
    /// The range that the file replaces; it holds all of its rows.
    pub range: HourRange,
    /// The version that every row of the file carries.
    pub version: u64,
}

/// The first day that the mart retains, or none when it keeps everything.
///
/// Rows before it may be dropped by the engine at any moment: a run refuses or cuts a range that begins earlier.
pub fn retained_from(warehouse: &Warehouse, now: DateTime<Utc>) -> Option<NaiveDate> {
    let days = u64::from(warehouse.retention_days);
    // The engine drops a day once `date + days` has begun.
    (days > 0).then(|| now.date_naive().checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN))
}

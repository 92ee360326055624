//! Writes a run's rows into the mart and its dimensions, and counts what the mart then answers.
//!
//! Order of one load: [`store`], [`upsert_dimensions`], [`loaded_totals`] to reconcile, [`restate`], then the ledger.
//! Each may be repeated; loads may come late in any order, because the greater version wins everywhere. Whoever calls
//! these holds the lock that keeps two loads apart.

mod cells;
mod completed;
mod dimensions;
mod parquet;
mod restate;
mod stage;
mod store;
mod stored;
mod totals;
mod upsert;

use bionicpro_model::{HourRange, RunId};
use chrono::{DateTime, Days, NaiveDate, Utc};

pub use self::cells::{MartCell, loaded_cells};
pub use self::dimensions::{Dimensions, UserProsthesisRow, UserRow, dimensions, owners, owners_of};
pub use self::restate::restate;
pub(crate) use self::stage::ON_SHARDS;
pub use self::store::{Former, Hides, Stored, store};
pub use self::totals::{LoadedDay, day_totals, loaded_totals};
pub use self::upsert::{Changed, confirm_dimensions, upsert_dimensions};
use crate::Warehouse;

/// Which load this is.
#[derive(Debug, Clone)]
pub struct LoadSpec {
    /// The run, for the engine's query log.
    pub run: RunId,
    /// The range that the file replaces, holding all of its rows; none for a tick, whose file holds single cells.
    pub range: Option<HourRange>,
    /// The version that every row of the file carries.
    pub version: u64,
    /// The UTC days in which the file has rows.
    pub days: Vec<NaiveDate>,
    /// How many rows the file has, tombstones included.
    pub rows: u64,
}

/// The first day that the mart retains, or none when it keeps everything.
///
/// Rows before it may be dropped by the engine at any moment: a run refuses or cuts a range that begins earlier.
pub fn retained_from(warehouse: &Warehouse, now: DateTime<Utc>) -> Option<NaiveDate> {
    let days = u64::from(warehouse.retention_days);
    // The engine drops a day once `date + days` has begun.
    (days > 0).then(|| now.date_naive().checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN))
}

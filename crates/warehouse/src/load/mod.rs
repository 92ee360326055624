//! Writes a run's rows into the mart and its dimensions, and reads back the mart's totals.
//!
//! Order of one load: [`store`], [`upsert_dimensions`], [`loaded_totals`] to reconcile, [`restate`], then the
//! ledger. Each may be repeated; loads may arrive late and in any order, because the greater version wins
//! everywhere. The caller of these functions holds the lock that prevents concurrent loads.

mod cells;
mod compared;
mod completed;
mod dimensions;
mod fingerprints;
mod history;
pub(crate) mod parquet;
mod restate;
mod stage;
mod store;
mod stored;
mod totals;
mod upsert;
mod vanished;

use bionicpro_model::{HourRange, Result, RunId};
use chrono::{DateTime, Days, NaiveDate, Utc};

pub use self::cells::{MartCell, loaded_cells};
pub use self::compared::{ComparedDay, LastCompared, compared_days, note_compared};
pub use self::dimensions::{Dimensions, UserProsthesisRow, UserRow, dimensions, owners, owners_of};
pub use self::fingerprints::{Fingerprint, loaded_fingerprints};
pub use self::history::{HistoryRange, history_range};
pub use self::restate::restate;
pub(crate) use self::stage::ON_SHARDS;
pub use self::store::{Former, StoredRows, Tombstones, store};
pub use self::totals::{LoadedDay, day_totals, loaded_totals};
pub use self::upsert::{Changed, confirm_dimensions, upsert_dimensions};
pub use self::vanished::{TOO_MUCH_VANISHED, VanishLimit};
use crate::{Warehouse, params};

/// The description of a load.
#[derive(Debug, Clone)]
pub struct LoadSpec {
    /// The run, for the engine's query log.
    pub run: RunId,
    /// The range that the file replaces, holding all of its rows; `None` for an incremental run, whose file
    /// holds single cells.
    pub range: Option<HourRange>,
    /// The version that every row of the file carries.
    pub version: u64,
    /// The UTC days in which the file has rows.
    pub days: Vec<NaiveDate>,
    /// The number of rows in the file, tombstones included.
    pub rows: u64,
    /// The number of tombstones among them.
    pub tombstones: u64,
}

/// Returns the number of live rows that the mart has for hours before this one.
pub async fn rows_before(warehouse: &Warehouse, hour: DateTime<Utc>) -> Result<u64> {
    let sql = "SELECT count() FROM user_prosthesis_stats FINAL
        WHERE date <= toDate({hour: DateTime('UTC')}, 'UTC') AND hour < {hour: DateTime('UTC')}";
    let query = warehouse.query(sql).param("hour", params::instant(hour)).fetch_one::<u64>();
    warehouse.run("counting older rows", query).await
}

/// Returns the first and the last day for which the mart has a row; `None` if it has no rows. Tombstones
/// count, so this is only a bound.
pub async fn days(warehouse: &Warehouse) -> Result<Option<(NaiveDate, NaiveDate)>> {
    let sql = "SELECT toUInt16(ifNull(minOrNull(date), toDate(0))), toUInt16(ifNull(maxOrNull(date), toDate(0))), count()
               FROM user_prosthesis_stats";
    let query = warehouse.query(sql).fetch_one::<(u16, u16, u64)>();
    let (first, last, rows) = warehouse.run("reading the first and the last day of the mart", query).await?;
    let day = |day: u16| NaiveDate::default() + Days::new(u64::from(day));
    Ok((rows > 0).then(|| (day(first), day(last))))
}

/// Returns the first day that the mart retains, or `None` if it keeps everything.
///
/// Rows before it may be dropped by the engine at any moment: a run refuses or cuts a range that begins
/// earlier.
pub fn retained_from(warehouse: &Warehouse, now: DateTime<Utc>) -> Option<NaiveDate> {
    let days = u64::from(warehouse.retention_days);
    // The engine drops a day once `date + days` has begun.
    (days > 0).then(|| now.date_naive().checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN))
}

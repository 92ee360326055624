//! One load's change of the mart: the rows of its file, and what they make obsolete, shown at one moment.

use std::collections::BTreeMap;

use bionicpro_model::{HourRange, Result};
use bytes::Bytes;
use chrono::Datelike;
use futures_util::Stream;
use uuid::Uuid;

use super::completed::{is_completed_since, note};
use super::vanished::{self, VanishLimit};
use super::{LoadSpec, history, parquet, stage};
use crate::state::DimensionState;
use crate::{Warehouse, changes};

/// The hours in which a person's prosthesis had a chip that they no longer own in these hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Former {
    /// The former owner.
    pub user_id: Uuid,
    /// The former owner's prosthesis.
    pub prosthesis_id: Uuid,
    /// The hours, as whole as the mart's rows are.
    pub range: HourRange,
}

/// Rows that a load hides although neither its file nor its range names them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tombstones {
    /// Keys that belong to somebody else now.
    pub former: Vec<Former>,
    /// People who left the CRM.
    pub gone: Vec<Uuid>,
    /// How much may vanish of a range.
    pub limit: VanishLimit,
}

/// What a load has stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredRows {
    /// Bytes of the file that were sent.
    pub bytes: u64,
    /// Rows that were hidden and that the file did not name.
    pub tombstones: u64,
}

/// Puts a load into the mart: a reader sees all of it, or nothing of it.
///
/// `file` is a Parquet file with the mart's columns, `spec.rows` of them; it is not touched when there are none. Of a
/// load with a range every older row of the range that the file does not bring again vanishes. A row that a newer load
/// has removed, because this one comes late, is never shown.
///
/// A few rows of one month that hide nothing, as a tick brings them, go into the mart in one block. Everything else
/// gathers in a table beside it first; `may_show` is awaited between, and an error of it leaves the mart as it was. On
/// a cluster each shard, and each month of it, shows its part at a moment of its own.
///
/// What the file should look like: ids as FIXED_LEN_BYTE_ARRAY(16) UUID, `date` as DATE, instants as
/// TIMESTAMP(MILLIS, UTC), counts as unsigned INTEGERs, nullable columns OPTIONAL; rows in the mart's order; row
/// groups of 50,000 rows or more. Measured with 168,000 rows on two busy cores: groups of 2,000 rows make a file of
/// 507 KB that loads in 1.0 s, groups of 50,000 rows one of 42 KB that loads in 0.25 s; more rows change little.
///
/// Success promises that all of it is stored. A repetition stores it again, which changes no answer; a call that was
/// cut off is made good by one. The caller holds the lock of the load and has read `standing` under it.
///
/// # Errors
/// The stream's own, and those of `may_show`; `Unreachable` when the engine is away or cuts the connection; `Data` when the
/// file does not fit the mart, or when more would vanish than `hides.limit` lets.
pub async fn store<S>(
    warehouse: &Warehouse,
    file: S,
    spec: &LoadSpec,
    standing: &DimensionState,
    hides: &Tombstones,
    may_show: impl Future<Output = Result<()>> + Send,
) -> Result<StoredRows>
where
    S: Stream<Item = Result<Bytes>> + Send,
{
    let is_late = standing.completed > spec.version && is_completed_since(warehouse, spec).await?;
    // On a cluster the file's own tombstones have to come first, on every shard.
    let moves = warehouse.cluster.is_some() && spec.tombstones > 0;
    let hides_nothing =
        spec.range.is_none() && !is_late && !moves && hides.former.is_empty() && hides.gone.is_empty();
    if hides_nothing && spec.rows == 0 {
        return Ok(StoredRows::default());
    }
    if hides_nothing && spec.rows <= u64::from(warehouse.direct_rows) && is_one_month(spec) {
        let pieces = history::pieces(file).await?;
        tokio::try_join!(
            history::keep_file(warehouse, &pieces, spec),
            changes::announce_file(warehouse, standing, &pieces, spec),
        )?;
        let bytes =
            parquet::insert_pieces(warehouse, "user_prosthesis_stats", parquet::ONE_BLOCK, &pieces, spec)
                .await?;
        return Ok(StoredRows { bytes, tombstones: 0 });
    }
    // What a load that was cut off has left there.
    stage::empty(warehouse).await?;
    let bytes = match spec.rows {
        0 => 0,
        _ => parquet::insert(warehouse, stage::TABLE, parquet::BLOCKS, file, spec).await?,
    };
    if is_late {
        stage::hide_late(warehouse, spec).await?;
    }
    if is_late || spec.range.is_some() {
        // What the file hides has moved to another owner, and what a late load keeps hidden was hidden before.
        let is_any = is_late || spec.tombstones > 0;
        let moved = if is_any { vanished::tombstones(warehouse).await? } else { BTreeMap::new() };
        stage::hide_vanished(warehouse, spec).await?;
        let mut hidden = vanished::tombstones(warehouse).await?;
        for (date, moved) in moved {
            hidden.entry(date).and_modify(|hidden| *hidden = hidden.saturating_sub(moved));
        }
        vanished::check(warehouse, spec, hides.limit, &hidden).await?;
    }
    stage::hide_former(warehouse, spec, &hides.former).await?;
    stage::hide_people(warehouse, spec, &hides.gone).await?;
    let tombstones = stage::rows(warehouse).await?.saturating_sub(spec.rows);
    history::keep_gathered(warehouse, spec, is_late).await?;
    changes::announce_kept(warehouse, standing, spec).await?;
    may_show.await?;
    stage::show(warehouse, spec).await?;
    // Only now: a load that comes late relies on every row of a range that is noted.
    note(warehouse, spec).await?;
    stage::empty(warehouse).await?;
    Ok(StoredRows { bytes, tombstones })
}

/// Whether the rows lie in one part of the mart, which appears as a whole.
fn is_one_month(spec: &LoadSpec) -> bool {
    let mut months = spec.days.iter().map(|day| (day.year(), day.month()));
    let first = months.next();
    months.all(|month| Some(month) == first)
}

//! `compared_days`: the version up to which each day of the mart is known to agree with the source.

use std::collections::BTreeMap;

use bionicpro_model::{HourRange, Result};
use chrono::NaiveDate;
use clickhouse::Row;
use serde::{Deserialize, Serialize};

use crate::Warehouse;
use crate::params::ranged;

/// A comparison of one UTC day.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct ComparedDay {
    /// The day.
    #[serde(with = "clickhouse::serde::chrono::date")]
    pub date: NaiveDate,
    /// The version of the source's snapshot.
    pub version: u64,
    /// The number of differing cells over all days of the same comparison.
    pub differing: u64,
    /// 1 if the mart now agrees with the source.
    pub is_mended: u8,
    /// The run id of the comparison.
    pub run: String,
}

/// Records that days were compared.
pub async fn note_compared(warehouse: &Warehouse, days: &[ComparedDay]) -> Result<()> {
    warehouse.insert("compared_days", "recording compared days", days).await
}

/// The last comparison, or complete load, of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastCompared {
    /// The version of the source's snapshot.
    pub version: u64,
    /// True if the mart agreed with the source afterwards.
    pub is_mended: bool,
}

/// Returns the last comparison, or complete load, of each whole day of the range; days without one are left
/// out.
pub async fn compared_days(
    warehouse: &Warehouse,
    range: &HourRange,
) -> Result<BTreeMap<NaiveDate, LastCompared>> {
    #[derive(Row, Deserialize)]
    struct Day {
        #[serde(with = "clickhouse::serde::chrono::date")]
        date: NaiveDate,
        version: u64,
        is_mended: u8,
    }
    let query = ranged(warehouse.query(include_str!("compared/days.sql")), range).fetch_all::<Day>();
    let days = warehouse.run("reading which days were compared", query).await?;
    let last = |day: Day| (day.date, LastCompared { version: day.version, is_mended: day.is_mended == 1 });
    Ok(days.into_iter().map(last).collect())
}

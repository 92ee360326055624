//! `compared_days`: up to which version each day of the mart is known to say what the source says.

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
    /// Cells that differed, of the days that were compared at once.
    pub differing: u64,
    /// 1 where the mart says what the source says now.
    pub is_mended: u8,
    /// The comparison.
    pub run: String,
}

/// Notes that days were compared.
pub async fn note_compared(warehouse: &Warehouse, days: &[ComparedDay]) -> Result<()> {
    warehouse.insert("compared_days", "noting days as compared", days).await
}

/// How a day was last compared, or loaded whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastCompared {
    /// The version of the source's snapshot.
    pub version: u64,
    /// The mart says what the source said.
    pub is_mended: bool,
}

/// How each whole day of the range was last compared, or loaded; a day that never was is left out.
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

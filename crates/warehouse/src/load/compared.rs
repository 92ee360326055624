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
    /// Cells that differed.
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

/// The version that each whole day of the range was last compared at, or loaded whole; a day that never was is left out.
pub async fn compared_days(warehouse: &Warehouse, range: &HourRange) -> Result<BTreeMap<NaiveDate, u64>> {
    #[derive(Row, Deserialize)]
    struct Day {
        #[serde(with = "clickhouse::serde::chrono::date")]
        date: NaiveDate,
        version: u64,
    }
    let query = ranged(warehouse.query(include_str!("compared/days.sql")), range).fetch_all::<Day>();
    let days = warehouse.run("reading which days were compared", query).await?;
    Ok(days.into_iter().map(|day| (day.date, day.version)).collect())
}

/// The days of a range that were compared and not mended, oldest first.
pub async fn unmended_days(warehouse: &Warehouse) -> Result<Vec<ComparedDay>> {
    let sql =
        "SELECT date, compared_days.version AS version, differing, is_mended, run FROM compared_days FINAL
        WHERE is_mended = 0 ORDER BY date";
    warehouse.run("reading which days differ", warehouse.query(sql).fetch_all::<ComparedDay>()).await
}

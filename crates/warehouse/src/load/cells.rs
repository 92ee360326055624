//! A load's rows of one day, to name those that differ from what was staged.

use bionicpro_model::Result;
use chrono::{DateTime, NaiveDate, Utc};
use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use crate::Warehouse;

/// A row of the mart as the reconciliation sees it: its key and its numbers, nothing personal.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct MartCell {
    /// The person.
    #[serde(with = "clickhouse::serde::uuid")]
    pub user_id: Uuid,
    /// The prosthesis.
    #[serde(with = "clickhouse::serde::uuid")]
    pub prosthesis_id: Uuid,
    /// The chip.
    pub chip_id: String,
    /// The beginning of the hour.
    #[serde(with = "clickhouse::serde::chrono::datetime")]
    pub hour: DateTime<Utc>,
    /// Movements.
    pub movements: u32,
    /// Movements with an error.
    pub errors: u32,
    /// Movements with a reading out of its range.
    pub anomalies: u32,
    /// Response samples.
    pub response_count: u32,
    /// Battery samples.
    pub battery_count: u32,
    /// `f64::to_bits` of the sum of the response times.
    pub response_sum_bits: u64,
    /// `f64::to_bits` of the sum of the battery levels.
    pub battery_sum_bits: u64,
}

/// The live rows of exactly this version on one UTC day, by person, hour and prosthesis.
///
/// For a day whose totals differ: it reads the day's whole month.
pub async fn version_cells(warehouse: &Warehouse, version: u64, date: NaiveDate) -> Result<Vec<MartCell>> {
    let query = warehouse.query(include_str!("version_cells.sql"));
    let query = query.param("version", version).param("date", date).fetch_all::<MartCell>();
    warehouse.run("reading what was loaded", query).await
}

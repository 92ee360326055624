//! The rows of one day that a load is responsible for, to report those that differ from the staged rows.

use bionicpro_model::Result;
use chrono::{DateTime, NaiveDate, Utc};
use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use super::LoadSpec;
use super::totals::{OF_LOAD, answered};
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
    /// Movements with an out-of-range reading.
    pub anomalies: u32,
    /// Response samples.
    pub response_count: u32,
    /// Battery samples.
    pub battery_count: u32,
    /// `f64::to_bits` of the sum of the response times.
    pub response_sum_bits: u64,
    /// `f64::to_bits` of the sum of the battery levels.
    pub battery_sum_bits: u64,
    /// `f64::to_bits` of the sum of the squares of the response times; `None` if unknown.
    pub response_squares_bits: Option<u64>,
    /// `f64::to_bits` of the sum of the squares of the battery levels; `None` if unknown.
    pub battery_squares_bits: Option<u64>,
    /// `f32::to_bits` of the lowest battery level.
    pub battery_min_bits: Option<u32>,
    /// `f32::to_bits` of the last battery level.
    pub battery_last_bits: Option<u32>,
}

/// Returns the rows that the load is responsible for on one UTC day, as [`super::loaded_totals`] adds them
/// up.
///
/// Meant for a day whose totals differ: it reads the day's whole month.
pub async fn loaded_cells(warehouse: &Warehouse, spec: &LoadSpec, date: NaiveDate) -> Result<Vec<MartCell>> {
    let sql = include_str!("cells.sql").replace("{rows}", OF_LOAD);
    let query = answered(warehouse.query(&sql), spec).param("date", date).fetch_all::<MartCell>();
    warehouse.run("reading the loaded rows", query).await
}

//! Days of a zone, hour by hour: one for its report, the weeks before it for what is usual, some for an export.

use bionicpro_model::Result;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use super::Reports;
use super::zone::day_start;
use crate::params::instant;

/// One prosthesis in one hour.
#[derive(Debug, Clone, PartialEq, Row, Deserialize)]
pub struct HourRow {
    /// The beginning of the hour.
    #[serde(with = "clickhouse::serde::chrono::datetime")]
    pub hour: DateTime<Utc>,
    /// The prosthesis.
    #[serde(with = "clickhouse::serde::uuid")]
    pub prosthesis_id: Uuid,
    /// Its chip in that hour.
    pub chip_id: String,
    /// Its model's name.
    pub prosthesis_model: String,
    /// Movements.
    pub movements: u32,
    /// Movements with an error code.
    pub errors: u32,
    /// Movements with a value out of its range.
    pub anomalies: u32,
    /// Response time samples.
    pub response_count: u32,
    /// Their sum, in milliseconds.
    pub response_sum: f64,
    /// Battery level samples.
    pub battery_count: u32,
    /// Their sum, in per cent.
    pub battery_sum: f64,
    /// The lowest battery level.
    pub battery_min: Option<f32>,
    /// The last battery level.
    pub battery_last: Option<f32>,
    /// When the source was read for it, in microseconds since 1970.
    pub version: u64,
}

impl Reports {
    /// The rows of one day of the zone, by hour and prosthesis; empty when there is no data.
    pub async fn day(
        &self,
        login: &str,
        prosthesis: Option<Uuid>,
        tz: Tz,
        date: NaiveDate,
    ) -> Result<Vec<HourRow>> {
        self.hours(login, prosthesis, tz, date, date.succ_opt().unwrap_or(date)).await
    }

    /// The rows of the days `from <= day < to` of the zone, by hour and prosthesis.
    pub async fn hours(
        &self,
        login: &str,
        prosthesis: Option<Uuid>,
        tz: Tz,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<HourRow>> {
        let query = self.own(include_str!("hours.sql"), login).await?;
        let query = query
            .param("prosthesis_id", prosthesis)
            .param("from", instant(day_start(tz, from)))
            .param("to", instant(day_start(tz, to)));
        self.run("reading hours", query.fetch_all::<HourRow>()).await
    }
}

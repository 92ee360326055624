//! A typical day: what the hours of the day are like over a range.

use bionicpro_model::Result;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use super::Reports;
use super::zone::{day_of, day_start};
use crate::params::instant;

/// One local hour over the complete days with data.
#[derive(Debug, Clone, PartialEq, Row, Deserialize)]
pub struct TypicalHour {
    /// The hour of the day, 0 to 23.
    pub local_hour: u8,
    /// Days with data that had this hour.
    pub days: u64,
    /// Those with a movement in it.
    pub days_with_movements: u64,
    /// The 10, 25, 50, 75 and 90 % quantiles of the movements, a day without any counted as 0.
    pub quantiles: Vec<f64>,
    /// Response time samples.
    pub response_count: u64,
    /// Their sum, in milliseconds.
    pub response_sum: f64,
    /// Battery level samples.
    pub battery_count: u64,
    /// Their sum, in per cent.
    pub battery_sum: f64,
}

impl Reports {
    /// The local hours of the days `from <= day < to` of the zone, as far as `data_as_of` reflects them whole; empty
    /// without data.
    pub async fn typical(
        &self,
        login: &str,
        prosthesis: Option<Uuid>,
        tz: Tz,
        (from, to): (NaiveDate, NaiveDate),
        data_as_of: Option<DateTime<Utc>>,
    ) -> Result<Vec<TypicalHour>> {
        let to = to.min(day_of(tz, data_as_of));
        let query = self.own(include_str!("typical.sql"), login).await?;
        let query = query
            .param("prosthesis_id", prosthesis)
            .param("tz", tz.name())
            .param("from", instant(day_start(tz, from)))
            .param("to", instant(day_start(tz, to)));
        self.run_zoned("reading a typical day", query.fetch_all::<TypicalHour>()).await
    }
}

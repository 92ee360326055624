//! Totals over a range of days.

use bionicpro_model::Result;
use bionicpro_model::hours::{END_OF_HOURS, FIRST_HOUR};
use chrono::NaiveDate;
use chrono_tz::Tz;
use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use super::Reports;
use super::zone::day_start;
use crate::params::instant;

/// Totals over a range of days.
#[derive(Debug, Clone, PartialEq, Default, Row, Deserialize)]
pub struct Summary {
    /// Days with data.
    pub days: u64,
    /// Hours with at least one movement, an hour with two prostheses counted once.
    pub usage_hours: u64,
    /// Movements.
    pub movements: u64,
    /// Movements with an error code.
    pub errors: u64,
    /// Movements with a value out of its range.
    pub anomalies: u64,
    /// Response time samples.
    pub response_count: u64,
    /// Their sum, in milliseconds.
    pub response_sum: f64,
    /// Battery level samples.
    pub battery_count: u64,
    /// Their sum, in per cent.
    pub battery_sum: f64,
    /// The lowest battery level.
    pub battery_min: Option<f32>,
    /// The model with the most movements; empty without data.
    pub prosthesis_model: String,
}

impl Reports {
    /// Totals of the days `from <= day < to` of the zone; an end that is none is open.
    pub async fn summary(
        &self,
        login: &str,
        prosthesis: Option<Uuid>,
        tz: Tz,
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
    ) -> Result<Summary> {
        let query = self.own(include_str!("summary.sql"), login).await?;
        let query = query
            .param("prosthesis_id", prosthesis)
            .param("tz", tz.name())
            .param("from", instant(from.map_or(FIRST_HOUR, |day| day_start(tz, day))))
            .param("to", instant(to.map_or(END_OF_HOURS, |day| day_start(tz, day))));
        self.run_zoned("adding up the days", query.fetch_one::<Summary>()).await
    }
}

//! The numbers of each day of a range.

use bionicpro_model::Result;
use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use super::Reports;
use super::zone::{day_of, day_start};
use crate::params::instant;

/// How many days before the range count for the first day's median.
const DAYS_BEFORE: Days = Days::new(6);

/// The days of a range.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ByDay {
    /// Those with data, oldest first.
    pub days: Vec<DayRow>,
    /// The first hour with data of the person, also outside the range.
    pub first_hour: Option<DateTime<Utc>>,
}

/// One day.
#[derive(Debug, Clone, PartialEq)]
pub struct DayRow {
    /// The day.
    pub date: NaiveDate,
    /// Hours with a movement, an hour with two prostheses counted once.
    pub usage_hours: u64,
    /// Movements.
    pub movements: u64,
    /// Movements with an error code.
    pub errors: u64,
    /// Movements with a value out of its range.
    pub anomalies: u64,
    /// Response time samples and their sum in milliseconds.
    pub response: (u64, f64),
    /// Battery level samples and their sum in per cent.
    pub battery: (u64, f64),
    /// The lowest battery level.
    pub battery_min: Option<f32>,
    /// The last battery level; of several prostheses, the lowest of their last ones.
    pub battery_last: Option<f32>,
    /// The median of the movements of the complete days with data among this day and the six before.
    pub median: Option<f64>,
}

/// The columns of a day, in the order of the query; the day counts from 1970.
type Columns = (u16, u64, u64, u64, u64, u64, f64, u64, f64, Option<f32>, Option<f32>, Option<f64>);

#[derive(Row, Deserialize)]
struct Answer {
    #[serde(with = "clickhouse::serde::chrono::datetime::option")]
    first_hour: Option<DateTime<Utc>>,
    days: Vec<Columns>,
}

impl Reports {
    /// The days `from <= day < to` of the zone that have data. Days that `data_as_of` does not reflect whole count
    /// for no median.
    pub async fn by_day(
        &self,
        login: &str,
        prosthesis: Option<Uuid>,
        tz: Tz,
        (from, to): (NaiveDate, NaiveDate),
        data_as_of: Option<DateTime<Utc>>,
    ) -> Result<ByDay> {
        let before = from.checked_sub_days(DAYS_BEFORE).unwrap_or(from);
        let query = self.own(include_str!("by_day.sql"), login).await?;
        let query = query
            .param("prosthesis_id", prosthesis)
            .param("tz", tz.name())
            .param("first_day", from)
            .param("from", instant(day_start(tz, before)))
            .param("to", instant(day_start(tz, to)))
            .param("complete_before", day_of(tz, data_as_of));
        let answer = self.run_zoned("reading days", query.fetch_one::<Answer>()).await?;
        Ok(ByDay { days: answer.days.into_iter().map(DayRow::from).collect(), first_hour: answer.first_hour })
    }
}

impl From<Columns> for DayRow {
    fn from(columns: Columns) -> Self {
        let (day, usage_hours, movements, errors, anomalies, responses, response_sum, ..) = columns;
        let (.., batteries, battery_sum, battery_min, battery_last, median) = columns;
        DayRow {
            date: NaiveDate::default() + Days::new(u64::from(day)),
            usage_hours,
            movements,
            errors,
            anomalies,
            response: (responses, response_sum),
            battery: (batteries, battery_sum),
            battery_min,
            battery_last,
            median,
        }
    }
}

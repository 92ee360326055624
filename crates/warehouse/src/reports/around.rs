//! What lies around a day: the neighbours with data, and what is usual for the person.

use bionicpro_model::Result;
use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use super::Reports;
use super::zone::{day_of, day_start};
use crate::params::instant;

/// How many days before a day say what is usual.
pub const USUAL_DAYS: Days = Days::new(28);

/// The neighbours of a day, and the days before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Around {
    /// The first hour with data of the person.
    pub first_hour: Option<DateTime<Utc>>,
    /// The newest day with data before the day.
    pub previous_day: Option<NaiveDate>,
    /// The oldest day with data after the day.
    pub next_day: Option<NaiveDate>,
    /// Of the [`USUAL_DAYS`] before the day.
    pub usual: Usual,
}

/// What complete days with data were like.
#[derive(Debug, Clone, PartialEq)]
pub struct Usual {
    /// How many there are.
    pub days: u64,
    /// Movements.
    pub movements: Spread,
    /// Hours with a movement.
    pub usage_hours: Spread,
    /// Average response time in milliseconds.
    pub response: Spread,
    /// Average battery level in per cent.
    pub battery: Spread,
    /// Lowest battery level in per cent.
    pub battery_lowest: Spread,
    /// Errors.
    pub errors: Spread,
    /// Errors in a thousand movements.
    pub errors_per_1000: Spread,
}

/// Quantiles of a number over the days that know it; not numbers where there is no such day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Days that know the number.
    pub days: u64,
    /// The 10 % quantile.
    pub low: f64,
    /// The 50 % quantile.
    pub median: f64,
    /// The 90 % quantile.
    pub high: f64,
}

#[derive(Row, Deserialize)]
struct Answer {
    #[serde(with = "clickhouse::serde::chrono::datetime::option")]
    first_hour: Option<DateTime<Utc>>,
    previous_day: Option<u16>,
    next_day: Option<u16>,
    usual_days: u64,
    response_days: u64,
    battery_days: u64,
    movements: Vec<f64>,
    usage_hours: Vec<f64>,
    response: Vec<f64>,
    battery: Vec<f64>,
    battery_lowest: Vec<f64>,
    errors: Vec<f64>,
    error_rate: Vec<f64>,
}

impl Reports {
    /// What lies around the day of the zone. Days that `data_as_of` does not reflect whole are not usual.
    pub async fn around(
        &self,
        login: &str,
        prosthesis: Option<Uuid>,
        tz: Tz,
        date: NaiveDate,
        data_as_of: Option<DateTime<Utc>>,
    ) -> Result<Around> {
        let from = date.checked_sub_days(USUAL_DAYS).unwrap_or(date);
        let to = date.min(day_of(tz, data_as_of));
        let query = self.own(include_str!("around.sql"), login).await?;
        let query = query
            .param("prosthesis_id", prosthesis)
            .param("tz", tz.name())
            .param("day_from", instant(day_start(tz, date)))
            .param("day_to", instant(day_start(tz, date.succ_opt().unwrap_or(date))))
            .param("from", instant(day_start(tz, from)))
            .param("to", instant(day_start(tz, to)));
        Ok(self.run_zoned("reading what is usual", query.fetch_one::<Answer>()).await?.into())
    }
}

impl From<Answer> for Around {
    fn from(answer: Answer) -> Self {
        let day = |days: Option<u16>| days.map(|days| NaiveDate::default() + Days::new(days.into()));
        let spread = |days: u64, quantiles: &[f64]| {
            let of = |place: usize| quantiles.get(place).copied().unwrap_or(f64::NAN);
            Spread { days, low: of(0), median: of(1), high: of(2) }
        };
        Around {
            first_hour: answer.first_hour,
            previous_day: day(answer.previous_day),
            next_day: day(answer.next_day),
            usual: Usual {
                days: answer.usual_days,
                movements: spread(answer.usual_days, &answer.movements),
                usage_hours: spread(answer.usual_days, &answer.usage_hours),
                response: spread(answer.response_days, &answer.response),
                battery: spread(answer.battery_days, &answer.battery),
                battery_lowest: spread(answer.battery_days, &answer.battery_lowest),
                errors: spread(answer.usual_days, &answer.errors),
                errors_per_1000: spread(answer.usual_days, &answer.error_rate),
            },
        }
    }
}

//! The neighbours of a day: which days before and after it have data.

use bionicpro_model::Result;
use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use super::Reports;
use super::zone::day_start;
use crate::params::instant;

/// Where a person's data lie around a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbours {
    /// The first hour with data of the person.
    pub first_hour: Option<DateTime<Utc>>,
    /// The newest day with data before the day.
    pub previous_day: Option<NaiveDate>,
    /// The oldest day with data after the day.
    pub next_day: Option<NaiveDate>,
}

#[derive(Row, Deserialize)]
struct Answer {
    #[serde(with = "clickhouse::serde::chrono::datetime::option")]
    first_hour: Option<DateTime<Utc>>,
    previous_day: Option<u16>,
    next_day: Option<u16>,
}

impl Reports {
    /// The neighbours of a day of the zone.
    pub async fn neighbours(
        &self,
        login: &str,
        prosthesis: Option<Uuid>,
        tz: Tz,
        date: NaiveDate,
    ) -> Result<Neighbours> {
        let query = self.own(include_str!("neighbours.sql"), login).await?;
        let query = query
            .param("prosthesis_id", prosthesis)
            .param("tz", tz.name())
            .param("day_from", instant(day_start(tz, date)))
            .param("day_to", instant(day_start(tz, date.succ_opt().unwrap_or(date))));
        let answer = self.run_zoned("reading the days around", query.fetch_one::<Answer>()).await?;
        let day = |days: Option<u16>| days.map(|days| NaiveDate::default() + Days::new(days.into()));
        Ok(Neighbours {
            first_hour: answer.first_hour,
            previous_day: day(answer.previous_day),
            next_day: day(answer.next_day),
        })
    }
}

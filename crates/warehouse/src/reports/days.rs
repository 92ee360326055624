//! Which days of a zone have data.

use bionicpro_model::Result;
use chrono::NaiveDate;
use chrono_tz::Tz;
use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use super::Reports;

/// Days with data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Days {
    /// One page, newest first.
    pub dates: Vec<NaiveDate>,
    /// How many days have data in all.
    pub total: u64,
}

#[derive(Row, Deserialize)]
struct Page {
    /// Days since 1970.
    dates: Vec<u16>,
    total: u64,
}

impl Reports {
    /// The newest `limit` days with data before `before`, and how many days have data in all.
    pub async fn days(
        &self,
        login: &str,
        prosthesis: Option<Uuid>,
        tz: Tz,
        before: Option<NaiveDate>,
        limit: u16,
    ) -> Result<Days> {
        let end = NaiveDate::from_ymd_opt(2149, 1, 1).unwrap_or(NaiveDate::MAX);
        let before = before.map_or(end, |day| day.clamp(NaiveDate::default(), end));
        let query = self.own(include_str!("days.sql"), login).await?;
        let query = query
            .param("prosthesis_id", prosthesis)
            .param("tz", tz.name())
            .param("before", before)
            .param("limit", limit);
        let page = self.run_zoned("reading the days with data", query.fetch_one::<Page>()).await?;
        let dates =
            page.dates.into_iter().map(|days| NaiveDate::default() + chrono::Days::new(u64::from(days)));
        Ok(Days { dates: dates.collect(), total: page.total })
    }
}

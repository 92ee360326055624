//! The freshness of the mart.

use bionicpro_model::Result;
use chrono::{DateTime, Utc};
use clickhouse::Row;
use serde::Deserialize;

use super::MartReader;

/// The moment up to which the mart reflects the source, and the time of the run that last confirmed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Row, Deserialize)]
pub struct Freshness {
    /// Data as of: the newest moment that the mart reflects; `None` before the first load.
    #[serde(with = "clickhouse::serde::chrono::datetime64::micros::option")]
    pub data_as_of: Option<DateTime<Utc>>,
    /// The time at which the newest run that loaded or found nothing new has ended.
    #[serde(with = "clickhouse::serde::chrono::datetime64::micros::option")]
    pub received_at: Option<DateTime<Utc>>,
}

impl MartReader {
    /// Reads the freshness of the mart.
    pub async fn freshness(&self) -> Result<Freshness> {
        let query = self.query(include_str!("freshness.sql")).await?.fetch_one::<Freshness>();
        self.run("reading the freshness of the mart", query).await
    }
}

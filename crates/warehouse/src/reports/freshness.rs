//! How fresh the mart is.

use bionicpro_model::Result;
use chrono::{DateTime, Utc};
use clickhouse::Row;
use serde::Deserialize;

use super::MartReader;

/// Up to when the mart reflects the source, and since when it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Row, Deserialize)]
pub struct Freshness {
    /// The newest moment that the mart reflects; none before the first load.
    #[serde(with = "clickhouse::serde::chrono::datetime64::micros::option")]
    pub data_as_of: Option<DateTime<Utc>>,
    /// When the newest run ended that loaded or found nothing new.
    #[serde(with = "clickhouse::serde::chrono::datetime64::micros::option")]
    pub received_at: Option<DateTime<Utc>>,
}

impl MartReader {
    /// Reads how fresh the mart is.
    pub async fn freshness(&self) -> Result<Freshness> {
        let query = self.query(include_str!("freshness.sql")).await?.fetch_one::<Freshness>();
        self.run("reading how fresh the mart is", query).await
    }
}

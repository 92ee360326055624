//! What tells the rows of a day from others with the same totals: two people's hours that changed places, say.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use bionicpro_model::Result;
use chrono::NaiveDate;
use clickhouse::Row;
use serde::Deserialize;

use super::totals::{OF_LOAD, answered};
use super::{LoadSpec, MartCell};
use crate::Warehouse;

impl MartCell {
    /// The first 64 bits of the SHA-256 of everything that a cell says. Added up, the order of cells does not matter.
    pub fn fingerprint(&self) -> u64 {
        let bits = |bits: Option<u32>| bits.map_or(String::new(), |bits| bits.to_string());
        let text = format!(
            "{}:{}:{}:{}:{}:{}:{}:{}:{}:{}:{}:{}:{}",
            self.user_id,
            self.prosthesis_id,
            self.hour.timestamp(),
            self.movements,
            self.errors,
            self.anomalies,
            self.response_count,
            self.battery_count,
            self.response_sum_bits,
            self.battery_sum_bits,
            bits(self.battery_min_bits),
            bits(self.battery_last_bits),
            self.chip_id,
        );
        let hash = digest(&SHA256, text.as_bytes());
        hash.as_ref().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}

/// The wrapping sums of the fingerprints of the rows that a load answers for, by UTC day.
pub async fn loaded_fingerprints(warehouse: &Warehouse, spec: &LoadSpec) -> Result<BTreeMap<NaiveDate, u64>> {
    #[derive(Row, Deserialize)]
    struct Day {
        #[serde(with = "clickhouse::serde::chrono::date")]
        date: NaiveDate,
        fingerprint: u64,
    }
    let sql = include_str!("fingerprints.sql").replace("{rows}", OF_LOAD);
    let query = answered(warehouse.query(&sql), spec).fetch_all::<Day>();
    let days = warehouse.run("telling the mart's rows apart", query).await?;
    Ok(days.into_iter().map(|day| (day.date, day.fingerprint)).collect())
}

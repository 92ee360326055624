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

/// Wrapping sums over some cells: the order of cells does not matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fingerprint {
    numbers: u64,
    /// Of the cells whose squares are known; 0 where there is none.
    squares: u64,
}

impl Fingerprint {
    /// Adds a cell.
    pub fn add(&mut self, cell: &MartCell) {
        self.numbers = self.numbers.wrapping_add(cell.numbers());
        self.squares = self.squares.wrapping_add(cell.squares().unwrap_or(0));
    }

    /// Whether cells of the mart certainly say the same. Where the squares of all of them are unknown they may be anything;
    /// where those of some are, only the cells themselves can tell.
    pub fn is_said_by(&self, stored: &Fingerprint) -> bool {
        self.numbers == stored.numbers && (stored.squares == 0 || self.squares == stored.squares)
    }
}

impl MartCell {
    /// The first 64 bits of the SHA-256 of everything that a cell says but its squares.
    fn numbers(&self) -> u64 {
        let all = format!(
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
            text(self.battery_min_bits),
            text(self.battery_last_bits),
            self.chip_id,
        );
        first_bits(&all)
    }

    /// The same of whose squares they are, and of the squares; none where both are unknown.
    fn squares(&self) -> Option<u64> {
        let (response, battery) = (self.response_squares_bits, self.battery_squares_bits);
        let (user, prosthesis, hour) = (self.user_id, self.prosthesis_id, self.hour.timestamp());
        let all = format!("{user}:{prosthesis}:{hour}:{}:{}", text(response), text(battery));
        response.or(battery).map(|_| first_bits(&all))
    }

    /// The same with the squares that are unknown as another cell has them.
    #[must_use]
    pub fn with_squares_of(mut self, other: &MartCell) -> MartCell {
        self.response_squares_bits = self.response_squares_bits.or(other.response_squares_bits);
        self.battery_squares_bits = self.battery_squares_bits.or(other.battery_squares_bits);
        self
    }
}

fn text<T: ToString>(bits: Option<T>) -> String {
    bits.map(|bits| bits.to_string()).unwrap_or_default()
}

fn first_bits(text: &str) -> u64 {
    let hash = digest(&SHA256, text.as_bytes());
    hash.as_ref().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// The fingerprints of the rows that a load answers for, by UTC day.
pub async fn loaded_fingerprints(
    warehouse: &Warehouse,
    spec: &LoadSpec,
) -> Result<BTreeMap<NaiveDate, Fingerprint>> {
    #[derive(Row, Deserialize)]
    struct Day {
        #[serde(with = "clickhouse::serde::chrono::date")]
        date: NaiveDate,
        numbers: u64,
        squares: u64,
    }
    let sql = include_str!("fingerprints.sql").replace("{rows}", OF_LOAD);
    let query = answered(warehouse.query(&sql), spec).fetch_all::<Day>();
    let days = warehouse.run("telling the mart's rows apart", query).await?;
    let fingerprint = |day: &Day| Fingerprint { numbers: day.numbers, squares: day.squares };
    Ok(days.into_iter().map(|day| (day.date, fingerprint(&day))).collect())
}

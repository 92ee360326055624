//! Fingerprints that distinguish the rows of a day from other rows with the same totals, such as two people's
//! hours swapped.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use bionicpro_model::Result;
use chrono::NaiveDate;
use clickhouse::Row;
use serde::Deserialize;

use super::totals::{OF_LOAD, answered};
use super::{LoadSpec, MartCell};
use crate::Warehouse;

/// Wrapping sums over some cells, so the order of cells does not matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fingerprint {
    numbers: u64,
    /// The sum over the cells whose squares are known; 0 if there are none.
    squares: u64,
}

impl Fingerprint {
    /// Adds a cell to the sums.
    pub fn add(&mut self, cell: &MartCell) {
        self.numbers = self.numbers.wrapping_add(cell.numbers());
        self.squares = self.squares.wrapping_add(cell.squares().unwrap_or(0));
    }

    /// Returns true if the stored cells certainly have the same values. If the squares of all of them are
    /// unknown, the squares may be anything; if those of some are unknown, only a comparison of the cells
    /// themselves can decide.
    pub fn is_said_by(&self, stored: &Fingerprint) -> bool {
        self.numbers == stored.numbers && (stored.squares == 0 || self.squares == stored.squares)
    }
}

impl MartCell {
    /// Returns the first 64 bits of the SHA-256 of all values of the cell except its squares.
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

    /// Returns the same hash of the cell's key (without its chip) and its squares; `None` if both squares are
    /// unknown.
    fn squares(&self) -> Option<u64> {
        let (response, battery) = (self.response_squares_bits, self.battery_squares_bits);
        let (user, prosthesis, hour) = (self.user_id, self.prosthesis_id, self.hour.timestamp());
        let all = format!("{user}:{prosthesis}:{hour}:{}:{}", text(response), text(battery));
        response.or(battery).map(|_| first_bits(&all))
    }

    /// Returns this cell with its unknown squares taken from another cell.
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

/// Returns the fingerprints of the rows that a load is responsible for, by UTC day.
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
    let days = warehouse.run("reading the fingerprints of the mart's rows", query).await?;
    let fingerprint = |day: &Day| Fingerprint { numbers: day.numbers, squares: day.squares };
    Ok(days.into_iter().map(|day| (day.date, fingerprint(&day))).collect())
}

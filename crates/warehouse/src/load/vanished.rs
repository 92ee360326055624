//! How much of the mart a load would hide because the source has it no more: an empty or much smaller source is not
//! believed at once.

use std::collections::BTreeMap;

use bionicpro_model::{Error, Kind, Result};
use chrono::NaiveDate;
use clickhouse::Row;
use serde::Deserialize;

use super::LoadSpec;
use crate::Warehouse;
use crate::params::ranged;

/// What a load may hide without a word.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VanishLimit {
    /// The share of the live rows, of the whole load and of each of its days.
    pub share: f64,
    /// So many vanished rows were confirmed by a person.
    pub confirmed: u64,
}

/// Fewer vanished rows than this are nothing to stop for, unless nothing at all is left: a device's two days.
const LEAST: u64 = 48;

/// How many days an error names.
const NAMED: usize = 3;

/// Everything may vanish.
impl Default for VanishLimit {
    fn default() -> Self {
        VanishLimit { share: 1.0, confirmed: u64::MAX }
    }
}

impl VanishLimit {
    /// Whether `vanished` of `live` are too many: more than the share of at least `least`, or all of them.
    pub fn is_exceeded(&self, vanished: u64, live: u64, least: u64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "a share of counts")]
        let is_more = vanished as f64 > self.share * live as f64;
        vanished > self.confirmed && is_more && vanished >= least
    }
}

/// A day of the mart that would lose rows.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
struct Day {
    #[serde(with = "clickhouse::serde::chrono::date")]
    date: NaiveDate,
    /// Live rows of it now, older than the load.
    live: u64,
    /// Those of them that the load would hide.
    vanished: u64,
}

/// Tombstones by day, of what is gathered.
pub(super) async fn tombstones(warehouse: &Warehouse) -> Result<BTreeMap<NaiveDate, u64>> {
    #[derive(Row, Deserialize)]
    struct Tombstones {
        #[serde(with = "clickhouse::serde::chrono::date")]
        date: NaiveDate,
        tombstones: u64,
    }
    let sql = "SELECT date, count() AS tombstones FROM load_rows WHERE is_deleted = 1 GROUP BY date";
    let query = warehouse.query(sql).fetch_all::<Tombstones>();
    let days = warehouse.run("counting what is to be hidden", query).await?;
    Ok(days.into_iter().map(|day| (day.date, day.tombstones)).collect())
}

/// Refuses a load that would hide too much. `hidden` are the rows that it hides of each day because they vanished.
///
/// # Errors
/// `Data` with what was seen and how to confirm it; nothing is shown then.
pub(super) async fn check(
    warehouse: &Warehouse,
    spec: &LoadSpec,
    limit: VanishLimit,
    hidden: &BTreeMap<NaiveDate, u64>,
) -> Result<()> {
    let vanished: u64 = hidden.values().sum();
    let Some(range) = spec.range.filter(|_| vanished > limit.confirmed) else { return Ok(()) };
    let query = ranged(warehouse.query(include_str!("vanished/live.sql")), &range);
    let query = query.param("version", spec.version).fetch_all::<(u16, u64)>();
    let live = warehouse.run("counting what the mart has", query).await?;
    let days: Vec<Day> = live
        .into_iter()
        .map(|(days, live)| {
            let date = NaiveDate::default() + chrono::TimeDelta::days(i64::from(days));
            Day { date, live, vanished: hidden.get(&date).copied().unwrap_or(0) }
        })
        .collect();
    let all: u64 = days.iter().map(|day| day.live).sum();
    let is_empty = vanished >= all && spec.rows == 0 && limit.share < 1.0;
    let worst: Vec<&Day> =
        days.iter().filter(|day| limit.is_exceeded(day.vanished, day.live, LEAST)).collect();
    if !is_empty && worst.is_empty() && !limit.is_exceeded(vanished, all, LEAST) {
        return Ok(());
    }
    let named: Vec<String> = worst
        .iter()
        .take(NAMED)
        .map(|day| format!("{}: {} of {}", day.date, day.vanished, day.live))
        .chain((worst.len() > NAMED).then(|| format!("and {} more days", worst.len() - NAMED)))
        .collect();
    let named = if named.is_empty() { String::new() } else { format!(" ({})", named.join("; ")) };
    Err(Error::new(Kind::Data, TOO_MUCH_VANISHED)
        .detail(format!("{vanished} of the {all} live rows of {range} are gone from the telemetry{named}"))
        .hint(format!(
            "the mart is as it was. Where the source keeps less than the mart, set telemetry.keeps; where these rows were meant \
             to go, confirm it: the same command with --confirm-vanished {vanished}; otherwise bring them back in the source. \
             pipeline.max_vanished_share is {}",
            limit.share
        )))
}

/// What a load says that would hide more than it may.
pub const TOO_MUCH_VANISHED: &str = "more of the mart would vanish than is believed at once";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_exceeded_by_more_than_it_and_by_no_less_than_matters() {
        let limit = VanishLimit { share: 0.5, confirmed: 0 };
        assert!(!limit.is_exceeded(50, 100, LEAST));
        assert!(limit.is_exceeded(51, 100, LEAST));
        assert!(!limit.is_exceeded(47, 47, LEAST));
        assert!(!VanishLimit { confirmed: 51, ..limit }.is_exceeded(51, 100, LEAST));
        assert!(VanishLimit { confirmed: 50, ..limit }.is_exceeded(51, 100, LEAST));
        assert!(!VanishLimit { share: 1.0, ..limit }.is_exceeded(100, 100, LEAST));
    }
}

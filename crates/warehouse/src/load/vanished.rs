//! The limit on rows that a load may hide because the source no longer has them: an empty or much smaller
//! source has to be confirmed first.

use std::collections::BTreeMap;

use bionicpro_model::{Condition, Error, Kind, Result};
use chrono::NaiveDate;
use clickhouse::Row;
use serde::Deserialize;

use super::LoadSpec;
use crate::Warehouse;
use crate::params::ranged;

/// The limit on rows that a load may hide without confirmation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VanishLimit {
    /// The maximum share of the live rows, for the whole load and for each of its days.
    pub share: f64,
    /// The number of vanished rows that a person has confirmed.
    pub confirmed: u64,
}

/// Fewer vanished rows than this do not stop a load, unless nothing at all is left: two days of one device.
const LEAST: u64 = 48;

/// The maximum number of days listed in an error.
const NAMED: usize = 3;

/// By default everything may vanish.
impl Default for VanishLimit {
    fn default() -> Self {
        VanishLimit { share: 1.0, confirmed: u64::MAX }
    }
}

impl VanishLimit {
    /// Returns true if `vanished` of `live` rows are too many: more than confirmed, more than the share, and
    /// at least `least`.
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
    /// The number of its live rows that are older than the load.
    live: u64,
    /// The number of those that the load would hide.
    vanished: u64,
}

/// Returns the number of gathered tombstones by day.
pub(super) async fn tombstones(warehouse: &Warehouse) -> Result<BTreeMap<NaiveDate, u64>> {
    #[derive(Row, Deserialize)]
    struct Tombstones {
        #[serde(with = "clickhouse::serde::chrono::date")]
        date: NaiveDate,
        tombstones: u64,
    }
    let sql = "SELECT date, count() AS tombstones FROM load_rows WHERE is_deleted = 1 GROUP BY date";
    let query = warehouse.query(sql).fetch_all::<Tombstones>();
    let days = warehouse.run("counting the rows to hide", query).await?;
    Ok(days.into_iter().map(|day| (day.date, day.tombstones)).collect())
}

/// Refuses a load that would hide too much. `hidden` is the number of vanished rows that it hides on each
/// day.
///
/// # Errors
/// `Data` with the counts and how to confirm them; the mart is unchanged then.
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
    let live = warehouse.run("counting the live rows of the mart", query).await?;
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
        .condition(Condition::TooMuchVanished)
        .detail(format!("{vanished} of the {all} live rows of {range} are gone from the telemetry{named}"))
        .hint(format!(
            "the mart is unchanged. If the source keeps less than the mart, set telemetry.keeps; if these rows were meant to be \
             deleted, confirm with the same command and --confirm-vanished {vanished}; otherwise restore them in the source. \
             pipeline.max_vanished_share is {}",
            limit.share
        )))
}

/// The error message of a load that would hide more than the limit allows.
pub const TOO_MUCH_VANISHED: &str = "too much of the mart would vanish at once";

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

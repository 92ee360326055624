//! Cuts the range for reading: hour by hour over several connections, or at once.
//!
//! An hour is the cheapest slice: its hash table fits the processor's cache and the hour need not be computed
//! for each row. It needs an index that begins with `event_time`, and rows of one hour that are on few pages:
//! otherwise each row costs a page. This is measured on a few hours, because statistics may be missing.

use std::collections::HashSet;

use bionicpro_model::Result;
use bionicpro_model::hours::floor_to_hour;
use chrono::{DateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::Telemetry;
use super::plan::HOUR_US;
use crate::connect::Session;
use crate::ident::instant_literal;

/// The way in which the range is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slicing {
    /// A query for each hour.
    ByHour,
    /// One query for the whole range.
    AtOnce,
}

/// Above this many pages for each row, reading by index costs more than reading the table.
pub(super) const MOST_PAGES_PER_ROW: f64 = 0.5;
/// The number of rows of an hour that are sampled.
const SAMPLE_ROWS: u32 = 10_000;

/// The indexes of the table.
pub(super) struct Indexes {
    pub(super) by_time: bool,
    pub(super) by_chip_and_time: bool,
    /// The columns with which an index begins.
    pub(super) first_columns: HashSet<String>,
}

impl Indexes {
    pub(super) async fn read(session: &Session, schema: &str, table: &str) -> Result<Indexes> {
        let rows = session.rows(include_str!("indexes.sql"), &[schema, table]).await?;
        let mut indexes = Indexes { by_time: false, by_chip_and_time: false, first_columns: HashSet::new() };
        for row in &rows {
            let first: Option<&str> = row.get(0);
            let second: Option<&str> = row.get(1);
            indexes.first_columns.extend(first.map(str::to_owned));
            indexes.by_time |= first == Some("event_time");
            indexes.by_chip_and_time |= first == Some("chip_id") && second == Some("event_time");
        }
        Ok(indexes)
    }
}

/// Decides by sampling three hours of the span to read, given in microseconds since 1970.
pub(super) async fn choose(telemetry: &Telemetry, (first, end): (i64, i64)) -> Result<Slicing> {
    if !telemetry.indexes.by_time || !telemetry.shape.is_stored {
        return Ok(Slicing::AtOnce);
    }
    let session = &telemetry.session;
    let (mut rows, mut pages) = (0_i64, 0_i64);
    session.execute("SET LOCAL enable_seqscan = off").await?;
    for quarter in 1..=3 {
        let at = first + (end - first) / 4 * quarter;
        let from = floor_to_hour(DateTime::from_timestamp_micros(at).unwrap_or_default());
        let zone = telemetry.query.time_has_zone;
        let sql = format!(
            "SELECT count(*), count(DISTINCT (source, (place::text::point)[0])) FROM (SELECT t.tableoid AS source, \
             t.ctid AS place FROM {} AS t WHERE t.\"event_time\" >= {} AND t.\"event_time\" < {} LIMIT {SAMPLE_ROWS}) AS s",
            telemetry.query.table,
            instant_literal(from, zone),
            instant_literal(from + TimeDelta::hours(1), zone),
        );
        let row = session.row(&sql, &[]).await?;
        rows += row.get::<_, i64>(0);
        pages += row.get::<_, i64>(1);
    }
    session.execute("SET LOCAL enable_seqscan = on").await?;
    #[expect(clippy::cast_precision_loss, reason = "at most some ten thousand")]
    let scattered = pages as f64 > MOST_PAGES_PER_ROW * rows as f64 && pages > 100;
    Ok(if scattered { Slicing::AtOnce } else { Slicing::ByHour })
}

/// The slices of some spans of whole hours, oldest first.
pub(super) fn cut(spans: &[(i64, i64)], slicing: Slicing) -> Vec<(i64, i64)> {
    if slicing == Slicing::AtOnce {
        return spans.to_vec();
    }
    let hours = |(from, to): &(i64, i64)| {
        let (from, hours) = (*from, (to - from) / HOUR_US);
        (0..hours).map(move |hour| (from + hour * HOUR_US, from + (hour + 1) * HOUR_US))
    };
    spans.iter().flat_map(hours).collect()
}

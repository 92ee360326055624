//! Rows whose event time no report can hold: counted, so that they are not believed to be loaded.

use bionicpro_model::Result;
use bionicpro_model::hours::{END_OF_HOURS, FIRST_HOUR};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Telemetry;
use crate::ident::instant_literal;
use crate::template::fill;

/// Rows of the table that are in no cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// Before 1970, the year 1 included.
    pub before_1970: u64,
    /// From 2106-02-07 on, the year 9999 and infinity included.
    pub after_2106: u64,
    /// Ahead of what a run reads: they are read when their hour comes.
    pub in_the_future: u64,
    /// Without an event time.
    pub without_time: u64,
}

impl Outside {
    /// Returns true if there are no such rows.
    pub fn is_empty(&self) -> bool {
        *self == Outside::default()
    }
}

pub(super) async fn count(telemetry: &Telemetry, readable_until: DateTime<Utc>) -> Result<Outside> {
    let [first, end, future] = [FIRST_HOUR, END_OF_HOURS, readable_until.min(END_OF_HOURS)]
        .map(|at| instant_literal(at, telemetry.query.time_has_zone));
    let words = [("first", &*first), ("end", &end), ("future", &future), ("table", &telemetry.query.table)];
    let sql = fill(include_str!("outside.sql"), &words);
    let session = &telemetry.session;
    let fail = |error| session.place.error(error);
    let row = session.row(&sql, &[]).await?;
    let count = |column: usize| -> Result<u64> {
        let count: i64 = row.try_get(column).map_err(fail)?;
        Ok(count.cast_unsigned())
    };
    Ok(Outside {
        before_1970: count(0)?,
        after_2106: count(1)?,
        in_the_future: count(2)?,
        without_time: count(3)?,
    })
}

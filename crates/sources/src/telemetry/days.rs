//! Rows of each day, counted in a query of their own, to plan a backfill and to compare a full run with.

use std::collections::BTreeMap;

use bionicpro_model::hours::FIRST_HOUR;
use bionicpro_model::{HourRange, Result};
use chrono::{NaiveDate, TimeDelta};

use super::Telemetry;
use crate::ident::instant_literal;
use crate::template::fill;

impl Telemetry {
    /// The number of rows with a chip in the range, by UTC day; a day without any is left out.
    ///
    /// # Errors
    /// Any error of the connection.
    pub async fn rows_by_day(&self, range: &HourRange) -> Result<BTreeMap<NaiveDate, u64>> {
        let [from, to] = [range.from(), range.to()].map(|at| instant_literal(at, self.query.time_has_zone));
        let day = match self.query.time_has_zone {
            true => r#"(t."event_time" AT TIME ZONE 'UTC')::date"#,
            false => r#"t."event_time"::date"#,
        };
        let words = [("day", day), ("table", &*self.query.table), ("from", &*from), ("to", &*to)];
        let session = &self.session;
        let fail = |error| session.place.error(error);
        let sql = fill(include_str!("rows_by_day.sql"), &words);
        let mut days = BTreeMap::new();
        for row in session.rows(&sql, &[]).await? {
            let (day, rows): (i32, i64) = (row.try_get(0).map_err(fail)?, row.try_get(1).map_err(fail)?);
            let date = FIRST_HOUR.date_naive() + TimeDelta::days(i64::from(day));
            days.insert(date, rows.cast_unsigned());
        }
        Ok(days)
    }
}

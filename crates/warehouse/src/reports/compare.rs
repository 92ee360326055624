//! Two ranges of days beside each other.

use bionicpro_model::{Error, Kind, Result};
use chrono::NaiveDate;
use chrono_tz::Tz;
use uuid::Uuid;

use super::zone::day_start;
use super::{Reports, Summary, of_caller};
use crate::params::instant;

impl Reports {
    /// Totals of two ranges of days of the zone, each half-open; the same numbers as two summaries, asked at once.
    pub async fn compare(
        &self,
        login: &str,
        prosthesis: Option<Uuid>,
        tz: Tz,
        a: (NaiveDate, NaiveDate),
        b: (NaiveDate, NaiveDate),
    ) -> Result<(Summary, Summary)> {
        let summary = |side: &str| {
            let of = |end: &str| (format!("{{{end}: "), format!("{{{side}_{end}: "));
            let ((from, own_from), (to, own_to)) = (of("from"), of("to"));
            of_caller(include_str!("summary.sql")).replace(&from, &own_from).replace(&to, &own_to)
        };
        let sql = include_str!("compare.sql").replace("({a})", &format!("({})", summary("a")));
        let sql = sql.replace("({b})", &format!("({})", summary("b")));
        let query = self.own(&sql, login).await?;
        let query = query
            .param("prosthesis_id", prosthesis)
            .param("tz", tz.name())
            .param("a_from", instant(day_start(tz, a.0)))
            .param("a_to", instant(day_start(tz, a.1)))
            .param("b_from", instant(day_start(tz, b.0)))
            .param("b_to", instant(day_start(tz, b.1)));
        let mut sides =
            self.run_zoned("comparing two ranges", query.fetch_all::<Summary>()).await?.into_iter();
        match (sides.next(), sides.next()) {
            (Some(a), Some(b)) => Ok((a, b)),
            _ => Err(Error::new(Kind::Internal, "a comparison has fewer than two sides")),
        }
    }
}

//! The layers below [`crate::Server`], for fuzzing: the parsing of untrusted queries.

use chrono::{DateTime, NaiveDate, Utc};

use crate::parameters::{Day, DayRange, ProsthesisId, Query, Zone};

/// The parsed parameters of a query for a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeQuery {
    /// The first day.
    pub from: NaiveDate,
    /// The day after the last one.
    pub to: NaiveDate,
    /// The zone's name.
    pub tz: &'static str,
    /// The prosthesis, as answers write it.
    pub prosthesis_id: Option<String>,
}

/// The parameter names that [`asked`] accepts.
pub const NAMES: [&str; 5] = ["from", "to", "through", "tz", "prosthesis_id"];

/// Parses the query at this moment as endpoints of ranges do; `None` if it is refused.
pub fn asked(query: &str, now: DateTime<Utc>, default_days: i64) -> Option<RangeQuery> {
    let query = Query::parse(query, &NAMES).ok()?;
    let zone = Zone::read(&query).ok()?;
    let DayRange { from, to } = DayRange::read(&query, zone, now, default_days).ok()?;
    zone.check_whole_hours(from, to).ok()?;
    let prosthesis_id = ProsthesisId::read(&query).ok()?.map(|id| id.to_string());
    Some(RangeQuery { from, to, tz: zone.name(), prosthesis_id })
}

/// The values of the query by name; `None` if it is refused.
pub fn values(query: &str) -> Option<Vec<(&'static str, String)>> {
    let query = Query::parse(query, &NAMES).ok()?;
    Some(NAMES.into_iter().filter_map(|name| Some((name, query.get(name)?.to_owned()))).collect())
}

/// Parses the day in a path, in UTC; `None` if it is refused.
pub fn day(text: &str, now: DateTime<Utc>) -> Option<NaiveDate> {
    Day::parse("date", text, Zone::default(), now).ok().map(|Day(day)| day)
}

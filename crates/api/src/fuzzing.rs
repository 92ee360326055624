//! The layers below [`crate::Server`], for fuzzing: what is decided about a query that a stranger wrote.

use chrono::{DateTime, NaiveDate, Utc};

use crate::parameters::{Day, DayRange, ProsthesisId, Query, Zone};

/// What a query asks for.
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

/// The names of [`asked`].
pub const NAMES: [&str; 5] = ["from", "to", "through", "tz", "prosthesis_id"];

/// What the query asks for at this moment, as endpoints of ranges read it; none where it is refused.
pub fn asked(query: &str, now: DateTime<Utc>, default_days: i64) -> Option<RangeQuery> {
    let query = Query::parse(query, &NAMES).ok()?;
    let zone = Zone::read(&query).ok()?;
    let DayRange { from, to } = DayRange::read(&query, zone, now, default_days).ok()?;
    zone.check_whole_hours(from, to).ok()?;
    let prosthesis_id = ProsthesisId::read(&query).ok()?.map(|id| id.to_string());
    Some(RangeQuery { from, to, tz: zone.name(), prosthesis_id })
}

/// The values of the query by their names; none where it is refused.
pub fn values(query: &str) -> Option<Vec<(&'static str, String)>> {
    let query = Query::parse(query, &NAMES).ok()?;
    Some(NAMES.into_iter().filter_map(|name| Some((name, query.get(name)?.to_owned()))).collect())
}

/// The day that a path names, by UTC; none where it is refused.
pub fn day(text: &str, now: DateTime<Utc>) -> Option<NaiveDate> {
    Day::parse("date", text, Zone::default(), now).ok().map(|Day(day)| day)
}

//! The query string, strictly: known names once each, whole percent-encoding, UTF-8.
//!
//! What a lax parser repairs or ignores (a second `date`, `%ff`, a misspelt name) is refused with the name of the
//! parameter, so that nobody gets an answer to a question that they did not ask.

mod date;
mod prosthesis;
mod query;
mod range;
mod zone;

pub(crate) use date::{Day, local_today};
pub(crate) use prosthesis::ProsthesisId;
pub(crate) use query::{FromQuery, NoParameters, Query, Strict};
pub(crate) use range::{DayRange, MAX_RANGE_DAYS};
pub(crate) use zone::Zone;

//! Strict parsing of the query string: known names, at most once each, valid percent-encoding, UTF-8.
//!
//! Input that a lax parser would repair or ignore (a second `date`, `%ff`, a misspelt name) is refused with
//! the name of the parameter, so that no client gets an answer to a request that it did not mean.

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

//! The neighbours of a day: the nearest days before and after it with data.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use crate::zone::local_day;
use crate::{Presence, day_start};

/// A person's nearest days with data around a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Neighbours {
    /// The person's first hour with data.
    pub first_hour: Option<DateTime<Utc>>,
    /// The newest day with data before the day.
    pub previous_day: Option<NaiveDate>,
    /// The oldest day with data after the day.
    pub next_day: Option<NaiveDate>,
}

/// The neighbours of a day of the zone.
pub fn neighbours(presence: &Presence, prosthesis: Option<Uuid>, tz: Tz, date: NaiveDate) -> Neighbours {
    let (start, end) = (day_start(tz, date), day_start(tz, date.succ_opt().unwrap_or(date)));
    // Clocks are put back by less than a day, so an hour that is more than a day older than the newest one
    // never has a later local date.
    let (before, after) = (presence.before(prosthesis, start), presence.from(prosthesis, end));
    Neighbours {
        first_hour: presence.first_hour(prosthesis),
        previous_day: before.into_iter().map(|hour| local_day(tz, hour)).max(),
        next_day: after.into_iter().map(|hour| local_day(tz, hour)).min(),
    }
}

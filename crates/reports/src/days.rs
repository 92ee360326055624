//! The days of a zone that have data.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use chrono_tz::Tz;
use uuid::Uuid;

use crate::Presence;
use crate::zone::local_day;

/// Days with data.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Days {
    /// One page, newest first.
    pub dates: Vec<NaiveDate>,
    /// The total number of days with data.
    pub total: u64,
}

/// The newest `limit` days with data before `before`, and the total number of days with data.
pub fn days(
    presence: &Presence,
    prosthesis: Option<Uuid>,
    tz: Tz,
    before: Option<NaiveDate>,
    limit: u16,
) -> Days {
    let all: BTreeSet<NaiveDate> = presence.hours(prosthesis).map(|hour| local_day(tz, hour)).collect();
    let page = all.iter().rev().filter(|day| before.is_none_or(|before| **day < before));
    Days { dates: page.take(limit.into()).copied().collect(), total: all.len() as u64 }
}

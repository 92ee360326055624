//! A person's hours: the months that a query needs, combined.

use std::hash::Hash;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{Month, MonthHours, Person, Row};

/// A person with the hours of some months. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Hours {
    person: Arc<Person>,
    /// Oldest first.
    months: Vec<Arc<MonthHours>>,
}

impl Hours {
    /// Combines months of the person, in any order. Each month with data that is queried later must be among
    /// them.
    pub fn new(person: Arc<Person>, mut months: Vec<Arc<MonthHours>>) -> Self {
        months.sort_by_key(|month| month.month());
        Hours { person, months }
    }

    /// The person.
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// The rows `from <= hour < to` of a prosthesis, or of all, by hour and prosthesis.
    ///
    /// # Panics
    /// In a development build, if a month with data was not read: its rows would be missing.
    pub fn rows(
        &self,
        prosthesis: Option<Uuid>,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> impl DoubleEndedIterator<Item = Row<'_>> {
        debug_assert!(
            Month::spanning(from, to)
                .into_iter()
                .all(|month| self.has(month) || !self.person.presence.has(month)),
            "a month with data in the range was not read"
        );
        let rows = self.months.iter().flat_map(move |month| month.rows(from, to));
        rows.filter(move |row| prosthesis.is_none_or(|asked| asked == row.prosthesis_id))
    }

    /// The digest by which two reads are compared, apart from the presence: the user id, the prostheses, and
    /// each month with the digest of its hours.
    pub fn digest(&self) -> impl Hash + '_ {
        // A month without data is equivalent to one that was not read.
        let months = self.months.iter().filter(|month| !month.is_empty());
        let months: Vec<_> = months.map(|month| (month.month(), month.digest())).collect();
        (self.person.user_id, &self.person.prostheses, months)
    }

    fn has(&self, month: Month) -> bool {
        self.months.binary_search_by_key(&month, |read| read.month()).is_ok()
    }
}

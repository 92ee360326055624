//! The meaning of an empty or unfinished span of time. The source has no heartbeat, so an absence of
//! movements never means "not worn".

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// The availability of data for a day or an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Availability {
    /// The data reflect all of it, and there were movements. Readings may still arrive late and change it.
    Complete,
    /// The data reflect all of it, and no movement was recorded.
    NoMovements,
    /// The data end within it, so its numbers are preliminary.
    Running,
    /// It begins at or after the end of the data: nothing is known about it yet.
    NewerThanData,
    /// It ended before the person's first data, or the person has no data.
    BeforeFirstData,
}

/// The moments that determine the availability of a span.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Data {
    /// The newest moment that the data reflect.
    pub(crate) as_of: Option<DateTime<Utc>>,
    /// The person's first hour with data, or any hour before the spans in question.
    pub(crate) first_hour: Option<DateTime<Utc>>,
}

impl Availability {
    /// The state of the span `starts_at <= t < ends_at`.
    pub(crate) fn of(
        (starts_at, ends_at): (DateTime<Utc>, DateTime<Utc>),
        data: Data,
        has_movements: bool,
    ) -> Self {
        let reached = |moment| data.as_of.is_some_and(|as_of| as_of >= moment);
        let started = data.as_of.is_some_and(|as_of| as_of > starts_at);
        match (reached(ends_at), has_movements) {
            (true, true) => Availability::Complete,
            (true, false) if data.first_hour.is_none_or(|first| first >= ends_at) => {
                Availability::BeforeFirstData
            }
            (true, false) => Availability::NoMovements,
            // The numbers may be newer than `as_of`, which is read before them.
            (false, true) => Availability::Running,
            (false, false) if started => Availability::Running,
            (false, false) => Availability::NewerThanData,
        }
    }

    /// Returns true if a count without rows is known to be 0.
    pub(crate) fn knows_counts(self) -> bool {
        match self {
            Availability::Complete | Availability::NoMovements | Availability::Running => true,
            Availability::NewerThanData | Availability::BeforeFirstData => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(hour * 3600, 0).unwrap()
    }

    #[test]
    fn empty_spans_differ_by_where_the_data_begin_and_end() {
        let data = Data { as_of: Some(at(100)), first_hour: Some(at(10)) };
        let empty = |from, to| Availability::of((at(from), at(to)), data, false);
        assert_eq!(empty(0, 10), Availability::BeforeFirstData);
        assert_eq!(empty(9, 11), Availability::NoMovements);
        assert_eq!(empty(76, 100), Availability::NoMovements);
        assert_eq!(empty(77, 101), Availability::Running);
        assert_eq!(empty(100, 124), Availability::NewerThanData);
        assert_eq!(Availability::of((at(76), at(100)), data, true), Availability::Complete);
        assert_eq!(Availability::of((at(100), at(124)), data, true), Availability::Running);
    }

    #[test]
    fn before_the_first_load_nothing_is_known() {
        let nothing = Data { as_of: None, first_hour: None };
        assert_eq!(Availability::of((at(0), at(24)), nothing, false), Availability::NewerThanData);
        assert_eq!(Availability::of((at(0), at(24)), nothing, true), Availability::Running);
        let nobody = Data { as_of: Some(at(100)), first_hour: None };
        assert_eq!(Availability::of((at(0), at(24)), nobody, false), Availability::BeforeFirstData);
    }
}

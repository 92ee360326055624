//! A calendar day of a time zone: its date and weekday, its neighbours, its 23, 24 or 25 hours. It contains
//! no numbers of a report.
//!
//! With it, client programs need no date arithmetic, a common source of reports that are wrong by a day.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc, Weekday};
use serde::Serialize;
use utoipa::ToSchema;

use crate::availability::{Availability, Data};
use crate::parameters::{Zone, local_today};

/// A day of a zone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalDay {
    zone: Zone,
    pub(crate) date: NaiveDate,
    /// Today's date in the zone.
    pub(crate) today: NaiveDate,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
}

/// An hour of a day, with or without movements.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LocalHour {
    /// The beginning of the hour.
    #[schema(example = "2024-01-15T08:00:00Z")]
    hour: DateTime<Utc>,
    /// The local time at that moment. An hour that occurs twice has the same label with another offset.
    #[schema(example = "11:00")]
    label: String,
    /// The zone's offset from UTC at that moment.
    #[schema(example = "+03:00")]
    offset: String,
    state: Availability,
}

impl LocalDay {
    pub(crate) fn new(date: NaiveDate, zone: Zone, now: DateTime<Utc>) -> Self {
        LocalDay {
            zone,
            date,
            today: local_today(zone, now),
            starts_at: zone.start_of(date),
            ends_at: zone.start_of(date + TimeDelta::days(1)),
        }
    }

    /// The day of the week, in English.
    pub(crate) fn weekday(&self) -> &'static str {
        english(self.date.weekday())
    }

    pub(crate) fn is_today(&self) -> bool {
        self.date == self.today
    }

    /// The number of hours in the day.
    pub(crate) fn length(&self) -> i64 {
        (self.ends_at - self.starts_at).num_hours()
    }

    /// The day before, or `None` if it cannot be requested.
    pub(crate) fn previous_day(&self) -> Option<NaiveDate> {
        self.date.pred_opt().filter(|day| *day >= NaiveDate::default())
    }

    /// The day after, or `None` if it cannot be requested.
    pub(crate) fn next_day(&self) -> Option<NaiveDate> {
        self.date.succ_opt().filter(|day| *day <= self.today + TimeDelta::days(1))
    }

    pub(crate) fn state(&self, data: Data, has_movements: bool) -> Availability {
        Availability::of((self.starts_at, self.ends_at), data, has_movements)
    }

    /// Every hour of the day; `is_used` returns true for an hour with a movement.
    pub(crate) fn hours(&self, data: Data, is_used: impl Fn(DateTime<Utc>) -> bool) -> Vec<LocalHour> {
        let starts = (0..self.length()).map(|hour| self.starts_at + TimeDelta::hours(hour));
        let hour = |hour: DateTime<Utc>| {
            let local = hour.with_timezone(&self.zone.tz()).fixed_offset();
            LocalHour {
                hour,
                label: local.format("%H:%M").to_string(),
                offset: local.format("%:z").to_string(),
                state: Availability::of((hour, hour + TimeDelta::hours(1)), data, is_used(hour)),
            }
        };
        starts.map(hour).collect()
    }
}

fn english(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(date: &str, zone: &str) -> LocalDay {
        LocalDay::new(
            date.parse().unwrap(),
            Zone::parse(zone).unwrap(),
            "2026-11-23T20:50:00Z".parse().unwrap(),
        )
    }

    fn labels(frame: &LocalDay) -> Vec<(String, String)> {
        let hours = frame.hours(Data { as_of: None, first_hour: None }, |_| false);
        hours.into_iter().map(|hour| (hour.label, hour.offset)).collect()
    }

    #[test]
    fn days_have_the_hours_that_their_clocks_show() {
        let short = frame("2026-03-29", "Europe/Berlin");
        assert_eq!(short.length(), 23);
        assert_eq!(labels(&short)[1..3], [("01:00", "+01:00"), ("03:00", "+02:00")].map(owned));
        let long = frame("2026-10-25", "Europe/Berlin");
        assert_eq!(long.length(), 25);
        assert_eq!(labels(&long)[2..4], [("02:00", "+02:00"), ("02:00", "+01:00")].map(owned));
        assert_eq!(labels(&frame("2026-11-20", "Europe/Moscow")).len(), 24);
    }

    fn owned((label, offset): (&str, &str)) -> (String, String) {
        (label.to_owned(), offset.to_owned())
    }

    #[test]
    fn neighbours_end_where_days_can_no_longer_be_asked_for() {
        let today = frame("2026-11-23", "UTC");
        assert!(today.is_today());
        assert_eq!(today.next_day().unwrap().to_string(), "2026-11-24");
        assert_eq!(frame("2026-11-24", "UTC").next_day(), None);
        assert_eq!(frame("1970-01-01", "UTC").previous_day(), None);
        assert!(frame("2026-11-24", "Asia/Tokyo").is_today(), "it is tomorrow there");
    }
}

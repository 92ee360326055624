//! Days of a time zone: their first instants, and the day of an instant.

use bionicpro_model::hours::{END_OF_HOURS, FIRST_HOUR};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

/// The longest gap in local time, in quarters of an hour: clocks are put forward by at most a day (Samoa in
/// 2011).
const LONGEST_GAP_QUARTERS: i32 = 24 * 4 + 1;

/// The first instant of `date` in the zone, clamped to the hours that the warehouse can hold.
///
/// If midnight occurs twice (clocks put back), it is the first of them; if it does not occur (clocks put
/// forward at midnight), it is the first instant after it. A date that a zone skipped is empty: it begins
/// when the next one does.
pub fn day_start(tz: Tz, date: NaiveDate) -> DateTime<Utc> {
    let midnight = date.and_time(NaiveTime::MIN);
    let start = (0..LONGEST_GAP_QUARTERS).find_map(|quarters| {
        let local = midnight.checked_add_signed(TimeDelta::minutes(i64::from(quarters) * 15))?;
        local.and_local_timezone(tz).earliest()
    });
    let start = start.map_or_else(|| midnight.and_utc(), |local| local.with_timezone(&Utc));
    start.clamp(FIRST_HOUR, END_OF_HOURS)
}

/// The day of the zone that contains the moment: the first day that is not complete by then. Without a
/// moment, 1970-01-01, so that no day is complete.
pub(crate) fn day_of(tz: Tz, moment: Option<DateTime<Utc>>) -> NaiveDate {
    moment.map_or(NaiveDate::default(), |moment| {
        moment.clamp(FIRST_HOUR, END_OF_HOURS).with_timezone(&tz).date_naive()
    })
}

/// The day of the zone that contains the hour.
pub(crate) fn local_day(tz: Tz, hour: DateTime<Utc>) -> NaiveDate {
    hour.with_timezone(&tz).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(zone: &str, date: &str) -> String {
        day_start(zone.parse().unwrap(), date.parse().unwrap()).format("%Y-%m-%dT%H:%M").to_string()
    }

    #[test]
    fn a_day_begins_at_local_midnight() {
        assert_eq!(starts("UTC", "2024-01-15"), "2024-01-15T00:00");
        assert_eq!(starts("Europe/Moscow", "2024-01-15"), "2024-01-14T21:00");
        assert_eq!(starts("America/New_York", "2024-03-10"), "2024-03-10T05:00");
        assert_eq!(starts("America/New_York", "2024-03-11"), "2024-03-11T04:00");
    }

    #[test]
    fn a_midnight_that_comes_twice_or_never_still_begins_one_day() {
        assert_eq!(starts("America/Havana", "2024-11-03"), "2024-11-03T04:00");
        assert_eq!(starts("America/Sao_Paulo", "2018-11-04"), "2018-11-04T03:00");
        assert_eq!(starts("Pacific/Apia", "2011-12-30"), starts("Pacific/Apia", "2011-12-31"));
    }

    #[test]
    fn days_outside_the_warehouse_are_kept_within_it() {
        assert_eq!(starts("UTC", "0001-01-01"), "1970-01-01T00:00");
        assert_eq!(starts("UTC", "9999-12-31"), "2106-02-07T00:00");
    }
}

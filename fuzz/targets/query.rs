//! Queries and days: an accepted one has one meaning, the documented one, and is within the calendar.
#![no_main]

use std::sync::LazyLock;

use bionicpro_api::fuzzing::{NAMES, asked, day, values};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use libfuzzer_sys::fuzz_target;

const DEFAULT_DAYS: i64 = 30;
/// The longest range.
const MOST_DAYS: i64 = 366;

static NOW: LazyLock<DateTime<Utc>> = LazyLock::new(|| "2026-11-23T20:50:00Z".parse().unwrap());

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    check_day(text);
    check_values(text);
    check_range(text);
});

/// Checks that an accepted day is spelled as it would be formatted.
fn check_day(text: &str) {
    let Some(day) = day(text, *NOW) else { return };
    assert_eq!(day.to_string(), text);
    assert!((NaiveDate::default()..=NOW.date_naive() + TimeDelta::days(1)).contains(&day), "{day}");
}

/// Checks that two parsers of the query agree: each name once, the values decoded in the same way.
fn check_values(text: &str) {
    let Some(values) = values(text) else { return };
    let decoded = |part: &str| {
        let spaced = part.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced).decode_utf8().expect("UTF-8").into_owned()
    };
    let pieces = text.split('&').filter(|_| !text.is_empty());
    let mut again: Vec<(String, String)> = pieces
        .map(|piece| piece.split_once('=').unwrap_or((piece, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect();
    let mut values: Vec<_> = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    values.sort();
    again.sort();
    assert_eq!(values, again);
    assert!(values.len() <= NAMES.len());
}

fn check_range(text: &str) {
    let Some(asked) = asked(text, *NOW, DEFAULT_DAYS) else { return };
    let days = (asked.to - asked.from).num_days();
    assert!((0..=MOST_DAYS).contains(&days), "{days} days");
    let latest = NOW.date_naive() + TimeDelta::days(3);
    assert!(asked.from >= NaiveDate::default() && asked.to <= latest, "{asked:?}");
    assert!(asked.prosthesis_id.is_none_or(|id| id.len() == 36 && id == id.to_lowercase()));
    // The range, formatted and parsed again, is the same.
    let again = format!("from={}&to={}&tz={}", asked.from, asked.to, asked.tz.replace('/', "%2F"));
    if asked.to <= NOW.date_naive() {
        let again = asked_again(&again);
        assert_eq!((again.from, again.to, again.tz), (asked.from, asked.to, asked.tz));
    }
}

fn asked_again(text: &str) -> bionicpro_api::fuzzing::RangeQuery {
    asked(text, *NOW, DEFAULT_DAYS).expect("a range that was given out")
}

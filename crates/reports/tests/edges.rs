//! Reports of hand-written hours: clock changes, ties, unknown values. The crate `warehouse` tests random
//! hours against the engine.

#![expect(clippy::unwrap_used, reason = "a helper of a test panics like the test")]

use std::sync::Arc;

use bionicpro_reports::{
    Hours, Month, MonthHours, Person, Presence, Row, Sums, by_day, by_day_months, day_start, days, months,
    neighbours, summary, typical,
};
use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

fn at(text: &str) -> DateTime<Utc> {
    format!("{text}:00:00Z").parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// An hour with this number of movements and no other values.
fn row(hour: &str, prosthesis: u128, movements: u32) -> Row<'static> {
    Row {
        hour: at(hour),
        prosthesis_id: Uuid::from_u128(prosthesis),
        chip_id: "chip",
        prosthesis_model: "Hand",
        movements,
        errors: 0,
        anomalies: 0,
        response_count: 0,
        response_sum: 0.0,
        battery_count: 0,
        battery_sum: 0.0,
        battery_min: None,
        battery_last: None,
        version: 1,
    }
}

/// A person with these rows, all of whose months are read.
fn hours(rows: &[Row<'_>]) -> Hours {
    let days = rows.iter().map(|row| {
        let hours = row.hour.timestamp() / 3600;
        (row.prosthesis_id, u16::try_from(hours / 24).unwrap(), 1 << (hours % 24))
    });
    let person = Person { presence: Presence::new(days), ..Person::default() };
    let mut needed: Vec<Month> = rows.iter().map(|row| Month::of(row.hour)).collect();
    needed.dedup();
    let months = MonthHours::of_months(&needed, rows.iter().copied());
    Hours::new(Arc::new(person), months.into_iter().map(Arc::new).collect())
}

#[test]
fn nobody_has_nothing() {
    let nobody = hours(&[]);
    let presence = &nobody.person().presence;
    let range = (day("2026-01-01"), day("2027-01-01"));
    assert_eq!(days(presence, None, Tz::UTC, None, 10).total, 0);
    let around = neighbours(presence, None, Tz::UTC, range.0);
    assert_eq!((around.first_hour, around.previous_day, around.next_day), (None, None, None));
    assert_eq!(summary(&nobody, None, Tz::UTC, range), Default::default());
    assert_eq!(by_day(&nobody, None, Tz::UTC, range, None), Default::default());
    assert_eq!(typical(&nobody, None, Tz::UTC, range, Some(at("2027-01-01T00"))), []);
}

#[test]
fn days_of_23_and_25_hours_are_cut_at_their_own_midnights() {
    let tz = Tz::Europe__Berlin;
    let rows = [
        row("2026-03-28T22", 1, 1),
        row("2026-03-28T23", 1, 2),
        row("2026-03-29T21", 1, 4),
        row("2026-03-29T22", 1, 8),
        // Two o'clock occurs twice on this day in October.
        row("2026-10-24T22", 1, 16),
        row("2026-10-25T00", 1, 32),
        row("2026-10-25T01", 1, 64),
        row("2026-10-25T22", 1, 128),
        row("2026-10-25T23", 1, 256),
    ];
    let hours = hours(&rows);
    let of = |date: &str| {
        let range = (day(date), day(date) + Days::new(1));
        let found = by_day(&hours, None, tz, range, None);
        assert_eq!(summary(&hours, None, tz, range).sums, found.days[0].sums);
        found.days[0].sums.movements
    };
    assert_eq!(["2026-03-28", "2026-03-29", "2026-03-30"].map(of), [1, 2 + 4, 8]);
    assert_eq!(["2026-10-25", "2026-10-26"].map(of), [16 + 32 + 64 + 128, 256]);

    let typical = |date: &str| {
        let range = (day(date), day(date) + Days::new(1));
        let found = typical(&hours, None, tz, range, Some(at("2027-01-01T00")));
        found.into_iter().map(|hour| (hour.local_hour, hour.quantiles[2])).collect::<Vec<_>>()
    };
    let short = typical("2026-03-29");
    assert_eq!(short.len(), 23);
    assert!(short.iter().all(|(hour, _)| *hour != 2), "clocks skip two o'clock: {short:?}");
    let long = typical("2026-10-25");
    assert_eq!((long.len(), long[2]), (24, (2, 96.0)), "both hours are one");
}

#[test]
fn an_hour_with_two_prostheses_is_one_hour_of_use() {
    let rows = [
        Row { battery_last: Some(30.0), battery_min: Some(20.0), ..row("2026-01-15T08", 1, 5) },
        Row { battery_last: Some(40.0), battery_min: Some(35.0), ..row("2026-01-15T08", 2, 7) },
        // The battery level is unknown in this and the last hour.
        row("2026-01-15T09", 1, 1),
        Row { battery_last: Some(90.0), battery_min: Some(90.0), ..row("2026-01-15T10", 2, 1) },
        row("2026-01-15T11", 2, 1),
    ];
    let hours = hours(&rows);
    let range = (day("2026-01-15"), day("2026-01-16"));
    let found = summary(&hours, None, Tz::UTC, range);
    assert_eq!((found.days, found.sums.usage_hours, found.sums.movements), (1, 4, 15));
    assert_eq!((found.sums.battery_min, found.sums.battery_last()), (Some(20.0), Some(30.0)));
    let second = summary(&hours, Some(Uuid::from_u128(2)), Tz::UTC, range).sums;
    assert_eq!((second.usage_hours, second.battery_min, second.battery_last()), (3, Some(35.0), Some(90.0)));
    let unknown = Sums::of(hours.rows(None, (at("2026-01-15T09"), at("2026-01-15T10"))));
    assert_eq!((unknown.battery_min, unknown.battery_last(), unknown.battery), (None, None, (0, 0.0)));
}

#[test]
fn of_models_with_as_many_movements_the_first_by_name_counts() {
    let model = |prosthesis_model, row| Row { prosthesis_model, ..row };
    let rows = [
        model("Hand B", row("2026-01-15T08", 1, 3)),
        model("Hand A", row("2026-01-15T09", 1, 2)),
        model("Hand C", row("2026-01-15T10", 1, 2)),
        model("Hand A", row("2026-01-15T11", 1, 1)),
    ];
    let of = |rows: &[Row<'_>]| {
        summary(&hours(rows), None, Tz::UTC, (day("2026-01-15"), day("2026-01-16"))).prosthesis_model
    };
    assert_eq!((of(&rows), of(&rows[..3])), ("Hand A".to_owned(), "Hand B".to_owned()));
}

#[test]
fn medians_are_of_four_complete_days_of_the_week_before_and_of_none_without_a_moment() {
    let rows: Vec<_> = [("09", 9), ("11", 1), ("12", 2), ("13", 3), ("16", 8), ("17", 100)]
        .map(|(date, movements)| row(&format!("2026-01-{date}T12"), 1, movements))
        .into();
    let hours = hours(&rows);
    let medians = |as_of: Option<&str>| {
        let range = (day("2026-01-12"), day("2026-01-18"));
        let found = by_day(&hours, None, Tz::UTC, range, as_of.map(at));
        assert_eq!(found.first_hour, Some(at("2026-01-09T12")));
        found.days.into_iter().map(|day| day.median).collect::<Vec<_>>()
    };
    assert_eq!(medians(Some("2026-01-18T00")), [None, Some(2.5), Some(2.5), Some(3.0)], "the 9th is too old");
    assert_eq!(medians(Some("2026-01-17T23")), [None, Some(2.5), Some(2.5), None], "the 17th still runs");
    assert_eq!(medians(None), [None; 4]);
    assert_eq!(typical(&hours, None, Tz::UTC, (day("2026-01-12"), day("2026-01-18")), None), []);
}

#[test]
fn a_typical_hour_counts_days_without_a_movement_in_it() {
    let rows = [row("2026-01-15T08", 1, 10), row("2026-01-16T09", 1, 20), row("2026-01-17T08", 1, 40)];
    let as_of = Some(at("2026-01-17T20"));
    let found = typical(&hours(&rows), None, Tz::UTC, (day("2026-01-10"), day("2026-01-20")), as_of);
    assert_eq!(found.len(), 24);
    let eight = &found[8];
    assert_eq!(
        (eight.days, eight.days_with_movements, eight.quantiles[2]),
        (2, 1, 5.0),
        "the 17th still runs"
    );
}

#[test]
fn rows_come_by_hour_and_prosthesis_over_months_and_keep_their_chips() {
    let rows = [
        row("2026-02-01T00", 1, 4),
        Row { chip_id: "new", ..row("2026-01-31T23", 1, 3) },
        row("2026-01-31T23", 2, 9),
        row("2026-01-01T00", 1, 1),
    ];
    let hours = hours(&rows);
    let told = |range| hours.rows(None, range).map(|row| (row.chip_id, row.movements)).collect::<Vec<_>>();
    let whole = (at("2026-01-01T00"), at("2026-02-01T01"));
    assert_eq!(told(whole), [("chip", 1), ("new", 3), ("chip", 9), ("chip", 4)]);
    assert_eq!(told((at("2026-01-01T01"), at("2026-02-01T00"))), [("new", 3), ("chip", 9)]);
    assert_eq!(told((whole.1, whole.0)), []);
    let backwards: Vec<_> = hours.rows(None, whole).rev().map(|row| row.movements).collect();
    assert_eq!(backwards, [4, 9, 3, 1]);
}

#[test]
fn what_a_month_takes_grows_with_its_rows() {
    let of = |rows: u16| {
        let start = at("2026-01-01T00");
        let rows = (0..rows).map(|hour| Row {
            hour: start + chrono::TimeDelta::hours(hour.into()),
            ..row("2026-01-01T00", 1, 1)
        });
        MonthHours::of_months(&[Month::of(start)], rows)[0].bytes()
    };
    assert_eq!(of(700) - of(600), 100 * 66);
}

#[test]
fn a_range_of_days_needs_the_week_before_it_and_an_empty_one_nothing() {
    let numbers = |from, to| {
        by_day_months(Tz::UTC, (day(from), day(to))).into_iter().map(Month::number).collect::<Vec<_>>()
    };
    assert_eq!(numbers("2026-02-06", "2026-02-07"), [202_601, 202_602]);
    assert_eq!(numbers("2026-02-07", "2026-02-08"), [202_602]);
    assert_eq!(numbers("2026-02-06", "2026-02-06"), [0_u32; 0]);
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "a month with data in the range was not read")]
fn a_month_with_data_that_was_not_read_is_a_mistake() {
    let rows = [row("2026-01-15T08", 1, 10), row("2026-02-15T08", 1, 10)];
    let whole = hours(&rows);
    let (range, tz) = ((day("2026-01-15"), day("2026-02-16")), Tz::UTC);
    let read = MonthHours::of_months(&months(tz, range)[..1], rows.iter().copied());
    let part = Hours::new(Arc::new(whole.person().clone()), read.into_iter().map(Arc::new).collect());
    let _ = part.rows(None, (day_start(tz, range.0), day_start(tz, range.1))).count();
}

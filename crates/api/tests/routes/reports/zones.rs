//! `tz`: days split at the midnights of a region.

use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};
use chrono_tz::{TZ_VARIANTS, Tz};
use insta::assert_snapshot;

use crate::support::{App, Person, at};

#[tokio::test]
async fn the_hours_around_midnight_belong_to_the_day_of_the_zone() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    // 23:00 and 00:00 in Moscow.
    app.seed(&[&ivan], &["2024-01-15T20:00:00Z", "2024-01-15T21:00:00Z"].map(|hour| ivan.cell(1, at(hour))))
        .await;
    let client = app.wearer("ivan.petrov");

    let list = client.get("/api/reports?tz=Europe/Moscow").await.json();
    assert_eq!(list["reports"], serde_json::json!([{"date": "2024-01-16"}, {"date": "2024-01-15"}]));
    assert_eq!(list["timezone"], "Europe/Moscow");
    let day = client.get("/api/reports/2024-01-16?tz=Europe/Moscow").await.json();
    assert_eq!(day["starts_at"], "2024-01-15T21:00:00Z");
    assert_eq!(day["ends_at"], "2024-01-16T21:00:00Z");
    assert_eq!(day["weekday"], "Tuesday");
    assert_eq!(day["hourly_data"][0]["hour"], "2024-01-15T21:00:00Z");
    assert_eq!(day["hourly_data"][0]["local_hour"], "2024-01-16T00:00:00+03:00");
    assert_eq!(client.get("/api/reports").await.json()["total"], 1, "one day in UTC");
}

#[tokio::test]
async fn days_of_23_and_25_hours_lose_and_repeat_nothing() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    let hours = |from: &str| {
        let from = at(from);
        (0..96).map(move |hour| from + TimeDelta::hours(hour))
    };
    let cells: Vec<_> = hours("2024-03-29T23:00:00Z").chain(hours("2024-10-25T22:00:00Z")).collect();
    app.seed(&[&ivan], &cells.iter().map(|hour| ivan.cell(1, *hour)).collect::<Vec<_>>()).await;
    let client = app.wearer("ivan.petrov");

    let mut total = 0;
    for (day, expected) in [
        ("2024-03-30", 24),
        ("2024-03-31", 23),
        ("2024-04-01", 24),
        ("2024-04-02", 24),
        ("2024-04-03", 1),
        ("2024-10-26", 24),
        ("2024-10-27", 25),
        ("2024-10-28", 24),
        ("2024-10-29", 23),
    ] {
        let body = client.get(&format!("/api/reports/{day}?tz=Europe/Berlin")).await.json();
        assert_eq!(body["summary"]["uptime_hours"], expected, "{day}");
        total += body["summary"]["total_movements"].as_u64().unwrap();
    }
    assert_eq!(total, 2 * 96 * 100);
    let summary =
        client.get("/api/reports/summary?from=2024-03-31&to=2024-04-01&tz=Europe/Berlin").await.json();
    assert_eq!(summary["summary"]["total_usage_hours"], 23);
    assert_eq!(summary["total_days"], 1);
}

#[tokio::test]
async fn zones_that_cannot_be_answered_exactly_are_refused_with_the_reason() {
    let app = App::start().await;
    let client = app.wearer("ivan.petrov");
    let mut reasons = BTreeSet::new();
    for zone in [
        "Asia/Kolkata",
        "Etc/GMT%2B3",
        "Etc/GMT+3",
        "%2B03:00",
        "+03:00",
        "-03:00",
        "UTC%2B3",
        "MSK",
        "EST",
        "GMT",
        "Europe/moscow",
        "Europe/Atlantis",
        "",
        "Japan",
    ] {
        let answered = client.get(&format!("/api/reports?tz={zone}")).await;
        assert_eq!(answered.checked_status(), 400, "{zone}");
        reasons.insert(answered.json()["detail"].as_str().unwrap().to_owned());
    }
    assert_snapshot!(reasons.into_iter().collect::<Vec<_>>().join("\n"), @"
    tz has an offset that is not a whole number of hours in the requested days; reports are stored by UTC hour and cannot be split there
    tz is not a region of the IANA time zone database; case matters
    tz must be a region written as Area/City, such as Europe/Moscow, or UTC; abbreviations are ambiguous
    tz must be a region, not an offset: an offset ignores that clocks change; write Europe/Moscow
    tz must be a region: Etc/GMT zones have a fixed offset of inverted sign, and clocks change
    ");
    // The offset is half an hour off in winter only, so a day in summer can be answered.
    let lord_howe = |day: &str| format!("/api/reports/{day}?tz=Australia/Lord_Howe");
    assert_eq!(client.get(&lord_howe("2024-01-15")).await.status, 404);
    assert_eq!(client.get(&lord_howe("2024-07-15")).await.status, 400);
}

/// Two databases of time zones are used, the API's and the engine's. For every zone that is accepted, they
/// must split a year alike, or a day in the list would not be the day that opens.
#[tokio::test]
async fn the_engine_and_the_api_cut_the_last_year_alike_in_every_zone() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    let now = at(&chrono::Utc::now().format("%Y-%m-%dT%H:00:00Z").to_string());
    // Every hour of the day, with days left out between, so that an error of one hour changes the list of
    // days.
    let hours: Vec<_> = (0..24 * 360).step_by(37).map(|back| now - TimeDelta::hours(back)).collect();
    app.seed(&[&ivan], &hours.iter().map(|hour| ivan.cell(1, *hour)).collect::<Vec<_>>()).await;
    let client = app.wearer("ivan.petrov");

    let mut accepted = 0;
    let mut unknown_to_the_engine = Vec::new();
    for zone in &TZ_VARIANTS {
        let answered =
            client.get(&format!("/api/reports?limit=366&tz={}", zone.name().replace('+', "%2B"))).await;
        if answered.checked_status() == 400 {
            continue;
        }
        // A zone that is newer than the engine's database is found only if the system has it.
        if answered.status == 503 {
            unknown_to_the_engine.push(*zone);
            continue;
        }
        accepted += 1;
        let body = answered.json();
        let listed: BTreeSet<NaiveDate> = body["reports"]
            .as_array()
            .unwrap()
            .iter()
            .map(|day| day["date"].as_str().unwrap().parse().unwrap())
            .collect();
        let expected: BTreeSet<NaiveDate> = hours.iter().map(|hour| local(*zone, *hour)).collect();
        assert_eq!(listed, expected, "{zone}");
    }
    assert!(accepted > 300, "{accepted}");
    assert!(unknown_to_the_engine.len() <= 1, "{unknown_to_the_engine:?}");
}

fn local(zone: Tz, instant: chrono::DateTime<chrono::Utc>) -> NaiveDate {
    instant.with_timezone(&zone).date_naive()
}

//! `GET /api/reports/compare`.

use chrono::TimeDelta;
use insta::assert_snapshot;

use crate::support::{App, Cell, Person, at};

const WEEKS: &str =
    "/api/reports/compare?a_from=2024-01-01&a_to=2024-01-08&b_from=2024-01-08&b_to=2024-01-15";

#[tokio::test]
async fn two_weeks_are_held_against_each_other_by_the_day() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    let day = |days: i64, movements| Cell {
        movements,
        ..ivan.cell(1, at("2024-01-01T08:00:00Z") + TimeDelta::days(days))
    };
    let cells: Vec<Cell> =
        (0..6).map(|number| day(number, 100)).chain((7..11).map(|number| day(number, 150))).collect();
    app.seed(&[&ivan], &cells).await;
    app.loaded_up_to(at("2024-01-14T12:00:00Z")).await;
    let client = app.wearer("ivan.petrov");

    let answered = client.get(WEEKS).await;
    assert_eq!(answered.checked_status(), 200);
    let body = answered.json();
    assert_snapshot!(body["differences"].as_array().unwrap().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @r#"
    {"a":100.0,"b":150.0,"difference":50.0,"metric":"movements_per_day","percent":50.0}
    {"a":1.0,"b":1.0,"difference":0.0,"metric":"usage_hours_per_day","percent":0.0}
    {"a":45.0,"b":45.0,"difference":0.0,"metric":"avg_response_time_ms","percent":0.0}
    {"a":80.0,"b":80.0,"difference":0.0,"metric":"avg_battery_level","percent":0.0}
    {"a":79.0,"b":79.0,"difference":0.0,"metric":"lowest_battery_level","percent":0.0}
    {"a":10.0,"b":6.7,"difference":-3.3,"metric":"errors_per_1000_movements","percent":-33.3}
    "#);
    for (side, with_data, complete) in [("a", 6, true), ("b", 4, false)] {
        let range = &body[side];
        assert_eq!((&range["days"], &range["days_with_data"]), (&7.into(), &with_data.into()), "{side}");
        assert_eq!(range["complete"], complete, "{side}");
        let (from, to) = (range["from"].as_str().unwrap(), range["to"].as_str().unwrap());
        let summary = client.get(&format!("/api/reports/summary?from={from}&to={to}")).await.json();
        assert_eq!(range["summary"], summary["summary"], "{side}");
    }
}

#[tokio::test]
async fn a_range_of_which_less_than_half_is_known_is_refused_with_the_reason() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    let cells: Vec<Cell> =
        [0, 1, 7, 8, 9].map(|day| ivan.cell(1, at("2024-01-05T08:00:00Z") + TimeDelta::days(day))).into();
    app.seed(&[&ivan], &cells).await;
    let client = app.wearer("ivan.petrov");

    let refused = client.get(WEEKS).await;
    assert_eq!(refused.checked_status(), 422);
    assert_snapshot!(refused.shown(), @r#"
    422
    {
      "detail": "Range a has data on 2 of 7 days; a comparison needs data on at least half of them",
      "parameter": "a_from",
      "request_id": "[request id]",
      "status": 422,
      "title": "Too little data",
      "type": "urn:bionicpro:problem:too-little-data"
    }
    "#);
    let ranges = |a: [&str; 2], b: [&str; 2]| {
        format!("/api/reports/compare?a_from={}&a_to={}&b_from={}&b_to={}", a[0], a[1], b[0], b[1])
    };
    let half = ["2024-01-05", "2024-01-09"];
    assert_eq!(client.get(&ranges(half, half)).await.checked_status(), 200, "two of four are half");
    let empty = client.get(&ranges(half, ["2024-01-09", "2024-01-09"])).await;
    assert_eq!((empty.checked_status(), &empty.json()["parameter"]), (422, &"b_from".into()));
}

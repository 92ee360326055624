//! `GET /api/reports/days`.

use insta::assert_snapshot;

use crate::support::{App, Cell, Person, at};

#[tokio::test]
async fn every_day_of_a_range_says_what_is_known_of_it() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 2);
    let cells = [
        Cell {
            movements: 10,
            errors: 0,
            battery_last: Some(20.0),
            ..ivan.cell(1, at("2024-01-15T08:00:00Z"))
        },
        Cell {
            movements: 30,
            errors: 2,
            battery_last: Some(60.0),
            ..ivan.cell(2, at("2024-01-15T08:00:00Z"))
        },
        Cell { response: (0.0, 0), battery_last: None, ..ivan.cell(1, at("2024-01-15T10:00:00Z")) },
        ivan.cell(1, at("2024-01-17T09:00:00Z")),
    ];
    app.seed(&[&ivan], &cells).await;
    app.loaded_up_to(at("2024-01-17T12:30:00Z")).await;
    let client = app.wearer("ivan.petrov");

    let answered = client.get("/api/reports/days?from=2024-01-14&to=2024-01-19").await;
    assert_eq!(answered.checked_status(), 200);
    let body = answered.json();
    let days = body["days"].as_array().unwrap();
    let told: Vec<_> = days
        .iter()
        .map(|day| {
            let text = |name: &str| day[name].to_string().replace('"', "");
            ["date", "weekday", "hours", "state", "total_movements", "uptime_hours"].map(text).join(" ")
        })
        .collect();
    assert_snapshot!(told.join("\n"), @r"
    2024-01-14 Sunday 24 before_first_data null null
    2024-01-15 Monday 24 complete 140 2
    2024-01-16 Tuesday 24 no_movements 0 0
    2024-01-17 Wednesday 24 running 100 1
    2024-01-18 Thursday 24 newer_than_data null null
    ");
    assert_eq!(body["days_with_data"], 2);
    assert_snapshot!(serde_json::to_string_pretty(&days[1]).unwrap(), @r#"
    {
      "avg_battery_level": 80.0,
      "avg_response_time_ms": 45.0,
      "date": "2024-01-15",
      "errors_per_1000_movements": 21.4,
      "hours": 24,
      "last_battery_level": 20.0,
      "lowest_battery_level": 79.0,
      "median_movements_7_days": null,
      "state": "complete",
      "total_anomalies": 0,
      "total_errors": 3,
      "total_movements": 140,
      "uptime_hours": 2,
      "weekday": "Monday"
    }
    "#);

    let one = format!("/api/reports/days?from=2024-01-15&to=2024-01-16&prosthesis_id={}", ivan.prostheses[1]);
    assert_eq!(client.get(&one).await.json()["days"][0]["total_movements"], 30);
}

#[tokio::test]
async fn days_of_23_and_25_hours_are_named_as_such() {
    let app = App::start().await;
    let client = app.wearer("ivan.petrov");
    for (day, hours) in [("2024-03-31", 23), ("2024-10-27", 25), ("2024-10-28", 24)] {
        let next = day.parse::<chrono::NaiveDate>().unwrap().succ_opt().unwrap();
        let path = format!("/api/reports/days?from={day}&to={next}&tz=Europe/Berlin");
        assert_eq!(client.get(&path).await.json()["days"][0]["hours"], hours, "{day}");
    }
}

#[tokio::test]
async fn the_median_of_seven_days_wants_four_complete_ones_and_knows_those_before_the_range() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    let day =
        |day: u32, movements| Cell { movements, ..ivan.cell(1, at(&format!("2024-01-{day:02}T08:00:00Z"))) };
    let cells =
        [day(1, 1000), day(4, 10), day(5, 20), day(6, 30), day(7, 40), day(8, 50), day(9, 60), day(10, 70)];
    app.seed(&[&ivan], &cells).await;
    app.loaded_up_to(at("2024-01-10T12:00:00Z")).await;

    let body = app.wearer("ivan.petrov").get("/api/reports/days?from=2024-01-05&to=2024-01-11").await.json();
    let medians: Vec<_> =
        body["days"].as_array().unwrap().iter().map(|day| day["median_movements_7_days"].clone()).collect();
    // The 5th has three days, the 1st, 4th and 5th; the 6th has four; the 8th no longer has the 1st; the 10th
    // is in progress.
    assert_eq!(serde_json::json!(medians), serde_json::json!([null, 25.0, 30.0, 30.0, 35.0, null]));
}

#[tokio::test]
async fn a_person_without_data_has_days_that_say_so() {
    let app = App::start().await;
    app.loaded_up_to(at("2024-01-17T12:30:00Z")).await;
    let body = app.wearer("nobody").get("/api/reports/days?from=2024-01-16&to=2024-01-19").await.json();
    let states: Vec<_> = body["days"].as_array().unwrap().iter().map(|day| day["state"].clone()).collect();
    assert_eq!(states, ["before_first_data", "running", "newer_than_data"]);
    let empty = app.wearer("nobody").get("/api/reports/days?from=2024-01-16&to=2024-01-16").await;
    assert_eq!((empty.checked_status(), empty.json()["days"].as_array().unwrap().len()), (200, 0));
    let month = app.wearer("nobody").get("/api/reports/days").await.json();
    assert_eq!(month["days"].as_array().unwrap().len(), 30, "without a range, the last 30 days");
}

#[tokio::test]
async fn a_range_may_be_named_by_its_last_day_and_names_its_neighbours() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    app.seed(&[&ivan], &[ivan.cell(1, at("2024-01-15T08:00:00Z"))]).await;
    app.loaded_up_to(at("2024-01-17T12:30:00Z")).await;
    let client = app.wearer("ivan.petrov");

    let by_end = client.get("/api/reports/days?from=2024-02-26&to=2024-03-04").await.json();
    let by_last = client.get("/api/reports/days?from=2024-02-26&through=2024-03-03").await.json();
    assert_eq!(by_end, by_last);
    let named = ["from", "to", "through"].map(|name| by_last[name].as_str().unwrap().to_owned());
    assert_eq!(named, ["2024-02-26", "2024-03-04", "2024-03-03"]);
    let neighbour = |from: &str, through: &str| serde_json::json!({ "from": from, "through": through });
    assert_eq!(by_last["previous"], neighbour("2024-02-19", "2024-02-25"));
    assert_eq!(by_last["next"], neighbour("2024-03-04", "2024-03-10"));
    assert!(client.get("/api/reports/days").await.json()["next"].is_null(), "tomorrow has not begun");

    for refused in
        ["from=2024-02-26&to=2024-03-04&through=2024-03-03", "through=2999-01-01", "through=2024-13-01"]
    {
        let answered = client.get(&format!("/api/reports/days?{refused}")).await;
        assert_eq!(answered.checked_status(), 400, "{refused}");
        assert_eq!(answered.json()["parameter"], "through", "{refused}");
    }
}

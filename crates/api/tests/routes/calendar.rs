//! `GET /api/calendar/{date}`.

use insta::assert_snapshot;

use crate::support::{App, Person, at};

#[tokio::test]
async fn a_day_without_a_report_says_what_it_is_and_where_data_are() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    let cells = ["2024-10-20T08:00:00Z", "2024-10-26T08:00:00Z", "2024-10-30T08:00:00Z"]
        .map(|hour| ivan.cell(1, at(hour)));
    app.seed(&[&ivan], &cells).await;
    app.loaded_up_to(at("2024-10-30T08:30:00Z")).await;
    let client = app.wearer("ivan.petrov");

    let answered = client.get("/api/calendar/2024-10-27?tz=Europe/Berlin").await;
    assert_eq!(answered.checked_status(), 200);
    let mut body = answered.json();
    let hours = body["hours"].take();
    let today = body["today"].take();
    assert!(today.as_str().unwrap() > "2026");
    assert_snapshot!(serde_json::to_string_pretty(&body).unwrap(), @r#"
    {
      "data_as_of": "2024-10-30T08:30:00Z",
      "date": "2024-10-27",
      "ends_at": "2024-10-27T23:00:00Z",
      "first_date_with_data": "2024-10-20",
      "hours": null,
      "is_today": false,
      "next_date_with_data": "2024-10-30",
      "next_day": "2024-10-28",
      "previous_date_with_data": "2024-10-26",
      "previous_day": "2024-10-26",
      "starts_at": "2024-10-26T22:00:00Z",
      "state": "no_movements",
      "timezone": "Europe/Berlin",
      "today": null,
      "user": "ivan.petrov",
      "weekday": "Sunday"
    }
    "#);
    let labels: Vec<_> = hours.as_array().unwrap()[1..5]
        .iter()
        .map(|hour| format!("{} {}", hour["label"].as_str().unwrap(), hour["offset"].as_str().unwrap()))
        .collect();
    assert_eq!(labels, ["01:00 +02:00", "02:00 +02:00", "02:00 +01:00", "03:00 +01:00"]);
    assert_eq!(hours.as_array().unwrap().len(), 25);

    for (day, state) in [
        ("2024-10-19", "before_first_data"),
        ("2024-10-26", "complete"),
        ("2024-10-30", "running"),
        ("2024-10-31", "newer_than_data"),
    ] {
        let body = client.get(&format!("/api/calendar/{day}?tz=Europe/Berlin")).await.json();
        assert_eq!(body["state"], state, "{day}");
    }
    let running = client.get("/api/calendar/2024-10-30?tz=Europe/Berlin").await.json();
    let states: Vec<_> =
        running["hours"].as_array().unwrap()[7..11].iter().map(|hour| hour["state"].clone()).collect();
    assert_eq!(states, ["no_movements", "no_movements", "running", "newer_than_data"]);
    let report = client.get("/api/reports/2024-10-30?tz=Europe/Berlin").await.json();
    for name in [
        "hours",
        "state",
        "weekday",
        "previous_date_with_data",
        "next_date_with_data",
        "starts_at",
        "ends_at",
        "next_day",
    ] {
        assert_eq!(report[name], running[name], "{name}");
    }
}

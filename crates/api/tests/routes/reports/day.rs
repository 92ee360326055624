//! `GET /api/reports/{date}`.

use bionicpro_model::hours::midnight;
use chrono::{Days, NaiveDate, Utc};
use insta::assert_snapshot;

use crate::support::{App, Cell, Person, at};

const DAY: &str = "/api/reports/2024-01-15";

#[tokio::test]
async fn a_day_shows_its_hours_and_averages_weighted_by_samples() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    let cells = [
        Cell {
            movements: 145,
            errors: 0,
            response: (6104.5, 145),
            battery: (13775.0, 145),
            battery_min: Some(93.25),
            battery_last: Some(93.5),
            ..ivan.cell(1, at("2024-01-15T08:00:00Z"))
        },
        Cell {
            movements: 5,
            errors: 3,
            anomalies: 1,
            response: (900.0, 4),
            battery: (0.0, 0),
            battery_min: None,
            battery_last: None,
            ..ivan.cell(1, at("2024-01-15T23:00:00Z"))
        },
        ivan.cell(1, at("2024-01-14T23:00:00Z")),
        ivan.cell(1, at("2024-01-16T00:00:00Z")),
    ];
    app.seed(&[&ivan], &cells).await;
    app.loaded_up_to(at("2024-01-15T23:40:00Z")).await;

    let answered = app.wearer("ivan.petrov").get(DAY).await;
    assert_eq!(answered.checked_status(), 200);
    let mut body = answered.json();
    let hours = body["hours"].take();
    assert_eq!((hours.as_array().unwrap().len(), &hours[23]["state"]), (24, &"running".into()));
    assert!(body["today"].take().as_str().unwrap() > "2026", "this test is newer");
    assert_eq!(body["usual"].take()["days_with_data"], 1);
    assert_snapshot!(serde_json::to_string_pretty(&body).unwrap(), @r#"
    {
      "chip_id": "CHIP-ivan.petrov-1",
      "complete": false,
      "computed_at": "1970-01-01T00:00:00Z",
      "data_as_of": "2024-01-15T23:40:00Z",
      "date": "2024-01-15",
      "ends_at": "2024-01-16T00:00:00Z",
      "hourly_data": [
        {
          "anomaly_count": 0,
          "avg_response_time": 42.1,
          "battery_level": 95.0,
          "error_count": 0,
          "hour": "2024-01-15T08:00:00Z",
          "last_battery_level": 93.5,
          "local_hour": "2024-01-15T08:00:00Z",
          "lowest_battery_level": 93.3,
          "movements_count": 145
        },
        {
          "anomaly_count": 1,
          "avg_response_time": 225.0,
          "battery_level": null,
          "error_count": 3,
          "hour": "2024-01-15T23:00:00Z",
          "last_battery_level": null,
          "local_hour": "2024-01-15T23:00:00Z",
          "lowest_battery_level": null,
          "movements_count": 5
        }
      ],
      "hours": null,
      "is_today": false,
      "next_date_with_data": "2024-01-16",
      "next_day": "2024-01-16",
      "previous_date_with_data": "2024-01-14",
      "previous_day": "2024-01-14",
      "prostheses": [
        {
          "chip_id": "CHIP-ivan.petrov-1",
          "prosthesis_id": "68616e64-3169-4661-ae2e-706574726f76",
          "prosthesis_model": "Hand 1 of ivan.petrov",
          "total_movements": 150
        }
      ],
      "prosthesis_model": "Hand 1 of ivan.petrov",
      "starts_at": "2024-01-15T00:00:00Z",
      "state": "running",
      "summary": {
        "avg_battery_level": 95.0,
        "avg_response_time_ms": 47.0,
        "errors_per_1000_movements": 20.0,
        "last_battery_level": 93.5,
        "lowest_battery_level": 93.3,
        "total_anomalies": 1,
        "total_errors": 3,
        "total_movements": 150,
        "uptime_hours": 2
      },
      "timezone": "UTC",
      "today": null,
      "user": "ivan.petrov",
      "usual": null,
      "weekday": "Monday"
    }
    "#);
}

#[tokio::test]
async fn several_prostheses_add_up_and_the_most_used_one_gives_its_name() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 2);
    let hour = at("2024-01-15T08:00:00Z");
    let cells = [
        Cell { movements: 10, response: (100.0, 10), battery_last: Some(20.0), ..ivan.cell(1, hour) },
        Cell { movements: 30, response: (900.0, 30), battery_last: Some(60.0), ..ivan.cell(2, hour) },
        Cell {
            movements: 5,
            response: (0.0, 0),
            battery_last: Some(30.0),
            ..ivan.cell(1, at("2024-01-15T10:00:00Z"))
        },
    ];
    app.seed(&[&ivan], &cells).await;
    let client = app.wearer("ivan.petrov");

    let body = client.get(DAY).await.json();
    assert_eq!(body["chip_id"], ivan.chip(2));
    assert_eq!(body["prosthesis_model"], ivan.model(2));
    assert_eq!(body["summary"]["total_movements"], 45);
    assert_eq!(body["summary"]["uptime_hours"], 2);
    assert_eq!(body["summary"]["avg_response_time_ms"], 25.0, "1000 ms in 40 samples");
    assert_eq!(body["summary"]["last_battery_level"], 30.0, "the last levels are 30 and 60");
    assert_eq!(body["hourly_data"][0]["movements_count"], 40);
    assert_eq!(body["hourly_data"][0]["last_battery_level"], 20.0);
    let movements: Vec<_> =
        body["prostheses"].as_array().unwrap().iter().map(|one| one["total_movements"].clone()).collect();
    assert_eq!(movements, [30, 15]);

    let one = client.get(&format!("{DAY}?prosthesis_id={}", ivan.prostheses[0])).await.json();
    assert_eq!(one["summary"]["total_movements"], 15);
    assert_eq!(one["chip_id"], ivan.chip(1));
}

#[tokio::test]
async fn a_day_without_any_sample_has_no_averages_and_not_zero() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    let cell = Cell {
        response: (0.0, 0),
        battery: (0.0, 0),
        battery_min: None,
        battery_last: None,
        ..ivan.cell(1, at("2024-01-15T08:00:00Z"))
    };
    app.seed(&[&ivan], &[cell]).await;

    let body = app.wearer("ivan.petrov").get(DAY).await.json();
    for name in ["avg_response_time_ms", "avg_battery_level", "lowest_battery_level", "last_battery_level"] {
        assert!(body["summary"][name].is_null(), "{name}");
    }
    assert!(body["hourly_data"][0]["avg_response_time"].is_null());
    assert!(body["hourly_data"][0]["battery_level"].is_null());
    assert!(body["data_as_of"].is_null(), "nothing was ever loaded by a run");
    assert_eq!(body["complete"], false);
}

#[tokio::test]
async fn a_day_without_data_is_not_found_for_everybody_in_the_same_words() {
    let app = App::start().await;
    let (ivan, olga) = (Person::new("ivan.petrov", 1), Person::new("olga", 0));
    app.seed(&[&ivan, &olga], &[ivan.cell(1, at("2024-01-14T08:00:00Z"))]).await;

    let answered = app.wearer("ivan.petrov").get(DAY).await;
    assert_eq!(answered.checked_status(), 404);
    assert_snapshot!(answered.shown(), @r#"
    404
    {
      "detail": "Report not found for date 2024-01-15",
      "request_id": "[request id]",
      "status": 404,
      "title": "Not found",
      "type": "urn:bionicpro:problem:not-found"
    }
    "#);
    for name in ["olga", "nobody"] {
        assert_eq!(app.wearer(name).get(DAY).await.without_id(), answered.without_id(), "{name}");
    }
}

#[tokio::test]
async fn a_name_with_quotes_and_markup_is_only_a_name() {
    let app = App::start().await;
    let names = [
        "o'brien",
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "x' OR '1'='1",
        "анна",
        "{user_id:UUID}",
    ];
    for name in names {
        let body = app.wearer(name).get("/api/reports").await;
        assert_eq!(body.checked_status(), 200, "{name}");
        assert_eq!(body.json()["user"], name);
        assert_eq!(body.json()["total"], 0);
    }
    let brien = Person::new("o'brien", 1);
    app.seed(&[&brien], &[brien.cell(1, at("2024-01-15T08:00:00Z"))]).await;
    let answered = app.wearer("o'brien").get(DAY).await.json();
    assert_eq!((&answered["user"], &answered["chip_id"]), (&"o'brien".into(), &brien.chip(1).into()));
}

#[tokio::test]
async fn head_answers_as_get_does_without_a_body() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    app.seed(&[&ivan], &[ivan.cell(1, at("2024-01-15T08:00:00Z"))]).await;
    let client = app.wearer("ivan.petrov");

    let get = client.get(DAY).await;
    let head = client.send(reqwest::Method::HEAD, DAY, &[], None).await;
    assert_eq!(head.status, 200);
    assert_eq!(head.body, "");
    assert_eq!(head.header("content-length"), get.body.len().to_string());
    assert_eq!(head.header("content-type"), get.header("content-type"));
}

#[tokio::test]
async fn neighbours_with_data_are_found_however_far_they_lie() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    let today = Utc::now().date_naive();
    let days = [
        "2023-11-01".parse().unwrap(),
        "2023-12-20".parse().unwrap(),
        "2024-01-15".parse().unwrap(),
        "2024-01-22".parse().unwrap(),
        "2024-01-30".parse().unwrap(),
        today - Days::new(3),
        today,
    ];
    let cells: Vec<Cell> = days.iter().map(|day: &NaiveDate| ivan.cell(1, midnight(*day))).collect();
    app.seed(&[&ivan], &cells).await;
    let client = app.wearer("ivan.petrov");
    let told = |day: Option<&NaiveDate>| day.map(ToString::to_string);
    for (at, day) in days.iter().enumerate() {
        let body = client.get(&format!("/api/reports/{day}")).await.json();
        let previous = at.checked_sub(1).map(|before| &days[before]);
        assert_eq!(body["previous_date_with_data"].as_str(), told(previous).as_deref(), "{day}");
        assert_eq!(body["next_date_with_data"].as_str(), told(days.get(at + 1)).as_deref(), "{day}");
    }
}

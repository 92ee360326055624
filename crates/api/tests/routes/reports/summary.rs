//! `GET /api/reports/summary`.

use insta::assert_snapshot;

use crate::support::{App, Cell, Person, at};

#[tokio::test]
async fn a_range_is_summed_up_without_its_end() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    let cells = [
        ivan.cell(1, at("2024-01-14T23:00:00Z")),
        Cell { movements: 10, errors: 0, response: (1000.0, 10), ..ivan.cell(1, at("2024-01-15T00:00:00Z")) },
        ivan.cell(1, at("2024-01-15T08:00:00Z")),
        Cell { anomalies: 2, battery_min: Some(7.77), ..ivan.cell(1, at("2024-01-17T23:00:00Z")) },
        ivan.cell(1, at("2024-01-18T00:00:00Z")),
    ];
    app.seed(&[&ivan], &cells).await;
    app.loaded_up_to(at("2024-01-18T00:30:00Z")).await;

    let answered = app.wearer("ivan.petrov").get("/api/reports/summary?from=2024-01-15&to=2024-01-18").await;
    assert_eq!(answered.checked_status(), 200);
    assert_snapshot!(answered.shown(), @r#"
    200
    {
      "data_as_of": "2024-01-18T00:30:00Z",
      "from": "2024-01-15",
      "prostheses": [
        {
          "chip_id": "CHIP-ivan.petrov-1",
          "prosthesis_id": "68616e64-3169-4661-ae2e-706574726f76",
          "prosthesis_model": "Hand 1 of ivan.petrov",
          "serial_number": "SN-ivan.petrov"
        }
      ],
      "prosthesis_model": "Hand 1 of ivan.petrov",
      "summary": {
        "avg_battery_level": 80.0,
        "avg_daily_usage_hours": 1.5,
        "avg_response_time_ms": 47.6,
        "errors_per_1000_movements": 9.5,
        "lowest_battery_level": 7.8,
        "total_anomalies": 2,
        "total_errors": 2,
        "total_movements": 210,
        "total_usage_hours": 3
      },
      "timezone": "UTC",
      "to": "2024-01-18",
      "total_days": 2,
      "user": "ivan.petrov"
    }
    "#);
}

#[tokio::test]
async fn an_empty_range_and_a_range_without_data_have_no_averages() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    app.seed(&[&ivan], &[ivan.cell(1, at("2024-01-15T08:00:00Z"))]).await;
    let client = app.wearer("ivan.petrov");

    let empty = client.get("/api/reports/summary?from=2024-01-15&to=2024-01-15").await;
    assert_eq!(empty.checked_status(), 200);
    assert_eq!(empty.json()["total_days"], 0);
    assert_snapshot!(serde_json::to_string(&empty.json()["summary"]).unwrap(), @r#"{"avg_battery_level":null,"avg_daily_usage_hours":null,"avg_response_time_ms":null,"errors_per_1000_movements":null,"lowest_battery_level":null,"total_anomalies":0,"total_errors":0,"total_movements":0,"total_usage_hours":0}"#);
    let before = client.get("/api/reports/summary?from=2023-01-15&to=2023-02-15").await;
    assert_eq!(before.json()["summary"], empty.json()["summary"]);
    let unknown = app.wearer("nobody").get("/api/reports/summary?from=2023-01-15&to=2023-02-15").await;
    assert_eq!(unknown.json()["summary"], empty.json()["summary"]);
    assert!(unknown.json()["prosthesis_model"].is_null());
}

#[tokio::test]
async fn without_a_range_the_last_year_is_meant() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    let now = chrono::Utc::now();
    let days_ago = |days: i64| {
        let hour = at(&now.format("%Y-%m-%dT00:00:00Z").to_string());
        ivan.cell(1, hour - chrono::TimeDelta::days(days))
    };
    app.seed(&[&ivan], &[days_ago(0), days_ago(1), days_ago(365), days_ago(366)]).await;
    let body = app.wearer("ivan.petrov").get("/api/reports/summary").await.json();
    assert_eq!(body["total_days"], 3, "{body}");
    assert_eq!(body["to"], (now.date_naive() + chrono::Days::new(1)).to_string());
}

#[tokio::test]
async fn two_prostheses_in_one_hour_are_one_hour_of_use() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 2);
    let hour = at("2024-01-15T08:00:00Z");
    let busy = Cell { movements: 900, ..ivan.cell(2, hour) };
    app.seed(&[&ivan], &[ivan.cell(1, hour), busy]).await;
    let client = app.wearer("ivan.petrov");
    let range = "/api/reports/summary?from=2024-01-01&to=2024-02-01";

    let body = client.get(range).await.json();
    assert_eq!(body["summary"]["total_usage_hours"], 1);
    assert_eq!(body["summary"]["total_movements"], 1000);
    assert_eq!(body["prosthesis_model"], ivan.model(2), "the one with the most movements");
    assert_eq!(body["prostheses"].as_array().unwrap().len(), 2);
    let one = client.get(&format!("{range}&prosthesis_id={}", ivan.prostheses[0])).await.json();
    assert_eq!(one["summary"]["total_movements"], 100);
    assert_eq!(one["prosthesis_model"], ivan.model(1));
}

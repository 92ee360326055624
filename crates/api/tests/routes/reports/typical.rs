//! `GET /api/reports/typical`.

use chrono::TimeDelta;
use insta::assert_snapshot;

use crate::support::{App, Cell, Person, at};

#[tokio::test]
async fn an_hour_without_movements_on_a_day_with_data_counts_as_zero() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    let mut cells: Vec<Cell> = (0..5)
        .map(|day| Cell {
            movements: 100 + 10 * day,
            ..ivan.cell(1, at("2024-01-10T08:00:00Z") + TimeDelta::days(day.into()))
        })
        .collect();
    cells.push(Cell { movements: 50, ..ivan.cell(1, at("2024-01-11T09:00:00Z")) });
    // The day that is still in progress does not count.
    cells.push(Cell { movements: 9999, ..ivan.cell(1, at("2024-01-15T08:00:00Z")) });
    app.seed(&[&ivan], &cells).await;
    app.loaded_up_to(at("2024-01-15T12:00:00Z")).await;

    let answered = app.wearer("ivan.petrov").get("/api/reports/typical?from=2024-01-01&to=2024-01-16").await;
    assert_eq!(answered.checked_status(), 200);
    let body = answered.json();
    assert_eq!((&body["days_with_data"], &body["min_days"]), (&5.into(), &5.into()));
    let hours = body["hours"].as_array().unwrap();
    assert_eq!(hours.len(), 24);
    assert_snapshot!(serde_json::to_string_pretty(&hours[8]).unwrap(), @r#"
    {
      "avg_battery_level": 80.0,
      "avg_response_time_ms": 45.0,
      "days": 5,
      "days_with_movements": 5,
      "label": "08:00",
      "local_hour": 8,
      "median": 120.0,
      "p10": 104.0,
      "p25": 110.0,
      "p75": 130.0,
      "p90": 136.0
    }
    "#);
    assert_eq!((&hours[9]["median"], &hours[9]["p90"]), (&0.0.into(), &30.0.into()));
    assert_eq!((&hours[9]["days"], &hours[9]["days_with_movements"]), (&5.into(), &1.into()));
    assert!(hours[3]["avg_response_time_ms"].is_null());
}

#[tokio::test]
async fn fewer_than_five_days_make_nothing_typical() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    let cells: Vec<Cell> =
        (0..4).map(|day| ivan.cell(1, at("2024-01-10T08:00:00Z") + TimeDelta::days(day))).collect();
    app.seed(&[&ivan], &cells).await;
    app.loaded_up_to(at("2024-01-20T12:00:00Z")).await;
    let body =
        app.wearer("ivan.petrov").get("/api/reports/typical?from=2024-01-01&to=2024-01-16").await.json();
    assert_eq!((&body["days_with_data"], &body["hours"]), (&4.into(), &serde_json::json!([])));
}

#[tokio::test]
async fn an_hour_that_clocks_skip_is_no_hour_of_that_day_and_one_that_comes_twice_is_added_up() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    let days = |first: &str| {
        let first = at(first);
        (0..5).map(move |day| first + TimeDelta::days(day))
    };
    // Each day's noon; and both of the hours that are 02:00 in Berlin on 27 October.
    let spring: Vec<Cell> = days("2024-03-29T10:00:00Z").map(|hour| ivan.cell(1, hour)).collect();
    let mut autumn: Vec<Cell> = days("2024-10-25T10:00:00Z").map(|hour| ivan.cell(1, hour)).collect();
    autumn.extend(["2024-10-27T00:00:00Z", "2024-10-27T01:00:00Z"].map(|hour| ivan.cell(1, at(hour))));
    app.seed(&[&ivan], &[spring, autumn].concat()).await;
    app.loaded_up_to(at("2024-11-20T12:00:00Z")).await;
    let client = app.wearer("ivan.petrov");

    let spring =
        client.get("/api/reports/typical?from=2024-03-29&to=2024-04-03&tz=Europe/Berlin").await.json();
    let hours: Vec<u64> =
        spring["hours"].as_array().unwrap().iter().map(|hour| hour["local_hour"].as_u64().unwrap()).collect();
    assert_eq!(spring["days_with_data"], 5);
    assert_eq!(hours.len(), 23, "four days had the hour from 2 to 3: {hours:?}");
    assert!(!hours.contains(&2));
    let autumn =
        client.get("/api/reports/typical?from=2024-10-25&to=2024-10-30&tz=Europe/Berlin").await.json();
    let two = &autumn["hours"][2];
    assert_eq!(
        (&two["local_hour"], &two["days"], &two["p90"]),
        (&2.into(), &5.into(), &120.0.into()),
        "0, 0, 0, 0, 200"
    );
}

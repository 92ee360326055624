//! `GET /api/reports/usual`.

use chrono::TimeDelta;
use insta::assert_snapshot;

use crate::support::{App, Cell, Person, at};

#[tokio::test]
async fn the_28_days_before_say_what_is_usual() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    let day = |back: i64, movements: u32| Cell {
        movements,
        response: (f64::from(movements) * 100.0, 100),
        ..ivan.cell(1, at("2024-03-01T08:00:00Z") - TimeDelta::days(back))
    };
    // The day itself and the 29th before it do not count.
    let mut cells: Vec<Cell> = [(0, 5000), (1, 10), (2, 20), (3, 30), (4, 40), (28, 50), (29, 9000)]
        .map(|(back, movements)| day(back, movements))
        .into();
    cells[1].battery = (0.0, 0);
    cells[1].battery_min = None;
    app.seed(&[&ivan], &cells).await;
    app.loaded_up_to(at("2024-03-02T12:00:00Z")).await;
    let client = app.wearer("ivan.petrov");

    let answered = client.get("/api/reports/usual?date=2024-03-01").await;
    assert_eq!(answered.checked_status(), 200);
    assert_snapshot!(answered.json()["usual"].to_string(), @r#"{"avg_battery_level":null,"avg_response_time_ms":{"days":5,"high":46.0,"low":14.0,"median":30.0},"days_with_data":5,"errors":{"days":5,"high":1.0,"low":1.0,"median":1.0},"errors_per_1000_movements":{"days":5,"high":80.0,"low":22.0,"median":33.3},"from":"2024-02-02","high_quantile":0.9,"low_quantile":0.1,"lowest_battery_level":null,"min_days":5,"movements":{"days":5,"high":46.0,"low":14.0,"median":30.0},"to":"2024-03-01","usage_hours":{"days":5,"high":1.0,"low":1.0,"median":1.0}}"#);
    let day = client.get("/api/reports/2024-03-01").await.json();
    assert_eq!(day["usual"], answered.json()["usual"]);
    let today = client.get("/api/reports/usual").await;
    assert_eq!(today.checked_status(), 200);
    assert!(today.json()["usual"]["movements"].is_null(), "nothing is known of the last weeks");
}

#[tokio::test]
async fn a_day_that_the_data_do_not_reflect_whole_is_not_usual() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    let cells: Vec<Cell> =
        (0..6).map(|day| ivan.cell(1, at("2024-03-01T08:00:00Z") + TimeDelta::days(day))).collect();
    app.seed(&[&ivan], &cells).await;
    app.loaded_up_to(at("2024-03-06T12:00:00Z")).await;
    let body = app.wearer("ivan.petrov").get("/api/reports/usual?date=2024-03-10").await.json();
    assert_eq!(body["usual"]["days_with_data"], 5, "{body}");
}

//! `GET /api/reports/export`.

use insta::assert_snapshot;

use crate::support::{App, Cell, Person, at};

#[tokio::test]
async fn the_hours_of_a_range_are_a_file_that_any_program_reads() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 2);
    let cells = [
        ivan.cell(1, at("2024-10-27T00:00:00Z")),
        Cell {
            errors: 0,
            response: (0.0, 0),
            battery: (0.0, 0),
            battery_min: None,
            battery_last: None,
            ..ivan.cell(1, at("2024-10-27T01:00:00Z"))
        },
        Cell {
            model: "=cmd|' /C calc'!A0".to_owned(),
            chip: "a,\"b\"".to_owned(),
            ..ivan.cell(2, at("2024-10-27T01:00:00Z"))
        },
        ivan.cell(1, at("2024-10-27T23:00:00Z")),
    ];
    app.seed(&[&ivan], &cells).await;

    let answered = app
        .wearer("ivan.petrov")
        .get("/api/reports/export?from=2024-10-27&to=2024-10-28&tz=Europe/Berlin")
        .await;
    assert_eq!(answered.checked_status(), 200);
    assert_eq!(answered.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(
        answered.header("content-disposition"),
        "attachment; filename=\"bionicpro-2024-10-27-2024-10-28.csv\""
    );
    assert!(answered.body.ends_with("\r\n"));
    assert_snapshot!(answered.body.replace("\r\n", "\n"), @r#"
    local_date,local_hour,utc_offset,hour_utc,timezone,prosthesis_model,chip_id,prosthesis_id,movements,errors,anomalies,avg_response_time_ms,response_samples,avg_battery_level,battery_samples,lowest_battery_level,last_battery_level
    2024-10-27,02:00,UTC+02:00,2024-10-27T00:00:00Z,Europe/Berlin,Hand 1 of ivan.petrov,CHIP-ivan.petrov-1,68616e64-3169-4661-ae2e-706574726f76,100,1,0,45.0,100,80.0,100,79.0,79.5
    2024-10-27,02:00,UTC+01:00,2024-10-27T01:00:00Z,Europe/Berlin,Hand 1 of ivan.petrov,CHIP-ivan.petrov-1,68616e64-3169-4661-ae2e-706574726f76,100,0,0,,0,,0,,
    2024-10-27,02:00,UTC+01:00,2024-10-27T01:00:00Z,Europe/Berlin,"'=cmd|' /C calc'!A0","a,""b""",68616e64-3269-4661-ae2e-706574726f76,100,1,0,45.0,100,80.0,100,79.0,79.5
    "#);
}

#[tokio::test]
async fn a_range_without_data_is_a_head_alone_and_a_foreign_prosthesis_is_not_found() {
    let app = App::start().await;
    let (alice, bob) = (Person::new("alice", 1), Person::new("bob", 1));
    app.seed(&[&alice, &bob], &[bob.cell(1, at("2024-01-15T08:00:00Z"))]).await;
    let client = app.wearer("alice");
    let range = "/api/reports/export?from=2024-01-01&to=2024-02-01";
    let answered = client.get(range).await;
    assert_eq!((answered.checked_status(), answered.body.lines().count()), (200, 1));
    let foreign = client.get(&format!("{range}&prosthesis_id={}", bob.prostheses[0])).await;
    assert_eq!(foreign.checked_status(), 404);
}

#[tokio::test]
async fn a_file_over_months_has_every_hour_once_and_in_order() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    // The first month of the range has no data, nor has one in the middle; the first and the last hour are
    // outside.
    let hours = [
        "2024-01-31T20:00:00Z",
        "2024-01-31T21:00:00Z",
        "2024-01-31T23:00:00Z",
        "2024-02-01T00:00:00Z",
        "2024-04-30T20:00:00Z",
        "2024-04-30T21:00:00Z",
    ];
    app.seed(&[&ivan], &hours.map(|hour| ivan.cell(1, at(hour)))).await;
    let client = app.wearer("ivan.petrov");
    let answered = client.get("/api/reports/export?from=2024-02-01&to=2024-05-01&tz=Europe/Moscow").await;
    assert_eq!(answered.checked_status(), 200);
    let told: Vec<_> = answered.body.lines().skip(1).filter_map(|line| line.split(',').nth(3)).collect();
    assert_eq!(told, hours[1..5]);
    // The same in UTC begins with a month without data.
    let answered = client.get("/api/reports/export?from=2023-12-15&to=2024-06-01").await;
    assert_eq!((answered.checked_status(), answered.body.lines().count()), (200, 1 + hours.len()));
}

//! `GET /api/reports`.

use insta::assert_snapshot;

use crate::support::{App, Person, at};

#[tokio::test]
async fn the_days_with_data_come_newest_first() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    let hours =
        ["2024-01-13T08:00:00Z", "2024-01-15T08:00:00Z", "2024-01-15T09:00:00Z", "2024-01-14T23:00:00Z"];
    app.seed(&[&ivan], &hours.map(|hour| ivan.cell(1, at(hour)))).await;
    app.loaded_up_to(at("2024-01-15T09:45:30.123456Z")).await;

    let answered = app.wearer("ivan.petrov").get("/api/reports").await;
    assert_eq!(answered.checked_status(), 200);
    assert_snapshot!(answered.shown(), @r#"
    200
    {
      "data_as_of": "2024-01-15T09:45:30Z",
      "prostheses": [
        {
          "chip_id": "CHIP-ivan.petrov-1",
          "prosthesis_id": "68616e64-3169-4661-ae2e-706574726f76",
          "prosthesis_model": "Hand 1 of ivan.petrov",
          "serial_number": "SN-ivan.petrov"
        }
      ],
      "reports": [
        {
          "date": "2024-01-15"
        },
        {
          "date": "2024-01-14"
        },
        {
          "date": "2024-01-13"
        }
      ],
      "timezone": "UTC",
      "total": 3,
      "user": "ivan.petrov"
    }
    "#);
}

#[tokio::test]
async fn pages_follow_each_other_by_the_last_day() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 1);
    let cells: Vec<_> = (1..=7).map(|day| ivan.cell(1, at(&format!("2024-01-0{day}T12:00:00Z")))).collect();
    app.seed(&[&ivan], &cells).await;
    let client = app.wearer("ivan.petrov");

    let mut query = "/api/reports?limit=3".to_owned();
    let mut pages = Vec::new();
    loop {
        let body = client.get(&query).await.json();
        assert_eq!(body["total"], 7, "whatever the page");
        let dates: Vec<String> = body["reports"]
            .as_array()
            .unwrap()
            .iter()
            .map(|day| day["date"].as_str().unwrap().to_owned())
            .collect();
        let Some(last) = dates.last() else { break };
        query = format!("/api/reports?limit=3&before={last}");
        pages.push(dates.join(" "));
    }
    assert_eq!(pages, ["2024-01-07 2024-01-06 2024-01-05", "2024-01-04 2024-01-03 2024-01-02", "2024-01-01"]);
}

#[tokio::test]
async fn a_wearer_without_data_and_a_name_that_the_crm_does_not_know_get_an_empty_list() {
    let app = App::start().await;
    let olga = Person::new("olga", 0);
    app.seed(&[&olga], &[]).await;

    let known = app.wearer("olga").get("/api/reports").await;
    assert_snapshot!(known.shown(), @r#"
    200
    {
      "data_as_of": null,
      "prostheses": [],
      "reports": [],
      "timezone": "UTC",
      "total": 0,
      "user": "olga"
    }
    "#);
    let unknown = app.wearer("nobody").get("/api/reports").await;
    assert_eq!(unknown.status, 200);
    assert_eq!(unknown.body.replace("nobody", "olga"), known.body, "nothing tells the two apart");
}

#[tokio::test]
async fn one_prosthesis_of_several_can_be_listed_alone() {
    let app = App::start().await;
    let ivan = Person::new("ivan.petrov", 2);
    let cells = [ivan.cell(1, at("2024-01-13T08:00:00Z")), ivan.cell(2, at("2024-01-14T08:00:00Z"))];
    app.seed(&[&ivan], &cells).await;
    let client = app.wearer("ivan.petrov");

    let body = client.get(&format!("/api/reports?prosthesis_id={}", ivan.prostheses[1])).await.json();
    assert_eq!(body["reports"], serde_json::json!([{"date": "2024-01-14"}]));
    assert_eq!(body["total"], 1);
    assert_eq!(client.get("/api/reports").await.json()["total"], 2);
}

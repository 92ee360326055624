//! `GET /api/periods`.

use chrono::{NaiveDate, TimeDelta, Utc};

use crate::support::App;

#[tokio::test]
async fn the_last_days_are_named_for_anybody_who_is_signed_in_and_their_dates_are_days_of_the_zone() {
    let app = App::start().await;
    assert_eq!(app.anonymous().get("/api/periods").await.checked_status(), 401);
    let zone = chrono_tz::Tz::Pacific__Auckland;
    let before = Utc::now().with_timezone(&zone).date_naive();
    let answered = app.not_a_wearer("maria").get("/api/periods?tz=Pacific/Auckland").await;
    assert_eq!(answered.checked_status(), 200);
    let body = answered.json();
    let day = |value: &serde_json::Value| value.as_str().unwrap().parse::<NaiveDate>().unwrap();
    let today = day(&body["today"]);
    assert!(today == before || today == before + TimeDelta::days(1), "{body}");

    let periods = body["periods"].as_array().unwrap();
    let lengths: Vec<_> = periods.iter().map(|period| period["days"].as_i64().unwrap()).collect();
    assert_eq!(lengths, [7, 30, 90, 365]);
    for period in periods {
        let length = TimeDelta::days(period["days"].as_i64().unwrap() - 1);
        let yesterday = today - TimeDelta::days(1);
        let (complete, before) = (&period["complete"], &period["before"]);
        assert_eq!((day(&period["from"]), day(&period["through"])), (today - length, today));
        assert_eq!((day(&complete["from"]), day(&complete["through"])), (yesterday - length, yesterday));
        let end = day(&complete["from"]) - TimeDelta::days(1);
        assert_eq!((day(&before["from"]), day(&before["through"])), (end - length, end));
    }
}

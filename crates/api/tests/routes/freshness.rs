//! `GET /api/freshness`.

use chrono::{TimeDelta, Utc};

use crate::support::App;

#[tokio::test]
async fn data_are_unknown_then_fresh_and_anybody_who_is_signed_in_may_ask() {
    let app = App::start().await;
    let before = app.wearer("ivan.petrov").get("/api/freshness").await;
    assert_eq!(before.checked_status(), 200);
    let body = before.json();
    assert_eq!(body["state"], "unknown");
    for name in ["data_as_of", "received_at", "age_s", "data_date"] {
        assert!(body[name].is_null(), "{name}");
    }
    assert_eq!((&body["schedule_s"], &body["stale_after_s"]), (&900.into(), &1800.into()));
    assert_eq!(app.anonymous().get("/api/freshness").await.checked_status(), 401);

    let app = App::start().await;
    app.loaded_up_to(Utc::now() - TimeDelta::minutes(10)).await;
    for client in [app.wearer("ivan.petrov"), app.not_a_wearer("maria"), app.administrator("alexey")] {
        let body = client.get("/api/freshness?tz=Asia/Kolkata").await.json();
        assert_eq!(body["state"], "fresh");
        assert!((600..=660).contains(&body["age_s"].as_u64().unwrap()), "{body}");
        assert!(body["received_at"].as_str() > body["data_as_of"].as_str(), "{body}");
        let kolkata = chrono_tz::Tz::Asia__Kolkata;
        let today = Utc::now().with_timezone(&kolkata).date_naive();
        assert!(body["today"] == today.to_string() || body["today"] == today.pred_opt().unwrap().to_string());
    }
}

#[tokio::test]
async fn data_older_than_two_schedules_are_stale() {
    let app = App::builder().configure(|config| config.schedule_s = 60).start().await;
    app.loaded_up_to(Utc::now() - TimeDelta::seconds(125)).await;
    assert_eq!(app.wearer("ivan.petrov").get("/api/freshness").await.json()["state"], "stale");
}

//! `/api/staff`.

use bionicpro_model::RunId;
use bionicpro_warehouse::ledger::{self, Entry, MART_DIFFERS, State, Step};
use chrono::{DateTime, TimeDelta, Utc};
use insta::assert_snapshot;
use serde_json::Value;

use crate::support::App;

fn entry(run: &str, step: Step, state: State, at: DateTime<Utc>) -> Entry {
    Entry::new(run.parse::<RunId>().unwrap(), step, state, 1, at)
}

/// Returns the entries of a run that succeeded at the moment.
fn loaded(run: &str, at: DateTime<Utc>) -> Vec<Entry> {
    let horizon = at - TimeDelta::seconds(3);
    vec![
        entry(run, Step::ExtractCrmData, State::Started, at - TimeDelta::seconds(2)),
        Entry {
            kind: Some("tick".to_owned()),
            form: Some("xid8".to_owned()),
            horizon: Some(horizon),
            version: Some(u64::try_from((at - TimeDelta::seconds(1)).timestamp_micros()).unwrap()),
            rows: Some(500),
            ..entry(run, Step::ExtractTelemetryData, State::Done, at - TimeDelta::seconds(1))
        },
        Entry {
            orphans: Some(3),
            ..entry(run, Step::TransformAndJoin, State::Done, at - TimeDelta::milliseconds(500))
        },
        Entry {
            horizon: Some(horizon),
            cells: Some(20),
            ..entry(run, Step::LoadToClickhouse, State::Done, at)
        },
    ]
}

async fn pipeline(app: &App) -> Value {
    let answered = app.administrator("alexey.kozlov").get("/api/staff/pipeline").await;
    assert_eq!(answered.checked_status(), 200);
    answered.json()
}

#[tokio::test]
async fn without_any_run_nothing_is_well() {
    let app = App::start().await;
    let body = pipeline(&app).await;
    assert_eq!((&body["state"], &body["runs"]), (&"unknown".into(), &serde_json::json!([])));
    assert_eq!(body["freshness"]["state"], "unknown");
    assert_eq!(body["reconciliation"]["state"], "unknown");
    assert_eq!(body["reasons"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_run_that_ended_well_is_ok_with_its_counts() {
    let app = App::start().await;
    let now = Utc::now();
    ledger::append(&app.warehouse, &loaded("good", now)).await.unwrap();
    let body = pipeline(&app).await;
    assert_eq!((&body["state"], &body["reasons"]), (&"ok".into(), &serde_json::json!([])));
    assert_eq!((&body["orphans"], &body["reconciliation"]["state"]), (&3.into(), &"agreed".into()));
    assert_eq!((&body["horizon"]["form"], &body["horizon"]["lag_s"]), (&"xid8".into(), &2.0.into()));
    let run = &body["runs"][0];
    for (name, value) in [("run", "good"), ("state", "done"), ("kind", "tick")] {
        assert_eq!(run[name], value);
    }
    assert_eq!((&run["rows"], &run["cells"], &run["duration_ms"]), (&500.into(), &20.into(), &2000.into()));
}

#[tokio::test]
async fn a_failure_says_what_to_do_until_a_newer_run_ends_well() {
    let app = App::start().await;
    let now = Utc::now();
    ledger::append(&app.warehouse, &loaded("first", now - TimeDelta::minutes(5))).await.unwrap();
    let failed = Entry {
        error_kind: Some("unreachable".to_owned()),
        error: Some("the telemetry cannot be reached".to_owned()),
        hint: Some("check that it runs".to_owned()),
        ..entry("second", Step::ExtractTelemetryData, State::Failed, now - TimeDelta::minutes(3))
    };
    ledger::append(&app.warehouse, &[failed]).await.unwrap();
    let body = pipeline(&app).await;
    assert_eq!(
        (&body["state"], &body["reasons"][0]),
        (&"failing".into(), &"The newest run failed in extract_telemetry_data".into())
    );
    let run = &body["runs"][0];
    assert_eq!((&run["state"], &run["hint"]), (&"failed".into(), &"check that it runs".into()));
    assert_eq!(body["reconciliation"]["run"], "first");

    // A newer run that is still in progress does not change the state; one that succeeds does.
    ledger::append(&app.warehouse, &[entry("third", Step::ExtractCrmData, State::Started, now)])
        .await
        .unwrap();
    let body = pipeline(&app).await;
    assert_eq!((&body["state"], &body["runs"][0]["state"]), (&"failing".into(), &"running".into()));
    assert!(body["runs"][0]["ended_at"].is_null());
    ledger::append(&app.warehouse, &loaded("fourth", now + TimeDelta::seconds(1))).await.unwrap();
    assert_eq!(pipeline(&app).await["state"], "ok");
}

#[tokio::test]
async fn a_mart_that_differs_is_failing_and_a_run_that_was_cut_off_too() {
    let app = App::start().await;
    let now = Utc::now();
    ledger::append(&app.warehouse, &loaded("first", now - TimeDelta::minutes(5))).await.unwrap();
    let differs = Entry {
        error: Some(format!("{MART_DIFFERS}: 2024-01-15: 5 movements staged, 4 found")),
        ..entry("second", Step::LoadToClickhouse, State::Failed, now)
    };
    ledger::append(&app.warehouse, &[differs]).await.unwrap();
    let body = pipeline(&app).await;
    assert_eq!((&body["state"], &body["reconciliation"]["state"]), (&"failing".into(), &"differed".into()));

    let app = App::start().await;
    let long_ago = now - TimeDelta::hours(3);
    ledger::append(&app.warehouse, &[entry("cut", Step::TransformAndJoin, State::Started, long_ago)])
        .await
        .unwrap();
    let body = pipeline(&app).await;
    assert_eq!((&body["state"], &body["runs"][0]["state"]), (&"failing".into(), &"abandoned".into()));
}

#[tokio::test]
async fn one_run_is_shown_step_by_step() {
    let app = App::start().await;
    let at = "2024-01-15T08:00:00Z".parse().unwrap();
    ledger::append(&app.warehouse, &loaded("scheduled__2024-01-15T08:00:00+00:00", at)).await.unwrap();
    let client = app.administrator("alexey.kozlov");
    let body = client.get("/api/staff/run?run=scheduled__2024-01-15T08:00:00%2B00:00").await.json();
    let steps: Vec<_> = body["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| format!("{} {}", step["step"].as_str().unwrap(), step["state"].as_str().unwrap()))
        .collect();
    assert_eq!(
        steps,
        [
            "extract_crm_data started",
            "extract_telemetry_data done",
            "transform_and_join done",
            "load_to_clickhouse done"
        ]
    );
    assert_eq!(body["version"], "1705305599000000");
    assert_eq!(body["run"]["state"], "done");
    let missing = client.get("/api/staff/run?run=20240115T080000Z-3f9a1c").await;
    assert_eq!(missing.checked_status(), 404);
    assert_snapshot!(missing.json()["detail"].as_str().unwrap(), @"The ledger has no such run");
    for bad in ["", "?run=", "?run=..", "?run=a/b", "?run=-x", "?run=x&run=x", "?run=x&user=bob", "?run=%00"]
    {
        let refused = client.get(&format!("/api/staff/run{bad}")).await;
        assert_eq!(refused.checked_status(), 400, "{bad}");
    }
}

#[tokio::test]
async fn only_administrators_see_the_pipeline_and_they_see_nothing_else() {
    let app = App::start().await;
    for path in ["/api/staff/pipeline", "/api/staff/run?run=x"] {
        for client in [app.wearer("ivan.petrov"), app.not_a_wearer("maria")] {
            let refused = client.get(path).await;
            assert_eq!(refused.checked_status(), 403, "{path}");
            assert_eq!(refused.json()["detail"], "This account may not see the pipeline");
            assert_eq!(refused.header("www-authenticate"), "Bearer error=\"insufficient_scope\"");
        }
        assert_eq!(app.anonymous().get(path).await.checked_status(), 401);
    }
    for path in [
        "/api/reports",
        "/api/reports/days",
        "/api/reports/export",
        "/api/prostheses",
        "/api/calendar/2024-01-15",
    ] {
        assert_eq!(app.administrator("alexey").get(path).await.checked_status(), 403, "{path}");
    }
}

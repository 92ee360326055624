//! Rows that are dated in the future: their hours are postponed until they can be read.

use bionicpro_pipeline::{RunKind, RunRequest};
use bionicpro_warehouse::ledger::State;
use chrono::{DateTime, TimeDelta, Utc};

use crate::foreign::{hour, row, told};
use crate::world::World;

impl World {
    /// Returns the checkpoint that the newest run has stored.
    async fn left(&self) -> serde_json::Value {
        let newest = "SELECT argMax(baseline, version) AS text FROM etl_runs
            WHERE baseline IS NOT NULL AND state = 'done' AND step = 'load_to_clickhouse'";
        serde_json::from_str(self.ask(newest).await[0]["text"].as_str().unwrap()).unwrap()
    }

    /// Returns the hours that it has postponed, counted from 1970.
    async fn ahead(&self) -> Vec<i64> {
        let ahead = self.left().await["ahead"].take();
        serde_json::from_value::<Option<Vec<i64>>>(ahead).unwrap().unwrap_or_default()
    }

    /// Simulates passing time: a postponed hour becomes one that can be read, with its rows.
    async fn time_passes(&self, far: &str, old: &str) {
        self.telemetry_sql(&format!(
            "UPDATE telemetry.raw_telemetry SET event_time = '{old}' WHERE event_time = '{far}'"
        ))
        .await;
        let mut left = self.left().await;
        let ahead = self.ahead().await;
        let ahead = ahead.iter().map(|hour| if *hour == hour_number(far) { hour_number(old) } else { *hour });
        left["ahead"] = ahead.collect();
        self.ask(&format!(
            "INSERT INTO etl_runs (run, step, state, attempt, at, version, baseline)
             SELECT 'later', 'load_to_clickhouse', 'done', 1, now64(6), max(version) + 1, '{}' FROM etl_runs",
            left.to_string().replace('\'', "''")
        ))
        .await;
    }
}

/// Returns an hour, counted from 1970.
fn hour_number(at: &str) -> i64 {
    let at: DateTime<Utc> = format!("{}Z", at.replace(' ', "T")).parse().unwrap();
    at.timestamp() / 3600
}

#[tokio::test]
async fn a_row_that_is_dated_far_ahead_is_counted_and_comes_when_its_hour_does() {
    let world = World::with(&row("CHIP-1", &hour(1))).await;
    let near = (Utc::now() + TimeDelta::hours(20)).format("%F %H:00:00").to_string();
    let far = (Utc::now() + TimeDelta::days(3)).format("%F %H:00:00").to_string();
    world.moves(&format!("{}, {}", row("CHIP-2", &near), row("CHIP-2", &far))).await;
    world.tick().await;
    assert_eq!(world.told().await.len(), 2, "a device's clock may be wrong by a day");
    let report = world.ask_for(RunRequest::Full).await.unwrap();
    assert_eq!(report.counts["outside_rows"], 1, "what is in the mart is not counted");
    assert_eq!(world.told().await.len(), 2);
    assert_eq!(world.ahead().await, [hour_number(&far)]);
    let old = hour(40);
    world.time_passes(&far, &old).await;
    assert_eq!(world.tick().await.kind, Some(RunKind::Incremental));
    assert!(world.told().await.contains(&told("b", "CHIP-2", &old, 1)), "{:?}", world.told().await);
    assert_eq!(world.tick().await.state, State::Skipped);
}

/// A pipeline that was stopped for longer than the lookback: rows that were in the future are then neither
/// new nor within the lookback.
#[tokio::test]
async fn a_full_run_reads_the_hours_that_an_earlier_one_has_put_off() {
    let recent = hour(1);
    let world = World::with(&row("CHIP-1", &recent)).await;
    let ahead = |days| (Utc::now() + TimeDelta::days(days)).format("%F %H:00:00").to_string();
    let (far, farther) = (ahead(3), ahead(5));
    world.moves(&format!("{}, {}", row("CHIP-2", &far), row("CHIP-2", &farther))).await;
    world.ask_for(RunRequest::Full).await.unwrap();
    assert_eq!(world.ahead().await, [&far, &farther].map(|at| hour_number(at)));
    let old = hour(40);
    world.time_passes(&far, &old).await;
    assert_eq!(world.ask_for(RunRequest::Full).await.unwrap().kind, Some(RunKind::Full));
    assert_eq!(world.told().await, [told("a", "CHIP-1", &recent, 1), told("b", "CHIP-2", &old, 1)]);
    // The other one is postponed again.
    assert_eq!(world.ahead().await, [hour_number(&farther)]);
}

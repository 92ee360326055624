//! The schedule: it runs the pipeline, and two schedulers never run it at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bionicpro_pipeline::{PipelineConfig, PipelineContext, schedule};
use bionicpro_sources::{CrmConfig, TelemetryConfig};
use bionicpro_warehouse::ledger::{self, State};
use tokio::sync::Notify;

use crate::world::World;

#[tokio::test]
async fn two_schedulers_take_turns_and_stop_when_told() {
    let world = World::new().await;
    take_turns(&world, &world.crm_config(), &world.telemetry_config()).await;
}

/// Runs two schedulers at once, each of which has a run every second.
pub(crate) async fn take_turns(world: &World, crm: &CrmConfig, telemetry: &TelemetryConfig) {
    let warehouse_config = world.warehouse_config();
    let pipeline =
        PipelineConfig { schedule: "* * * * * *".to_owned(), retries: 0, ..PipelineConfig::default() };
    let context =
        PipelineContext::new(crm, telemetry, &warehouse_config, &world.stage_config(), &pipeline).unwrap();
    let stop = Arc::new(Notify::new());
    let schedulers: Vec<_> = (0..2)
        .map(|_| {
            let (context, stop) = (context.clone(), stop.clone());
            tokio::spawn(async move { schedule(&context, stop.notified()).await })
        })
        .collect();
    let warehouse = bionicpro_warehouse::Warehouse::new(&warehouse_config).unwrap();
    let began = Instant::now();
    let runs = loop {
        let runs = ledger::runs(&warehouse, 10).await.unwrap();
        // The first is a full run; the others find nothing new.
        let ended = |state| runs.iter().flatten().filter(move |entry| entry.state == state).count();
        if ended(State::Skipped) >= 2 && ended(State::Done) >= 4 {
            break runs;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "{} runs", runs.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    stop.notify_waiters();
    for scheduler in schedulers {
        scheduler.await.unwrap().unwrap();
    }
    // Newest first: each run began after the one before it had ended.
    for pair in runs.windows(2) {
        let (newer, older) = (&pair[0], &pair[1]);
        assert!(newer[0].at >= older[older.len() - 1].at, "two runs at once: {:?}", (newer[0].at, older));
    }
}

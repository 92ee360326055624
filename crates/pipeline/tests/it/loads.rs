//! Loads that repeat, come late, run concurrently, and remove rows.

use bionicpro_model::{Condition, Kind};
use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::{RunRequest, RunSpec, run};
use bionicpro_warehouse::ledger;

use crate::world::{IVAN, World, days, id};

#[tokio::test]
async fn rows_that_vanished_from_the_source_vanish_from_the_mart() {
    let world = World::new().await;
    world
        .moves("('CHIP-1', '2024-01-15 08:00:00', 1, 1, NULL), ('CHIP-1', '2024-01-15 09:00:00', 1, 1, NULL)")
        .await;
    world.run().await.unwrap();
    assert_eq!(world.told().await.len(), 2);
    world.telemetry_sql("DELETE FROM telemetry.raw_telemetry WHERE event_time >= '2024-01-15 09:00'").await;
    let report = world.run().await.unwrap();
    assert_eq!(report.counts["tombstones"], 1);
    assert_eq!(world.told().await, ["a CHIP-1 2024-01-15 08 1"]);
    // An empty source is refused without a confirmation.
    world.telemetry_sql("DELETE FROM telemetry.raw_telemetry").await;
    let error = world.run().await.unwrap_err();
    assert!(error.kind() == Kind::Data && error.is(Condition::TooMuchVanished), "{}", error.report());
    assert!(error.hint_text().unwrap().contains("--confirm-vanished 1;"), "{}", error.report());
    assert_eq!(world.told().await, ["a CHIP-1 2024-01-15 08 1"]);
    let spec = RunSpec { run: None, ask: RunRequest::Range(days()) };
    run(&world.context().confirming_vanished(1), spec, &Quiet).await.unwrap();
    assert_eq!(world.told().await, [] as [String; 0]);
}

#[tokio::test]
async fn a_load_that_comes_late_brings_nothing_back() {
    let world = World::new().await;
    world
        .moves("('CHIP-1', '2024-01-15 08:00:00', 1, 1, NULL), ('CHIP-1', '2024-01-15 09:00:00', 1, 1, NULL)")
        .await;
    world.stage_run(&id("late")).await.unwrap();
    world.telemetry_sql("DELETE FROM telemetry.raw_telemetry WHERE event_time >= '2024-01-15 09:00'").await;
    world.moves("('CHIP-1', '2024-01-15 08:30:00', 1, 1, NULL)").await;
    world.run().await.unwrap();
    let expected = ["a CHIP-1 2024-01-15 08 2"];
    assert_eq!(world.told().await, expected);
    world.load(&id("late")).await.unwrap();
    assert_eq!(world.told().await, expected);
}

#[tokio::test]
async fn a_row_that_nobody_staged_fails_the_load_and_is_named() {
    let world = World::new().await;
    world.moves("('CHIP-1', '2024-01-15 08:00:00', 1, 1, NULL)").await;
    let staged = world.stage_run(&id("r1")).await.unwrap();
    let row = format!(
        "INSERT INTO user_prosthesis_stats (user_id, prosthesis_id, chip_id, date, hour, movements_count, version)
         VALUES ('{IVAN}', '{IVAN}', 'STRANGE', '2024-01-16', '2024-01-16 10:00:00', 5, {})",
        staged.version.unwrap()
    );
    world.ask(&row).await;
    let error = world.load(&id("r1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Data, "{}", error.report());
    let cell =
        format!("chip \"STRANGE\" at 2024-01-16T10:00Z of user {IVAN}: staged 0 movements, the mart has 5");
    assert!(error.to_string().contains(&cell), "{}", error.report());
    let warehouse = bionicpro_warehouse::Warehouse::new(&world.warehouse_config()).unwrap();
    assert_eq!(ledger::data_as_of(&warehouse).await.unwrap(), None);
}

#[tokio::test]
async fn two_runs_at_once_end_right() {
    let world = World::new().await;
    world
        .moves("('CHIP-1', '2024-01-15 08:00:00', 1, 1, NULL), ('CHIP-2', '2024-01-16 09:00:00', 1, 1, NULL)")
        .await;
    for round in 0..4 {
        world.moves(&format!("('CHIP-1', '2024-01-15 08:{:02}:01', 1, 1, NULL)", round + 1)).await;
        world.telemetry_sql("DELETE FROM telemetry.raw_telemetry WHERE chip_id = 'CHIP-2'").await;
        world.moves(&format!("('CHIP-2', '2024-01-16 1{round}:00:00', 1, 1, NULL)")).await;
        let (one, two, three) = tokio::join!(world.run(), world.run(), world.run());
        for outcome in [one, two, three] {
            outcome.unwrap();
        }
        assert_eq!(
            world.told().await,
            [format!("a CHIP-1 2024-01-15 08 {}", round + 2), format!("b CHIP-2 2024-01-16 1{round} 1")]
        );
    }
}

#[tokio::test]
async fn the_ledger_tells_each_step_and_the_horizon_moves_last() {
    let world = World::new().await;
    world.moves("('CHIP-1', '2024-01-15 08:00:00', 1, 1, NULL)").await;
    let warehouse = bionicpro_warehouse::Warehouse::new(&world.warehouse_config()).unwrap();
    world.stage_run(&id("r1")).await.unwrap();
    assert_eq!(ledger::data_as_of(&warehouse).await.unwrap(), None);
    world.load(&id("r1")).await.unwrap();
    // The range ended long before the snapshot, so the data are as of the end of the range.
    assert_eq!(ledger::data_as_of(&warehouse).await.unwrap(), Some(days().to()));
    let entries = ledger::run(&warehouse, &id("r1")).await.unwrap();
    assert_eq!(entries.len(), 8);
    let last = entries.last().unwrap();
    assert_eq!((last.step, last.state), (ledger::Step::LoadToClickhouse, ledger::State::Done));
    assert_eq!((last.rows, last.cells, last.version.is_some()), (Some(1), Some(1), true));
    assert!(last.snapshot.as_ref().is_some_and(|snapshot| snapshot.contains(':')));
}

#[tokio::test]
async fn a_range_that_the_mart_no_longer_retains_is_refused() {
    let world = World::new().await;
    let mut warehouse = world.warehouse_config();
    warehouse.retention_days = 365;
    let context = world.context_with(&world.crm_config(), &world.telemetry_config(), &warehouse);
    let error =
        run(&context, RunSpec { run: None, ask: RunRequest::Range(days()) }, &Quiet).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Usage, "{}", error.report());
    assert!(error.hint_text().is_some_and(|hint| hint.contains("--from")));
}

//! Single steps with something coming in between: they restart by themselves, as a whole run does.

use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::{RunRequest, steps};
use bionicpro_warehouse::Warehouse;
use bionicpro_warehouse::ledger::{self, Entry, State, Step};
use chrono::Utc;

use crate::world::{IVAN, World, id};

const NEWCOMER: &str = "
    INSERT INTO crm.customers (id, name, email) VALUES ('00000000-0000-0000-0000-00000000000d', 'Dora', 'dora@example.com');
    INSERT INTO crm.prostheses (id, customer_id, model_id, chip_id, serial_number) VALUES
        ('00000000-0000-0000-0000-0000000000c3', '00000000-0000-0000-0000-00000000000d',
         '00000000-0000-0000-0000-0000000000f1', 'CHIP-3', 'S-3')";

#[tokio::test]
async fn a_customer_who_comes_between_the_two_extractions_is_joined_all_the_same() {
    let world = World::with("('CHIP-1', '2024-01-15 08:00:00', 1, 1, NULL)").await;
    world.moves("('CHIP-3', '2024-01-15 08:00:00', 1, 1, NULL)").await;
    let (context, run) = (world.context(), id("r1"));
    steps::extract_crm(&context, &run, &Quiet).await.unwrap();
    world.crm_sql(NEWCOMER).await;
    steps::extract_telemetry(&context, &run, RunRequest::Incremental, &Quiet).await.unwrap();
    assert_eq!(steps::transform(&context, &run, &Quiet).await.unwrap().state, State::Done);
    assert_eq!(world.load(&run).await.unwrap().state, State::Done);
    assert_eq!(world.told().await, ["a CHIP-1 2024-01-15 08 1", "d CHIP-3 2024-01-15 08 1"]);
    assert_eq!(world.tick().await.state, State::Skipped);
}

#[tokio::test]
async fn a_load_that_another_one_has_overtaken_begins_again_and_loses_nothing() {
    let world = World::with("('CHIP-1', '2024-01-15 08:00:00', 1, 1, NULL)").await;
    let (context, run) = (world.context(), id("overtaken"));
    world.moves("('CHIP-1', '2024-01-15 09:00:00', 1, 1, NULL)").await;
    steps::extract_crm(&context, &run, &Quiet).await.unwrap();
    steps::extract_telemetry(&context, &run, RunRequest::Incremental, &Quiet).await.unwrap();
    steps::transform(&context, &run, &Quiet).await.unwrap();
    // The prosthesis moves to Ivan, and an incremental run of another process sees it first.
    world
        .crm_sql(&format!("UPDATE crm.prostheses SET customer_id = '{IVAN}' WHERE chip_id = 'CHIP-1'"))
        .await;
    assert_eq!(world.tick().await.state, State::Done);
    let told = world.told().await;
    assert_eq!(world.load(&run).await.unwrap().state, State::Skipped, "the other run has brought all of it");
    assert_eq!(world.told().await, told);

    world.moves("('CHIP-2', '2024-01-15 10:00:00', 1, 1, NULL)").await;
    assert_eq!(
        world.load(&run).await.unwrap().state,
        State::Done,
        "cleared and run again, it brings what is new"
    );
    assert_eq!(world.told().await.len(), told.len() + 1);
    assert_eq!(world.tick().await.state, State::Skipped);
}

#[tokio::test]
async fn of_two_runs_that_came_to_the_same_version_the_second_reads_again() {
    let world = World::with("('CHIP-1', '2024-01-15 08:00:00', 1, 1, NULL)").await;
    let (context, warehouse) = (world.context(), Warehouse::new(&world.warehouse_config()).unwrap());
    // The source clock is behind the warehouse's newest version, which is of a run in 2096.
    let known = 4_000_000_000_000_000;
    let ahead = Entry::new(id("ahead"), Step::ExtractTelemetryData, State::Done, 1, Utc::now());
    ledger::append(&warehouse, &[Entry { version: Some(known), ..ahead }]).await.unwrap();

    // Full runs: the partial files of an incremental run are refused as soon as any load has come in between.
    let (first, second) = (id("first"), id("second"));
    for run in [&first, &second] {
        steps::extract_crm(&context, run, &Quiet).await.unwrap();
    }
    let extract = |run| steps::extract_telemetry(&context, run, RunRequest::Full, &Quiet);
    let (one, other) = tokio::try_join!(extract(&first), extract(&second)).unwrap();
    assert_eq!((one.version, other.version), (Some(known + 1), Some(known + 1)));
    for run in [&first, &second] {
        steps::transform(&context, run, &Quiet).await.unwrap();
    }
    assert_eq!(world.load(&first).await.unwrap().version, Some(known + 1));
    // It sees rows that came since, because it reads again.
    world.moves("('CHIP-1', '2024-01-15 08:00:01', 1, 1, NULL)").await;
    assert!(world.load(&second).await.unwrap().version > Some(known + 1));
    assert_eq!(world.told().await, ["a CHIP-1 2024-01-15 08 2"]);
}

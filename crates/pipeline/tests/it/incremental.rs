//! Incremental runs: new rows reach the mart, completely and once, and nothing else is read.

use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::{RunReport, RunRequest, RunSpec, run, steps};
use bionicpro_warehouse::ledger::State;

use crate::world::{IVAN, World, id};

impl World {
    pub(crate) async fn ask_for(&self, ask: RunRequest) -> bionicpro_model::Result<RunReport> {
        run(&self.context(), RunSpec { run: None, ask }, &Quiet).await
    }

    pub(crate) async fn tick(&self) -> RunReport {
        self.ask_for(RunRequest::Incremental).await.unwrap_or_else(|error| panic!("{}", error.report()))
    }

    /// Creates a world whose mart has a baseline and these movements.
    pub(crate) async fn with(values: &str) -> World {
        let world = World::new().await;
        world.ask_for(RunRequest::Full).await.unwrap();
        world.moves(values).await;
        world.tick().await;
        world
    }
}

#[tokio::test]
async fn a_tick_recomputes_the_cells_of_new_rows_whole_and_reads_no_other() {
    let world = World::with(
        "('CHIP-1', '2024-01-15 08:00:00', 1, 1, NULL), ('CHIP-1', '2024-01-15 09:00:00', 1, 1, NULL)",
    )
    .await;
    world.moves("('CHIP-1', '2024-01-15 08:30:00', 1, 1, NULL)").await;
    let report = world.tick().await;
    assert_eq!((report.counts["cells"], report.counts["rows"]), (1, 2));
    assert_eq!(world.told().await, ["a CHIP-1 2024-01-15 08 2", "a CHIP-1 2024-01-15 09 1"]);
}

#[tokio::test]
async fn a_tick_with_nothing_new_is_skipped_and_moves_the_baseline() {
    let world = World::with("('CHIP-1', '2024-01-15 08:00:00', 1, 1, NULL)").await;
    for _ in 0..2 {
        let report = world.tick().await;
        assert_eq!((report.state, report.steps.len()), (State::Skipped, 1));
    }
}

#[tokio::test]
async fn a_tick_of_few_chips_stages_their_people_only_and_reads_all_where_another_load_came_between() {
    let world = World::with("('CHIP-1', '2024-01-15 08:00:00', 1, 1, NULL)").await;
    world.moves("('CHIP-1', '2024-01-15 09:00:00', 1, 1, NULL)").await;
    let (context, part) = (world.context(), id("part"));
    let extracted = steps::extract_crm(&context, &part, &Quiet).await.unwrap();
    assert_eq!(extracted.counts["customers"], 2);
    steps::extract_telemetry(&context, &part, RunRequest::Incremental, &Quiet).await.unwrap();
    steps::transform(&context, &part, &Quiet).await.unwrap();
    let owners =
        std::fs::read_to_string(world.stage.path().join("part/owners.parquet.manifest.json")).unwrap();
    let owners: serde_json::Value = serde_json::from_str(&owners).unwrap();
    assert_eq!((&owners["rows"], &owners["merged"]["is_part"]), (&1.into(), &true.into()));
    // Anna leaves, and another load stores that: the partial files must not be taken for the whole.
    world.crm_sql("DELETE FROM crm.prostheses WHERE chip_id = 'CHIP-1'; DELETE FROM crm.customers WHERE ldap_username = 'anna'").await;
    world.moves("('CHIP-2', '2024-01-15 09:00:00', 1, 1, NULL)").await;
    world.tick().await;
    steps::load(&context, &part, &Quiet).await.unwrap();
    assert_eq!(world.told().await, ["b CHIP-2 2024-01-15 09 1"]);
}

#[tokio::test]
async fn a_transaction_that_commits_late_is_found_when_it_does() {
    let world = World::with("('CHIP-1', '2024-01-15 08:00:00', 1, 1, NULL)").await;
    let slow = world.telemetry.client().await;
    let row =
        "INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES ('CHIP-2', '2024-01-15 10:00')";
    slow.batch_execute(&format!("BEGIN; {row}")).await.unwrap();
    world.moves("('CHIP-1', '2024-01-15 09:00:00', 1, 1, NULL)").await;
    world.tick().await;
    slow.batch_execute("COMMIT").await.unwrap();
    world.tick().await;
    assert_eq!(
        world.told().await,
        ["a CHIP-1 2024-01-15 08 1", "a CHIP-1 2024-01-15 09 1", "b CHIP-2 2024-01-15 10 1"]
    );
}

#[tokio::test]
async fn an_hour_in_which_a_prosthesis_changes_hands_is_cut_at_the_instant() {
    let world = World::with(
        "('CHIP-1', '2024-01-15 08:10:00', 1, 1, NULL), ('CHIP-1', '2024-01-15 08:50:00', 1, 1, NULL),
         ('CHIP-1', '2024-01-15 09:00:00', 1, 1, NULL)",
    )
    .await;
    let to_ivan = format!(
        "UPDATE crm.prostheses SET customer_id = '{IVAN}', updated_at = '2024-01-15 08:30' WHERE chip_id = 'CHIP-1'"
    );
    world.crm_sql(&to_ivan).await;
    world.tick().await;
    let cut = ["a CHIP-1 2024-01-15 08 1", "b CHIP-1 2024-01-15 08 1", "b CHIP-1 2024-01-15 09 1"];
    assert_eq!(world.told().await, cut);
    // The CRM corrects the past: the hour was Ivan's from its beginning.
    world.crm_sql("UPDATE crm.prostheses SET updated_at = '2024-01-15 08:05' WHERE chip_id = 'CHIP-1'").await;
    world.tick().await;
    assert_eq!(world.told().await, ["b CHIP-1 2024-01-15 08 2", "b CHIP-1 2024-01-15 09 1"]);
}

#[tokio::test]
async fn an_orphan_is_adopted_however_old_it_is() {
    let world = World::with("('CHIP-9', '2023-02-01 08:00:00', 1, 1, NULL)").await;
    assert_eq!(world.told().await, [] as [&str; 0]);
    world
        .crm_sql(&format!(
            "INSERT INTO crm.prostheses (id, customer_id, model_id, chip_id)
             VALUES ('00000000-0000-0000-0000-0000000000c9', '{IVAN}', '00000000-0000-0000-0000-0000000000f1', 'CHIP-9')"
        ))
        .await;
    world.tick().await;
    assert_eq!(world.told().await, ["b CHIP-9 2023-02-01 08 1"]);
}

#[tokio::test]
async fn a_new_name_reaches_stored_rows_without_reading_telemetry() {
    let world = World::with("('CHIP-2', '2024-01-15 08:00:00', 1, 1, NULL)").await;
    world
        .crm_sql(&format!(
            "UPDATE crm.customers SET name = 'Иван Новый', ldap_username = 'ivan' WHERE id = '{IVAN}'"
        ))
        .await;
    let report = world.tick().await;
    assert_eq!(report.counts["cells"], 0);
    let row = &world.mart().await[0];
    assert_eq!(
        (row["customer_name"].as_str(), row["ldap_username"].as_str()),
        (Some("Иван Новый"), Some("ivan"))
    );
}

#[tokio::test]
async fn a_customer_who_left_leaves_no_row() {
    let world = World::with("('CHIP-2', '2024-01-15 08:00:00', 1, 1, NULL)").await;
    world
        .crm_sql(&format!(
            "DELETE FROM crm.prostheses WHERE customer_id = '{IVAN}'; DELETE FROM crm.customers WHERE id = '{IVAN}'"
        ))
        .await;
    world.tick().await;
    assert_eq!(world.told().await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_lost_baseline_makes_a_full_run_that_says_why() {
    let world = World::with("('CHIP-1', '2024-01-15 08:00:00', 1, 1, NULL)").await;
    world
        .telemetry_sql(
            "CREATE TABLE telemetry.other (LIKE telemetry.raw_telemetry INCLUDING ALL);
             ALTER TABLE telemetry.raw_telemetry RENAME TO former;
             ALTER TABLE telemetry.other RENAME TO raw_telemetry",
        )
        .await;
    let report = world.tick().await;
    assert!(report.why_full.unwrap().contains("recreated"));
    assert_eq!(world.tick().await.state, State::Skipped);
}

#[tokio::test]
async fn a_full_run_repairs_the_stored_people_and_a_tick_trusts_them_while_the_crm_stays() {
    let world = World::with("('CHIP-2', '2024-01-15 08:00:00', 1, 1, NULL)").await;
    let spoil = "INSERT INTO users SELECT * REPLACE ('spoilt' AS customer_name, version + 1 AS version) FROM users FINAL";
    world.ask(spoil).await;
    let spoilt =
        async || world.ask("SELECT user_id FROM users FINAL WHERE customer_name = 'spoilt'").await.len();
    assert_eq!(world.tick().await.state, State::Skipped);
    assert!(spoilt().await > 0);
    world.ask_for(RunRequest::Full).await.unwrap();
    assert_eq!(spoilt().await, 0);
}

#[tokio::test]
async fn a_rename_between_the_two_extractions_of_a_tick_reaches_the_mart() {
    let world = World::with("('CHIP-2', '2024-01-15 08:00:00', 1, 1, NULL)").await;
    world.moves("('CHIP-2', '2024-01-15 08:30:00', 1, 1, NULL)").await;
    let (context, run) = (world.context(), id("renamed"));
    let rename = |name: &str| format!("UPDATE crm.customers SET name = '{name}' WHERE id = '{IVAN}'");
    steps::extract_crm(&context, &run, &Quiet).await.unwrap();
    world.crm_sql(&rename("Second")).await;
    steps::extract_telemetry(&context, &run, RunRequest::Incremental, &Quiet).await.unwrap();
    steps::transform(&context, &run, &Quiet).await.unwrap();
    world.load(&run).await.unwrap();
    assert_eq!(world.told().await, ["b CHIP-2 2024-01-15 08 2"]);
    world.tick().await;
    assert_eq!(world.mart().await[0]["customer_name"].as_str(), Some("Second"));
    assert_eq!(world.tick().await.state, State::Skipped);

    world.moves("('CHIP-2', '2024-01-15 09:30:00', 1, 1, NULL)").await;
    let run = id("renamed-back");
    steps::extract_telemetry(&context, &run, RunRequest::Incremental, &Quiet).await.unwrap();
    world.crm_sql(&rename("Third")).await;
    steps::extract_crm(&context, &run, &Quiet).await.unwrap();
    steps::transform(&context, &run, &Quiet).await.unwrap();
    world.load(&run).await.unwrap();
    world.tick().await;
    let mart = world.mart().await;
    assert!(mart.iter().all(|row| row["customer_name"].as_str() == Some("Third")), "{mart:?}");
}

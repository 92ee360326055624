//! Customers and prostheses: missing, duplicated, changed.

use bionicpro_model::hours::floor_to_hour;
use bionicpro_model::{HourRange, Kind};
use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::{RunRequest, RunSpec, run};
use bionicpro_warehouse::ledger::State;
use chrono::{TimeDelta, Utc};

use crate::world::{IVAN, World};

const PROSTHESIS_1: &str = "00000000-0000-0000-0000-0000000000c1";

#[tokio::test]
async fn telemetry_of_a_chip_that_nobody_owns_is_counted_and_adopted_later() {
    let world = World::new().await;
    world.moves("('CHIP-1', '2024-01-15 08:00:00', 1, 1, NULL), ('CHIP-9', '2024-01-15 08:00:00', 1, 1, NULL),
                 ('CHIP-9', '2024-01-15 09:00:00', 1, 1, NULL), ('CHIP-9', '2024-01-15 09:10:00', 1, 1, NULL)").await;
    let report = world.run().await.unwrap();
    let joined = &report.steps[2].counts;
    assert_eq!((joined["orphan_chips"], joined["orphan_cells"], joined["orphan_movements"]), (1, 2, 3));
    assert_eq!(world.told().await, ["a CHIP-1 2024-01-15 08 1"]);

    world.crm_sql("INSERT INTO crm.prostheses (customer_id, model_id, chip_id) SELECT customer_id, model_id, 'CHIP-9' FROM crm.prostheses LIMIT 1").await;
    world.run().await.unwrap();
    assert_eq!(
        world.told().await,
        ["a CHIP-1 2024-01-15 08 1", "a CHIP-9 2024-01-15 08 1", "a CHIP-9 2024-01-15 09 2"]
    );
}

#[tokio::test]
async fn a_prosthesis_whose_customer_or_model_is_missing_stops_nobody() {
    let world = World::new().await;
    world.crm_sql("ALTER TABLE crm.prostheses DROP CONSTRAINT prostheses_customer_id_fkey, DROP CONSTRAINT prostheses_model_id_fkey;
                   DELETE FROM crm.prosthesis_models WHERE name = 'Grip Pro'; DELETE FROM crm.customers WHERE name = 'Иван'").await;
    world
        .moves("('CHIP-1', '2024-01-15 08:00:00', 1, 1, NULL), ('CHIP-2', '2024-01-15 08:00:00', 1, 1, NULL)")
        .await;
    let report = world.run().await.unwrap();
    let crm = &report.steps[0].counts;
    assert_eq!((crm["prostheses_without_customer"], crm["prostheses_without_model"]), (1, 1));
    assert_eq!(world.told().await, ["a CHIP-1 2024-01-15 08 1"]);
    assert_eq!(world.mart().await[0]["prosthesis_model"], "");
}

#[tokio::test]
async fn a_chip_or_a_login_name_that_two_rows_claim_is_refused() {
    let world = World::new().await;
    world.crm_sql("ALTER TABLE crm.prostheses DROP CONSTRAINT prostheses_chip_id_key; UPDATE crm.prostheses SET chip_id = 'CHIP-1'").await;
    let error = world.run().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Data);
    assert!(error.to_string().contains("CHIP-1"), "{error}");

    let world = World::new().await;
    world.crm_sql("ALTER TABLE crm.customers DROP CONSTRAINT customers_ldap_username_key; UPDATE crm.customers SET ldap_username = 'secret.name'").await;
    let error = world.run().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Data);
    assert!(!error.report().contains("secret.name"), "{}", error.report());
}

#[tokio::test]
async fn a_renamed_customer_is_renamed_in_every_stored_hour() {
    let world = World::new().await;
    world.moves("('CHIP-1', '2024-01-15 08:00:00', 1, 1, NULL)").await;
    world.run().await.unwrap();
    world.crm_sql("UPDATE crm.customers SET name = 'Anna 👩‍🔧 Smith', ldap_username = 'asmith' WHERE ldap_username = 'anna'").await;
    world.run().await.unwrap();
    let rows = world.mart().await;
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0]["customer_name"].as_str(), rows[0]["ldap_username"].as_str()),
        (Some("Anna 👩‍🔧 Smith"), Some("asmith"))
    );
}

#[tokio::test]
async fn a_prosthesis_that_changes_hands_shows_no_owner_the_others_hours() {
    let world = World::new().await;
    let this_hour = floor_to_hour(Utc::now());
    let at = |hours: i64| (this_hour + TimeDelta::hours(hours)).format("%Y-%m-%d %H:30:00").to_string();
    world.moves(&format!("('CHIP-1', '{}', 1, 1, NULL), ('CHIP-1', '{}', 1, 1, NULL)", at(-2), at(3))).await;
    let range = HourRange::new(this_hour - TimeDelta::hours(5), this_hour + TimeDelta::hours(5)).unwrap();
    let spec = || RunSpec { run: None, ask: RunRequest::Range(range) };
    run(&world.context(), spec(), &Quiet).await.unwrap();
    assert!(world.told().await.iter().all(|row| row.starts_with("a CHIP-1")));

    world
        .crm_sql(&format!("UPDATE crm.prostheses SET customer_id = '{IVAN}' WHERE id = '{PROSTHESIS_1}'"))
        .await;
    run(&world.context(), spec(), &Quiet).await.unwrap();
    let hour = |hours| at(hours)[..13].to_owned();
    assert_eq!(world.told().await, [format!("a CHIP-1 {} 1", hour(-2)), format!("b CHIP-1 {} 1", hour(3))]);
    // A run that finds nothing new moves nothing.
    run(&world.context(), spec(), &Quiet).await.unwrap();
    assert_eq!(world.told().await.len(), 2);
}

#[tokio::test]
async fn two_chips_of_one_prosthesis_in_one_hour_are_added_up() {
    let world = World::new().await;
    world
        .moves(
            "('CHIP-1', '2024-01-15 08:10:00', 10, 40, NULL), ('CHIP-X', '2024-01-15 08:20:00', 30, 90, 'E'),
                 ('CHIP-X', '2024-01-15 09:20:00', 1, 1, NULL)",
        )
        .await;
    world.run().await.unwrap();
    world.crm_sql(&format!("UPDATE crm.prostheses SET chip_id = 'CHIP-X' WHERE id = '{PROSTHESIS_1}'")).await;
    world.run().await.unwrap();
    assert_eq!(world.told().await, ["a CHIP-X 2024-01-15 08 2", "a CHIP-X 2024-01-15 09 1"]);
    let rows = world.mart().await;
    let row = rows.iter().find(|row| row["movements_count"] == 2).unwrap();
    assert_eq!(
        (row["avg_response_time"].as_f64(), row["battery_min"].as_f64(), row["battery_last"].as_f64()),
        (Some(20.0), Some(40.0), Some(90.0))
    );
    assert_eq!(row["error_rate"].as_f64(), Some(0.5));
}

#[tokio::test]
async fn what_the_crm_says_of_a_warranty_follows_it_by_the_next_tick() {
    let world = World::with("('CHIP-1', '2024-01-15 08:00:00', 1, 1, NULL)").await;
    let told = async || {
        let sql = "SELECT concat(chip_id, ' ', ifNull(toString(manufactured_on), '-'), ' ', ifNull(toString(warranty_until), '-'))
            AS row FROM user_prostheses FINAL ORDER BY chip_id";
        let rows = world.ask(sql).await;
        rows.iter().map(|row| row["row"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(told().await, ["CHIP-1 - -", "CHIP-2 - -"]);
    world.crm_sql("UPDATE crm.prostheses SET manufacture_date = '2023-05-31'; UPDATE crm.prosthesis_models SET warranty_years = 3 WHERE name = 'Grip Pro'").await;
    assert_eq!(world.tick().await.state, State::Done);
    assert_eq!(told().await, ["CHIP-1 2023-05-31 2026-05-31", "CHIP-2 2023-05-31 -"]);
    world.crm_sql("UPDATE crm.prosthesis_models SET warranty_years = 5").await;
    world.tick().await;
    assert_eq!(told().await, ["CHIP-1 2023-05-31 2028-05-31", "CHIP-2 2023-05-31 2028-05-31"]);
    assert_eq!(world.tick().await.state, State::Skipped);
    world.crm_sql("ALTER TABLE crm.prostheses DROP COLUMN manufacture_date").await;
    world.tick().await;
    assert_eq!(told().await, ["CHIP-1 - -", "CHIP-2 - -"]);
    assert_eq!(world.told().await, ["a CHIP-1 2024-01-15 08 1"]);
}

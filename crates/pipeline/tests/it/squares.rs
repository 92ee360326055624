//! A mart that is older than the sums of squares: it stays as it is, compares as equal, and gets them when it
//! is recomputed.

use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::verify::{Verified, Verify, verify};
use bionicpro_pipeline::{RunRequest, RunSpec, run};
use bionicpro_warehouse::Warehouse;

use crate::world::{World, days, id, range};

const SQUARES: &str =
    "SELECT chip_id, toHour(hour) AS hour, response_squares, battery_squares, response_count
    FROM ml_hourly_stats ORDER BY chip_id, ml_hourly_stats.hour";

impl World {
    /// Creates a loaded mart, drops the columns, as in the previous version of the program, and migrates it.
    async fn upgraded() -> World {
        let world = World::new().await;
        world
            .moves(
                "('CHIP-1', '2024-01-15 08:00:00', 40, 50, NULL), ('CHIP-1', '2024-01-15 08:01:00', 2, 1.5, NULL),
                 ('CHIP-1', '2024-01-16 09:00:00', 3, NULL, NULL), ('CHIP-2', '2024-01-16 10:00:00', 5, 6, NULL)",
            )
            .await;
        world.run().await.unwrap();
        for table in ["user_prosthesis_stats", "load_rows"] {
            let alter = "DROP COLUMN response_squares, DROP COLUMN battery_squares";
            world.ask(&format!("ALTER TABLE {table} {alter} SETTINGS mutations_sync = 2")).await;
        }
        world.ask("TRUNCATE TABLE schema_migrations").await;
        let warehouse = Warehouse::new(&world.warehouse_config()).unwrap();
        warehouse.migrate(false).await.unwrap_or_else(|error| panic!("{}", error.report()));
        world
    }

    async fn squares(&self) -> Vec<String> {
        let rows = self.ask(SQUARES).await;
        let told = |row: &serde_json::Value| {
            let [response, battery] = ["response_squares", "battery_squares"].map(|name| row[name].as_f64());
            format!("{} {} {response:?} {battery:?}", row["chip_id"].as_str().unwrap(), row["hour"])
        };
        rows.iter().map(told).collect()
    }

    async fn verified(&self, name: &str, repair: bool) -> Verified {
        let asked = Verify { run: id(name), range: days(), repair };
        verify(&self.context(), &asked, &Quiet).await.unwrap_or_else(|error| panic!("{}", error.report()))
    }
}

#[tokio::test]
async fn rows_from_before_are_unknown_until_they_are_recomputed_and_do_not_differ() {
    let world = World::upgraded().await;
    let unknown = ["CHIP-1 8 None None", "CHIP-1 9 None None", "CHIP-2 10 None None"];
    assert_eq!(world.squares().await, unknown);
    let verified = world.verified("before", true).await;
    assert_eq!(
        (verified.cells, verified.differing, verified.repaired),
        (3, 0, false),
        "{:?}",
        verified.first
    );
    assert_eq!(world.squares().await, unknown);

    // A changed name in the CRM rewrites rows: unknown sums stay unknown.
    world.crm_sql("UPDATE crm.customers SET name = 'Ann' WHERE ldap_username = 'anna'").await;
    let new = "('CHIP-2', '2024-01-16 10:01:00', 7, 8, NULL)";
    world.moves(new).await;
    let day = RunRequest::Range(range("2024-01-16T10:00:00Z", "2024-01-16T11:00:00Z"));
    run(&world.context(), RunSpec { run: None, ask: day }, &Quiet).await.unwrap();
    let some = ["CHIP-1 8 None None", "CHIP-1 9 None None", "CHIP-2 10 Some(74.0) Some(100.0)"];
    assert_eq!(world.squares().await, some);
    let names = world.mart().await.iter().filter(|row| row["customer_name"] == "Ann").count();
    assert_eq!(names, 2);
    assert_eq!(world.verified("some", true).await.differing, 0);

    world.run().await.unwrap();
    let all = ["CHIP-1 8 Some(1604.0) Some(2502.25)", "CHIP-1 9 Some(9.0) Some(0.0)", some[2]];
    assert_eq!(world.squares().await, all);
    assert_eq!(world.verified("all", false).await.differing, 0);
}

#[tokio::test]
async fn a_square_that_is_known_and_wrong_differs_and_is_mended() {
    let world = World::upgraded().await;
    // Next to unknown ones of the same day, and with all of them known.
    for name in ["mixed", "known"] {
        let wrong = "ALTER TABLE user_prosthesis_stats UPDATE battery_squares = 36.5 WHERE chip_id = 'CHIP-2'
            SETTINGS mutations_sync = 2";
        world.ask(wrong).await;
        let verified = world.verified(name, true).await;
        assert_eq!((verified.differing, verified.repaired), (1, true), "{name}");
        let difference = &verified.first[0];
        let squares = [difference.source, difference.mart].map(|numbers| numbers.unwrap().battery_squares);
        assert_eq!((difference.chip_id.as_str(), squares), ("CHIP-2", [Some(36.0), Some(36.5)]), "{name}");
        let all = [
            "CHIP-1 8 Some(1604.0) Some(2502.25)",
            "CHIP-1 9 Some(9.0) Some(0.0)",
            "CHIP-2 10 Some(25.0) Some(36.0)",
        ];
        assert_eq!(world.squares().await, all);
    }
}

#[tokio::test]
async fn a_day_has_squares_where_all_of_its_hours_have_them() {
    let world = World::upgraded().await;
    world.moves("('CHIP-1', '2024-01-16 10:00:00', 4, NULL, NULL)").await;
    let hour = RunRequest::Range(range("2024-01-16T10:00:00Z", "2024-01-16T11:00:00Z"));
    run(&world.context(), RunSpec { run: None, ask: hour }, &Quiet).await.unwrap();
    let told = async || -> Vec<String> {
        let days = "SELECT * FROM ml_daily_stats ORDER BY user_id, date";
        let told = |row: &serde_json::Value| {
            let sums = ["response_sum", "response_squares"].map(|name| row[name].as_f64());
            format!("{} {sums:?}", row["date"].as_str().unwrap())
        };
        world.ask(days).await.iter().map(told).collect()
    };
    let some = [
        "2024-01-15 [Some(42.0), None]",
        "2024-01-16 [Some(7.0), None]",
        "2024-01-16 [Some(5.0), Some(25.0)]",
    ];
    assert_eq!(told().await, some);
    world.run().await.unwrap();
    let all = ["2024-01-15 [Some(42.0), Some(1604.0)]", "2024-01-16 [Some(7.0), Some(25.0)]", some[2]];
    assert_eq!(told().await, all);
}

/// An incremental run reads a chip's rows by the index, in the order of time; a comparison reads the hour in
/// the order on disk.
#[tokio::test]
async fn the_squares_of_a_real_are_the_same_in_whatever_order_they_are_added() {
    let world = World::new().await;
    let insert = async |chips: &str, rows: u32| {
        let sql = format!(
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time, response_time_ms, battery_level)
             SELECT 'CHIP-' || chip, timestamp '2024-01-15 08:00:00' + row * interval '1 second', row, 100 - row * 0.29
             FROM {chips} AS chip, generate_series(1, {rows}) AS row ORDER BY md5(row::text)"
        );
        world.telemetry_sql(&sql).await;
    };
    world.ask_for(RunRequest::Full).await.unwrap();
    insert("generate_series(3, 300)", 3).await;
    world.tick().await;
    insert("generate_series(1, 2)", 340).await;
    let report = world.tick().await;
    assert_eq!(report.counts["rows"], 680, "the hour is not read whole");
    let verified = world.verified("order", false).await;
    assert_eq!((verified.cells, verified.differing), (2, 0), "{:?}", verified.first);
}

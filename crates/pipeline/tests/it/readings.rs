//! Readings and event times that no device should send: kept, counted, never changed silently.

use crate::world::{World, days, range};
use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::{RunRequest, RunSpec, run};

#[tokio::test]
async fn nan_and_infinity_are_movements_and_anomalies_but_no_samples() {
    let world = World::new().await;
    world.telemetry_sql("ALTER TABLE telemetry.raw_telemetry ALTER response_time_ms TYPE float8").await;
    world
        .moves(
            "('CHIP-1', '2024-01-15 08:00:00', 40, 50, NULL), ('CHIP-1', '2024-01-15 08:01:00', 'NaN', 'NaN', NULL),
             ('CHIP-1', '2024-01-15 08:02:00', 'Infinity', '-Infinity', NULL), ('CHIP-1', '2024-01-15 08:03:00', '-Infinity', 60, NULL),
             ('CHIP-1', '2024-01-15 08:04:00', NULL, 'Infinity', 'E')",
        )
        .await;
    world.run().await.unwrap();
    let row = &world.mart().await[0];
    assert_eq!((row["movements_count"].as_u64(), row["anomaly_count"].as_u64()), (Some(5), Some(4)));
    assert_eq!((row["response_count"].as_u64(), row["response_sum"].as_f64()), (Some(1), Some(40.0)));
    assert_eq!((row["battery_count"].as_u64(), row["battery_sum"].as_f64()), (Some(2), Some(110.0)));
    assert_eq!((row["battery_min"].as_f64(), row["battery_last"].as_f64()), (Some(50.0), Some(60.0)));
}

#[tokio::test]
async fn negative_responses_and_batteries_out_of_range_are_kept_and_counted() {
    let world = World::new().await;
    world
        .moves(
            "('CHIP-1', '2024-01-15 08:00:00', -5, -1, NULL), ('CHIP-1', '2024-01-15 08:01:00', 15, 150, NULL),
             ('CHIP-1', '2024-01-15 08:02:00', 0, 0, NULL), ('CHIP-1', '2024-01-15 08:03:00', 1, 100, NULL)",
        )
        .await;
    let report = world.run().await.unwrap();
    assert_eq!(report.counts["anomalies"], 2);
    let row = &world.mart().await[0];
    assert_eq!((row["anomaly_count"].as_u64(), row["response_count"].as_u64()), (Some(2), Some(4)));
    assert_eq!((row["response_sum"].as_f64(), row["battery_sum"].as_f64()), (Some(11.0), Some(249.0)));
    assert_eq!(row["battery_min"].as_f64(), Some(-1.0));
}

/// A square may be too large or too small for the engine although the reading is not: the rest of the cell is
/// still read.
#[tokio::test]
async fn squares_that_no_number_holds_are_unknown_and_stop_nothing() {
    for (of, greatest) in [("double precision", 1e300), ("numeric", 1e300), ("numeric", -1e200)] {
        let world = World::new().await;
        world
            .telemetry_sql(&format!("ALTER TABLE telemetry.raw_telemetry ALTER response_time_ms TYPE {of}"))
            .await;
        world
            .moves(&format!(
                "('CHIP-1', '2024-01-15 08:00:00', {greatest:e}, 50, NULL), ('CHIP-1', '2024-01-15 08:01:00', 2, 50.5, NULL),
                 ('CHIP-1', '2024-01-15 09:00:00', 1e-200, NULL, NULL), ('CHIP-1', '2024-01-15 10:00:00', -1e134, NULL, NULL),
                 ('CHIP-1', '2024-01-15 11:00:00', NULL, NULL, NULL)"
            ))
            .await;
        world.run().await.unwrap();
        let mut mart = world.mart().await;
        mart.sort_by_key(|row| row["hour"].as_str().unwrap().to_owned());
        let told: Vec<_> = mart
            .iter()
            .map(|row| ["response_sum", "response_squares", "battery_squares"].map(|name| row[name].as_f64()))
            .collect();
        let expected = [
            [Some(greatest), None, Some(5050.25)],
            [Some(1e-200), Some(0.0), Some(0.0)],
            [Some(-1e134), Some(1e268), Some(0.0)],
            [Some(0.0), Some(0.0), Some(0.0)],
        ];
        assert_eq!(told, expected, "{of}");
    }
}

/// Integers are squared exactly, even the largest.
#[tokio::test]
async fn squares_of_integers_are_exact_and_rounded_once() {
    for (of, values, expected) in [
        ("smallint", "32767, -32768", 2_147_418_113.0),
        ("integer", "2147483647, -2147483648", 9.223_372_032_559_809e18),
        ("bigint", "9223372036854775807, 3", 8.507_059_173_023_462e37),
        ("bigint", "94906267, 1", 9_007_199_515_875_290.0),
    ] {
        let world = World::new().await;
        world
            .telemetry_sql(&format!(
                "ALTER TABLE telemetry.raw_telemetry ALTER response_time_ms TYPE {of};
                 INSERT INTO telemetry.raw_telemetry (chip_id, event_time, response_time_ms)
                 SELECT 'CHIP-1', timestamp '2024-01-15 08:00:00', unnest(ARRAY[{values}]::{of}[])"
            ))
            .await;
        world.run().await.unwrap();
        assert_eq!(world.mart().await[0]["response_squares"].as_f64(), Some(expected), "{of} {values}");
    }
}

#[tokio::test]
async fn an_hour_without_any_reading_is_unknown_and_not_zero() {
    let world = World::new().await;
    world.moves("('CHIP-1', '2024-01-15 08:00:00', NULL, NULL, NULL)").await;
    world.run().await.unwrap();
    let row = &world.mart().await[0];
    for column in ["avg_response_time", "avg_battery_level", "battery_min", "battery_last"] {
        assert!(row[column].is_null(), "{column}: {}", row[column]);
    }
}

#[tokio::test]
async fn rows_that_no_report_can_hold_are_counted() {
    let world = World::new().await;
    world
        .telemetry_sql(
            "ALTER TABLE telemetry.raw_telemetry ALTER chip_id DROP NOT NULL, ALTER event_time DROP NOT NULL",
        )
        .await;
    world
        .moves(
            "('CHIP-1', '2024-01-15 08:00:00', 1, 1, NULL), ('CHIP-1', '0001-01-01 00:00:00', 1, 1, NULL),
             ('CHIP-1', '4713-01-01 00:00:00 BC', 1, 1, NULL), ('CHIP-1', '-infinity', 1, 1, NULL),
             ('CHIP-1', '9999-12-31 23:59:59', 1, 1, NULL), ('CHIP-1', 'infinity', 1, 1, NULL),
             ('CHIP-1', '2106-02-06 23:59:59', 1, 1, NULL), ('CHIP-1', NULL, 1, 1, NULL),
             (NULL, '2024-01-15 08:00:00', 1, 1, NULL)",
        )
        .await;
    let report = world.run().await.unwrap();
    let counts =
        &report.steps.iter().find(|step| step.counts.contains_key("rows_before_1970")).unwrap().counts;
    assert_eq!(counts["rows_before_1970"], 3);
    assert_eq!(counts["rows_after_2106"], 2);
    assert_eq!(counts["rows_in_the_future"], 1);
    assert_eq!(counts["rows_without_time"], 1);
    assert_eq!(counts["rows_without_chip"], 1);
    assert_eq!(world.told().await, ["a CHIP-1 2024-01-15 08 1"]);
}

#[tokio::test]
async fn the_first_and_the_last_hours_that_can_be_held_are_held() {
    let world = World::new().await;
    world
        .moves("('CHIP-1', '1970-01-01 00:00:00', 1, 1, NULL), ('CHIP-1', '2106-02-06 23:59:59', 1, 1, NULL)")
        .await;
    for hours in [range("1970-01-01", "1970-01-02"), range("2106-02-06", "2106-02-07")] {
        run(&world.context(), RunSpec { run: None, ask: RunRequest::Range(hours) }, &Quiet).await.unwrap();
    }
    assert_eq!(world.told().await, ["a CHIP-1 1970-01-01 00 1", "a CHIP-1 2106-02-06 23 1"]);
}

#[tokio::test]
async fn movements_at_the_edges_of_the_range_belong_to_one_side() {
    let world = World::new().await;
    world
        .moves(
            "('CHIP-1', '2024-01-14 23:59:59.999999', 1, 1, NULL), ('CHIP-1', '2024-01-15 00:00:00', 1, 1, NULL),
             ('CHIP-1', '2024-01-16 23:59:59.999999', 1, 1, NULL), ('CHIP-1', '2024-01-17 00:00:00', 1, 1, NULL)",
        )
        .await;
    let report = world.run().await.unwrap();
    assert_eq!(report.range, Some(days()));
    assert_eq!(world.told().await, ["a CHIP-1 2024-01-15 00 1", "a CHIP-1 2024-01-16 23 1"]);
}

//! For any fleet and any form of the tables, the mart equals a recomputation by plain SQL, cell by cell and
//! column by column.
//!
//! A failing fleet is shrunk, printed, and its seed kept in `tests/it/property.regressions`, which is tried
//! first next time. `PROPTEST_CASES=1000` tests more fleets, `PROPTEST_RNG_SEED=…` repeats the same fleets.

use bionicpro_testing::property;
use proptest::prelude::*;

use crate::oracle::{expected, found};
use crate::world::World;

/// Few by default, because each has its own databases.
const CASES: u32 = 12;

#[derive(Debug, Clone)]
struct Fleet {
    response_type: &'static str,
    battery_type: &'static str,
    time_type: &'static str,
    error_type: &'static str,
    indexes: &'static str,
    connections: u16,
    movements: Vec<Movement>,
    more: Vec<Movement>,
}

#[derive(Debug, Clone)]
struct Movement {
    chip: u8,
    /// Microseconds after 2024-01-14 22:00.
    at: i64,
    response: Reading,
    battery: Reading,
    error: Option<bool>,
}

#[derive(Debug, Clone, Copy)]
enum Reading {
    Missing,
    /// A number of quarters, which every non-integer type holds exactly.
    Quarters(i16),
    NotANumber,
    Infinite,
    MinusInfinite,
}

impl Reading {
    fn sql(self, column: &str) -> String {
        let is_whole = matches!(column, "smallint" | "integer" | "bigint");
        match self {
            Reading::Missing => "NULL".to_owned(),
            Reading::Quarters(quarters) if is_whole => format!("{}", quarters / 4),
            Reading::Quarters(quarters) => format!("{}", f64::from(quarters) / 4.0),
            _ if is_whole => "NULL".to_owned(),
            Reading::NotANumber => "'NaN'".to_owned(),
            Reading::Infinite => "'Infinity'".to_owned(),
            Reading::MinusInfinite => "'-Infinity'".to_owned(),
        }
    }
}

fn reading() -> impl Strategy<Value = Reading> {
    prop_oneof![
        2 => Just(Reading::Missing),
        12 => (-40_i16..480).prop_map(Reading::Quarters),
        1 => Just(Reading::NotANumber),
        1 => Just(Reading::Infinite),
        1 => Just(Reading::MinusInfinite),
    ]
}

fn movement() -> impl Strategy<Value = Movement> {
    let hour = 3_600_000_000_i64;
    // Often the same instants, so that ties happen, and often the very edges of an hour.
    let at = prop_oneof![
        0..52 * hour,
        (0_i64..52).prop_map(move |of| of * hour),
        (1_i64..52).prop_map(move |of| of * hour - 1),
        (0_i64..4, 0_i64..3).prop_map(move |(of, second)| (10 + of) * hour + second * 1_000_000),
    ];
    (0_u8..4, at, reading(), reading(), proptest::option::of(any::<bool>()))
        .prop_map(|(chip, at, response, battery, error)| Movement { chip, at, response, battery, error })
}

fn fleet() -> impl Strategy<Value = Fleet> {
    let number = || prop::sample::select(vec!["smallint", "integer", "bigint", "real", "float8", "numeric"]);
    let index = |columns| format!("CREATE INDEX ON telemetry.raw_telemetry ({columns});");
    let both: &'static str =
        Box::leak((index("event_time") + &index("chip_id, event_time")).into_boxed_str());
    let time: &'static str = Box::leak(index("event_time").into_boxed_str());
    let chip: &'static str = Box::leak(index("chip_id, event_time").into_boxed_str());
    (
        (number(), number()),
        prop::sample::select(vec!["timestamp", "timestamptz"]),
        prop::sample::select(vec!["text", "integer"]),
        prop::sample::select(vec![both, time, chip, ""]),
        1_u16..4,
        prop::collection::vec(movement(), 0..120),
        prop::collection::vec(movement(), 0..20),
    )
        .prop_map(
            |(
                (response_type, battery_type),
                time_type,
                error_type,
                indexes,
                connections,
                movements,
                more,
            )| {
                Fleet {
                    response_type,
                    battery_type,
                    time_type,
                    error_type,
                    indexes,
                    connections,
                    movements,
                    more,
                }
            },
        )
}

impl Fleet {
    fn table(&self) -> String {
        format!(
            "DROP TABLE telemetry.raw_telemetry; CREATE TABLE telemetry.raw_telemetry (chip_id varchar(64) NOT NULL, \
             event_time {} NOT NULL, response_time_ms {}, battery_level {}, error_code {}); {}",
            self.time_type, self.response_type, self.battery_type, self.error_type, self.indexes
        )
    }

    fn insert(&self, movements: &[Movement]) -> String {
        if movements.is_empty() {
            return String::new();
        }
        let rows: Vec<String> = movements
            .iter()
            .map(|row| {
                let error = match (row.error, self.error_type) {
                    (None, _) | (Some(false), "integer") => "NULL",
                    (Some(false), _) => "''",
                    (Some(true), "integer") => "7",
                    (Some(true), _) => "'E7'",
                };
                format!(
                    "('CHIP-{}', timestamp '2024-01-14 22:00' + {} * interval '1 microsecond', {}, {}, {error})",
                    row.chip,
                    row.at,
                    row.response.sql(self.response_type),
                    row.battery.sql(self.battery_type),
                )
            })
            .collect();
        format!("SET TimeZone = 'UTC'; INSERT INTO telemetry.raw_telemetry VALUES {}", rows.join(", "))
    }
}

async fn mart_equals_recomputation(fleet: &Fleet) -> Result<(), TestCaseError> {
    let world = World::new().await;
    world.telemetry_sql(&fleet.table()).await;
    let mut telemetry = world.telemetry_config();
    telemetry.connections = fleet.connections;
    // The deletion may remove most of the mart, which a run accepts only with a confirmation.
    let context = world
        .context_with(&world.crm_config(), &telemetry, &world.warehouse_config())
        .confirming_vanished(u64::MAX);
    // The second change has late rows and deletions: its run must leave nothing of the first.
    let delete = "DELETE FROM telemetry.raw_telemetry WHERE extract(minute from event_time) < 20".to_owned();
    for change in [fleet.insert(&fleet.movements), format!("{delete}; {}", fleet.insert(&fleet.more))] {
        world.telemetry_sql(&change).await;
        let spec = bionicpro_pipeline::RunSpec {
            run: None,
            ask: bionicpro_pipeline::RunRequest::Range(crate::world::days()),
        };
        let report = bionicpro_pipeline::run(&context, spec, &bionicpro_pipeline::progress::Quiet).await;
        report.map_err(|error| TestCaseError::fail(error.report()))?;
        let (expected, found) = (expected(&world).await, found(&world).await);
        prop_assert_eq!(found, expected);
    }
    Ok(())
}

#[test]
fn the_mart_equals_a_recomputation_by_plain_sql() {
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/property.regressions");
    property::holds(&fleet(), CASES, kept, async |value| mart_equals_recomputation(&value).await);
}

//! Checks PostgreSQL's plans for the queries: an incremental run must reach its rows by index, with and
//! without statistics.

use bionicpro_testing::TestDatabase;

use super::plan::{Interval, Plan};
use super::query_tasks::{self, Sorted};
use super::{Slicing, Telemetry};
use crate::changes::{self, Target};
use crate::{ChangesConfig, Database, TelemetryConfig};

/// Two hundred chips, with a movement of each every three minutes for three days, in order of time.
const ROWS: &str = "
    INSERT INTO telemetry.raw_telemetry (chip_id, event_time, created_at, response_time_ms)
    SELECT 'CHIP-' || chip, moment + chip * interval '1 millisecond', moment, 40
    FROM generate_series(timestamp '2024-01-15', timestamp '2024-01-17 23:57', '3 minutes') AS moment,
        generate_series(1, 200) AS chip;
    CREATE INDEX ON telemetry.raw_telemetry (created_at);";

async fn table() -> (TestDatabase, TelemetryConfig) {
    let database = bionicpro_testing::postgres().telemetry().await;
    let config = TelemetryConfig { url: Some(database.url.clone()), ..TelemetryConfig::default() };
    (database, config)
}

async fn open(config: &TelemetryConfig) -> Telemetry {
    Telemetry::open(&Database::telemetry(config).unwrap(), config, 0).await.unwrap()
}

async fn plan(telemetry: &Telemetry, sql: &str) -> String {
    let sql = sql
        .strip_prefix("COPY (")
        .and_then(|sql| sql.strip_suffix(") TO STDOUT (FORMAT binary)"))
        .unwrap_or(sql);
    let rows = telemetry.session.client.query(&format!("EXPLAIN {sql}"), &[]).await.unwrap();
    rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn new_rows_are_found_by_their_index() {
    for has_statistics in [true, false] {
        for (config, index) in [
            (ChangesConfig::TransactionColumn, "raw_telemetry_inserted_by_idx"),
            (ChangesConfig::CreationTime, "raw_telemetry_created_at_idx"),
        ] {
            let (database, mut settings) = table().await;
            settings.changes = config;
            let client = database.client().await;
            client.batch_execute(ROWS).await.unwrap();
            if has_statistics {
                client.batch_execute("ANALYZE telemetry.raw_telemetry").await.unwrap();
            }
            let telemetry = open(&settings).await;
            let mut baseline = serde_json::to_value(telemetry.baseline(None).unwrap()).unwrap();
            // As if two transactions had been open.
            baseline["snapshot"] = "700:800:700,750".into();
            let baseline = serde_json::from_value(baseline).unwrap();
            let query = &telemetry.query;
            let target = Target { table: &query.table, time_has_zone: query.time_has_zone, by_bytes: false };
            let sql = changes::query(&telemetry.finder, &baseline, &target).unwrap();
            if !has_statistics {
                // As the lookup itself sets it.
                telemetry.session.execute("SET LOCAL enable_seqscan = off").await.unwrap();
            }
            let plan = plan(&telemetry, &sql).await;
            assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{config:?}: {plan}");
        }
    }
}

#[tokio::test]
async fn cells_of_chips_and_of_hours_are_read_by_index() {
    let (database, settings) = table().await;
    let client = database.client().await;
    client.batch_execute(ROWS).await.unwrap();
    client.batch_execute("ANALYZE telemetry.raw_telemetry").await.unwrap();
    let telemetry = open(&settings).await;
    let hour = 1_705_305_600_000_000;
    let of =
        |from: i64, to: i64| Interval { from: hour + from * 60_000_000, to: hour + to * 60_000_000, chip: 0 };
    let mut planned =
        Plan { chips: vec!["CHIP-7".into()], whole: vec![(hour, hour + 3_600_000_000)], ..Plan::default() };
    planned.left_out.insert(hour, vec![0]);
    let sorted = Sorted::new(vec![of(0, 20), of(20, 60), of(60, 600)]);
    let works = query_tasks::list(&telemetry, &planned, &sorted, Slicing::ByHour);
    assert_eq!(works.len(), 4);
    for work in &works {
        let plan = plan(&telemetry, &telemetry.sql(&planned, work, None)).await;
        assert!(plan.contains("Index") && !plan.contains("Seq Scan"), "{plan}");
        // Instants look unique in the statistics, but a burst may have thousands of rows at one instant: the
        // last level is looked up by its chip first.
        let last = plan.split_once("SubPlan").map_or("", |(_, last)| last);
        assert!(last.contains("raw_telemetry_chip_time_idx"), "{plan}");
    }
}

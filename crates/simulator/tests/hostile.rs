//! Hostile fleets contain all values that they promise, with both column types, and are reproducible.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use bionicpro_model::hours::parse_instant;
use bionicpro_simulator::hostile::{HostileOptions, fill};
use bionicpro_testing::{TestDatabase, postgres};

async fn filled(seed: u64, floating_readings: bool) -> (TestDatabase, TestDatabase) {
    let (crm, telemetry) = (postgres().crm().await, postgres().telemetry().await);
    let options = HostileOptions {
        seed,
        customers: 12,
        movements: 3_000,
        from: parse_instant("2024-03-30").unwrap(),
        to: parse_instant("2024-04-02").unwrap(),
        floating_readings,
    };
    fill(&crm.url, &telemetry.url, &options).await.unwrap();
    (crm, telemetry)
}

async fn count(database: &TestDatabase, from: &str) -> i64 {
    database.client().await.query_one(&format!("SELECT count(*) FROM {from}"), &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn every_kind_of_hostility_is_there() {
    for floating in [false, true] {
        let (crm, telemetry) = filled(5, floating).await;
        let rows = "telemetry.raw_telemetry WHERE";
        for filter in [
            "response_time_ms < 0",
            "battery_level > 100",
            "battery_level < 0",
            "event_time < '0002-01-01'",
            "event_time > '9999-01-01' AND event_time < 'infinity'",
            "event_time = 'infinity'",
            "error_code = ''",
            "response_time_ms IS NULL",
            "battery_level IS NULL",
            "event_time = date_trunc('hour', event_time)",
            "chip_id NOT IN (SELECT '')",
        ] {
            assert!(count(&telemetry, &format!("{rows} {filter}")).await > 0, "{filter}");
        }
        let special = format!("{rows} response_time_ms::float8 IN ('NaN', 'inf', '-inf')");
        assert_eq!(count(&telemetry, &special).await > 0, floating);
        let twice = "(SELECT 1 FROM telemetry.raw_telemetry \
                     GROUP BY chip_id, event_time, response_time_ms, battery_level HAVING count(*) > 1) t";
        assert!(count(&telemetry, twice).await > 0);
        assert!(count(&crm, "crm.customers WHERE ldap_username IS NULL").await > 0);
    }
}

#[tokio::test]
async fn the_same_seed_is_the_same_fleet() {
    let digest = "SELECT md5(string_agg(row_to_json(t)::text, '|' ORDER BY id)) FROM \
                  (SELECT id, chip_id, event_time, response_time_ms::text, battery_level::text, error_code \
                   FROM telemetry.raw_telemetry) t";
    let mut digests = Vec::new();
    for seed in [5, 5, 6] {
        let (_, telemetry) = filled(seed, true).await;
        digests.push(telemetry.client().await.query_one(digest, &[]).await.unwrap().get::<_, String>(0));
    }
    assert_eq!(digests[0], digests[1]);
    assert_ne!(digests[0], digests[2]);
}

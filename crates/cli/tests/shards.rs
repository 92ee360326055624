//! A cluster of two engines as the program and an ML engineer see it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails by a panic")]

use std::process::{Command, Output};

use bionicpro_model::SecretUrl;
use bionicpro_testing::{Shards, TestWarehouse};
use bionicpro_warehouse::access::ML;

fn bionicpro(warehouse: &TestWarehouse, arguments: &[&str]) -> Output {
    let hosts: Vec<&str> = warehouse.hosts.iter().map(|host| host.expose_secret().as_str()).collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bionicpro"));
    bionicpro_testing::without_configuration(&mut command)
        .args(arguments)
        .env("BIONICPRO_WAREHOUSE_URL", warehouse.url.expose_secret().as_str())
        .env("BIONICPRO_WAREHOUSE_DATABASE", &warehouse.database)
        .env("BIONICPRO_WAREHOUSE_CLUSTER", warehouse.cluster.as_ref().unwrap())
        .env("BIONICPRO_WAREHOUSE_DDL", "each")
        .env("BIONICPRO_WAREHOUSE_HOSTS", hosts.join(","))
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap()
}

fn migrated() -> (Shards, TestWarehouse) {
    let shards = Shards::start(2);
    let warehouse = shards.warehouse();
    let migrated = bionicpro(&warehouse, &["warehouse", "migrate"]);
    assert!(migrated.status.success(), "{migrated:?}");
    (shards, warehouse)
}

#[test]
fn the_doctor_names_the_shard_that_is_away() {
    let (mut shards, warehouse) = migrated();
    let lines = |output: &Output| -> Vec<String> {
        let said =
            String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8_lossy(&output.stderr);
        said.lines().map(str::to_owned).collect()
    };
    let away = shards.url(1).address();
    let told = lines(&bionicpro(&warehouse, &["doctor"]));
    assert!(told.iter().any(|line| line.contains("ok") && line.contains(&away)), "{told:#?}");

    shards.kill(1);
    let output = bionicpro(&warehouse, &["doctor"]);
    let told = lines(&output);
    assert!(!output.status.success());
    assert!(told.iter().any(|line| line.contains("FAILED") && line.contains(&away)), "{told:#?}");
    assert!(
        told.iter().any(|line| line.starts_with("ok") && line.contains("warehouse.url: shard 1")),
        "{told:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ml_engineer_reads_both_shards_and_no_persons() {
    let (shards, warehouse) = tokio::task::spawn_blocking(migrated).await.unwrap();
    let database = &warehouse.database;
    let ask = async |url: SecretUrl, sql: String| {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let response = client.post(url.expose_secret().clone()).body(sql).send().await.unwrap();
        (response.status().is_success(), response.text().await.unwrap())
    };
    let insert = format!(
        "INSERT INTO {database}.user_prosthesis_stats
            (user_id, ldap_username, prosthesis_id, chip_id, date, hour, movements_count, customer_name, customer_email,
             prosthesis_model, version)
         SELECT toUUID(concat('00000000-0000-4000-8000-', leftPad(toString(number % 20), 12, '0'))) AS id, 'a.person', id,
            'CHIP', toDate(hour), toStartOfHour(now()) - toIntervalHour(number) AS hour, number, 'A Person', 'a@example.com',
            'Model', 1
         FROM numbers(400) SETTINGS distributed_foreground_insert = 1"
    );
    let inserted = ask(shards.url(0), insert).await;
    assert!(inserted.0, "{}", inserted.1);
    let total: u64 = (0..400).sum();
    for shard in [0, 1] {
        let local =
            ask(shards.url(shard), format!("SELECT count() FROM {database}.user_prosthesis_stats_local"))
                .await;
        assert!(local.0 && local.1 != "0\n" && local.1 != "400\n", "shard {shard}: {}", local.1);
        let ml = shards.url_of(shard, ML);
        for view in ["ml_hourly_stats", "ml_daily_stats", "user_prosthesis_stats"] {
            let sum = ask(ml.clone(), format!("SELECT sum(movements_count) FROM {database}.{view}")).await;
            assert_eq!(sum, (true, format!("{total}\n")), "{view} at shard {shard}");
        }
        for refused in [
            format!("SELECT customer_name FROM {database}.user_prosthesis_stats"),
            format!("SELECT customer_name FROM {database}.user_prosthesis_stats_local"),
            format!("SELECT * FROM {database}.users"),
            format!("SELECT * FROM cluster('shards', {database}.user_prosthesis_stats_local)"),
            format!(
                "SELECT customer_name FROM clusterAllReplicas('shards', {database}.user_prosthesis_stats_local)"
            ),
            format!("SELECT * FROM remote('127.0.0.1', {database}.users)"),
            format!(
                "INSERT INTO {database}.user_prosthesis_stats SELECT * FROM {database}.user_prosthesis_stats"
            ),
        ] {
            let (is_answered, text) = ask(ml.clone(), refused.clone()).await;
            assert!(!is_answered && !text.contains("a.person"), "{refused}: {text}");
        }
    }
}

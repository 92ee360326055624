//! The official Rust client, unchanged: every way in which the program uses it.

use std::time::Duration;

use clickhouse::{Client, Compression, Row};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::harness::shared;

#[derive(Debug, Clone, PartialEq, Row, Serialize, Deserialize)]
struct Reading {
    #[serde(with = "clickhouse::serde::uuid")]
    id: Uuid,
    name: String,
    level: Option<f32>,
    at: u32,
}

fn reading(number: u32) -> Reading {
    Reading {
        id: Uuid::from_u128(u128::from(number)),
        name: format!("Ольга O'Neil {number} 🦾"),
        level: (!number.is_multiple_of(3)).then_some(number as f32 / 2.0),
        at: number,
    }
}

fn client(compression: Compression) -> Client {
    let shared = shared();
    let password = shared.password("bionicpro");
    Client::default()
        .with_url(&shared.url)
        .with_user("bionicpro")
        .with_password(password)
        .with_database("default")
        .with_compression(compression)
}

async fn table(client: &Client, name: &str) {
    let sql = format!(
        "CREATE TABLE {name} (id UUID, name String, level Nullable(Float32), at DateTime('UTC')) ENGINE = MergeTree ORDER BY at"
    );
    client.query(&sql).execute().await.unwrap();
}

#[tokio::test]
async fn rows_survive_the_round_trip_with_and_without_compression() {
    for (name, compression) in [("round_plain", Compression::None), ("round_lz4", Compression::Lz4)] {
        let client = client(compression);
        table(&client, name).await;
        let mut insert = client.insert::<Reading>(name).await.unwrap();
        for number in 0..50_000 {
            insert.write(&reading(number)).await.unwrap();
        }
        insert.end().await.unwrap();
        let mut cursor =
            client.query(&format!("SELECT ?fields FROM {name} ORDER BY at")).fetch::<Reading>().unwrap();
        let mut number = 0;
        while let Some(row) = cursor.next().await.unwrap() {
            assert_eq!(row, reading(number));
            number += 1;
        }
        assert_eq!(number, 50_000);
    }
}

#[tokio::test]
async fn the_inserter_commits_in_batches() {
    let client = client(Compression::Lz4);
    table(&client, "by_inserter").await;
    let mut inserter = client
        .inserter::<Reading>("by_inserter")
        .with_max_rows(1000)
        .with_period(Some(Duration::from_secs(5)));
    for number in 0..2500 {
        inserter.write(&reading(number)).await.unwrap();
        inserter.commit().await.unwrap();
    }
    inserter.end().await.unwrap();
    let count: u64 = client.query("SELECT count() FROM by_inserter").fetch_one().await.unwrap();
    assert_eq!(count, 2500);
}

#[tokio::test]
async fn parameters_settings_and_bytes_work() {
    let client = client(Compression::Lz4);
    let (text, threads): (String, u64) = client
        .query("SELECT {text:String}, toUInt64(getSetting('max_threads'))")
        .param("text", "it's \\ {a}\t")
        .with_setting("max_threads", "3")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!((text.as_str(), threads), ("it's \\ {a}\t", 3));
    let mut cursor = client.query("SELECT number FROM numbers(100000)").fetch_bytes("CSV").unwrap();
    let bytes = cursor.collect().await.unwrap();
    assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 100_000);
}

#[tokio::test]
async fn failures_early_and_late_reach_the_client() {
    for compression in [Compression::None, Compression::Lz4] {
        let client = client(compression);
        let early = client.query("SELECT * FROM nothing").fetch_one::<u8>().await.unwrap_err().to_string();
        assert!(early.contains("Code: 60"), "{early}");
        let late = client.query("SELECT number, throwIf(number = 2900000, 'late') FROM numbers(3000000)");
        let mut cursor = late.fetch::<(u64, u8)>().unwrap();
        let failure = loop {
            match cursor.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the result ended as if it were whole"),
                Err(error) => break error.to_string(),
            }
        };
        // The client finds the exception block only if it arrives in one piece, which a busy machine may
        // split; then the failure is the broken transfer.
        let is_told = failure.contains("Code: 395. DB::Exception: late") || failure.contains("network error");
        assert!(is_told, "{compression:?}: {failure}");
    }
}

#[tokio::test]
async fn a_bad_row_fails_the_insert_and_commits_nothing() {
    let client = client(Compression::Lz4);
    client
        .query("CREATE TABLE strict (a UInt8, CONSTRAINT small CHECK a < 10) ENGINE = MergeTree ORDER BY a")
        .execute()
        .await
        .unwrap();
    #[derive(Row, Serialize)]
    struct Small {
        a: u8,
    }
    let mut insert = client.insert::<Small>("strict").await.unwrap();
    for a in [1, 2, 100] {
        insert.write(&Small { a }).await.unwrap();
    }
    let failure = insert.end().await.unwrap_err().to_string();
    assert!(failure.contains("Code: 469"), "{failure}");
    assert_eq!(client.query("SELECT count() FROM strict").fetch_one::<u64>().await.unwrap(), 0);
}

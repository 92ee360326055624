//! Long results and long inserts, in every format, in pieces.

use bytes::Bytes;

use crate::harness::{post, run, wait_for};

#[tokio::test]
async fn a_long_result_is_one_document_in_every_format() {
    run("CREATE TABLE documents (number UInt64, text String) ENGINE = MergeTree ORDER BY number").await;
    for format in [
        "JSON",
        "JSONCompact",
        "CSVWithNames",
        "RowBinaryWithNamesAndTypes",
        "Parquet",
        "Arrow",
        "ArrowStream",
        "ORC",
        "Avro",
        "Native",
        "JSONEachRow",
    ] {
        let sql = format!("SELECT number, toString(number) AS text FROM numbers(300000) FORMAT {format}");
        let document = post(&[]).body(sql).send().await.unwrap().bytes().await.unwrap();
        run("TRUNCATE TABLE documents").await;
        let insert = format!("INSERT INTO documents FORMAT {format}");
        let response = post(&[("query", insert.as_str())]).body(document).send().await.unwrap();
        assert_eq!(response.status(), 200, "{format}: {}", response.text().await.unwrap());
        let counted = run("SELECT count(), sum(number), sum(length(text)) FROM documents").await;
        assert_eq!(counted, "300000\t44999850000\t1688890\n", "{format}");
    }
}

#[tokio::test]
async fn a_result_begins_before_its_statement_has_ended() {
    let sql = "SELECT repeat('x', 100000), sleepEachRow(0.1) FROM numbers(60) SETTINGS max_block_size = 1";
    let mut response = post(&[]).body(sql).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.chunk().await.unwrap().is_some());
    let running = "SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow(0.1)%' AND query NOT LIKE '%processes%'";
    assert_eq!(run(running).await, "1\n");
    drop(response);
    wait_for(running, "0").await;
}

#[tokio::test]
async fn an_insert_whose_client_hangs_up_commits_nothing() {
    run("CREATE TABLE hung_up (a UInt64) ENGINE = MergeTree ORDER BY a").await;
    let pieces = futures_util::stream::unfold(0, async |sent| match sent {
        0 => Some((Ok(Bytes::from_static(b"1\n2\n3\n")), 1)),
        _ => Some((Err(std::io::Error::other("the client is gone")), 2)),
    });
    let request =
        post(&[("query", "INSERT INTO hung_up FORMAT TSV")]).body(reqwest::Body::wrap_stream(pieces));
    assert!(request.send().await.is_err());
    wait_for("SELECT count() FROM system.processes WHERE query LIKE 'INSERT INTO hung_up%'", "0").await;
    assert_eq!(run("SELECT count() FROM hung_up").await, "0\n");
}

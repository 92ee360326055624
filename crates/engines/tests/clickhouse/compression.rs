//! Bodies compressed both ways.

use std::io::{Read, Write};

use crate::harness::{header, post, refusal, run};

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn statements_and_rows_come_compressed() {
    run("CREATE TABLE compressed (a UInt64) ENGINE = MergeTree ORDER BY a").await;
    let rows: String = (0..200_000).map(|number| format!("{number}\n")).collect();
    let lz4 = |data: &[u8]| {
        let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    };
    for (name, body) in [
        ("gzip", gzip(rows.as_bytes())),
        ("zstd", zstd::bulk::compress(rows.as_bytes(), 1).unwrap()),
        ("lz4", lz4(rows.as_bytes())),
    ] {
        let request =
            post(&[("query", "INSERT INTO compressed FORMAT TSV")]).header("content-encoding", name);
        let response = request.body(body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{name}: {}", response.text().await.unwrap());
    }
    assert_eq!(run("SELECT count(), sum(a) FROM compressed").await, "600000\t59999700000\n");
    let whole =
        post(&[]).header("content-encoding", "gzip").body(gzip(b"SELECT 'zipped'")).send().await.unwrap();
    assert_eq!(whole.text().await.unwrap(), "zipped\n");
}

#[tokio::test]
async fn a_cut_compressed_body_inserts_nothing() {
    run("CREATE TABLE cut_body (a UInt64) ENGINE = MergeTree ORDER BY a").await;
    let mut body = gzip(&b"1\n".repeat(1000));
    body.truncate(body.len() - 9);
    let request = post(&[("query", "INSERT INTO cut_body FORMAT TSV")]).header("content-encoding", "gzip");
    let (status, code, text) = refusal(request.body(body).send().await.unwrap()).await;
    assert!(status >= 400 && code > 0, "{status} {code} {text}");
    assert_eq!(run("SELECT count() FROM cut_body").await, "0\n");
}

#[tokio::test]
async fn results_are_compressed_when_both_sides_want_it() {
    let sql = "SELECT number FROM numbers(300000)";
    let expected = run(sql).await;
    let plain = post(&[("enable_http_compression", "0")]).header("accept-encoding", "gzip").body(sql);
    assert_eq!(header(&plain.send().await.unwrap(), "content-encoding"), "");
    let zipped = post(&[]).header("accept-encoding", "gzip").body(sql);
    let zipped = zipped.send().await.unwrap();
    assert_eq!(header(&zipped, "content-encoding"), "gzip");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&zipped.bytes().await.unwrap()[..]).read_to_string(&mut text).unwrap();
    assert!(text == expected);
}

#[tokio::test]
async fn the_blocks_that_the_endpoint_writes_it_reads_and_a_broken_one_inserts_nothing() {
    run("CREATE TABLE by_blocks (a UInt64) ENGINE = MergeTree ORDER BY a").await;
    let sql = "SELECT number AS a FROM numbers(300000) FORMAT Native";
    let blocks = post(&[("compress", "1")]).body(sql).send().await.unwrap().bytes().await.unwrap();
    let insert = [("query", "INSERT INTO by_blocks FORMAT Native"), ("decompress", "1")];
    let response = post(&insert).body(blocks.clone()).send().await.unwrap();
    assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
    assert_eq!(run("SELECT count(), sum(a) FROM by_blocks").await, "300000\t44999850000\n");
    let mut broken = blocks.to_vec();
    broken[1000] ^= 1;
    assert_eq!(refusal(post(&insert).body(broken).send().await.unwrap()).await.1, 40);
    assert_eq!(run("SELECT count() FROM by_blocks").await, "300000\n");
}

//! Requests that would end an engine if they reached it: the edge stops them.

use std::time::Instant;

use crate::harness::{Served, raw, shared};

/// Asserts that the engine answers and that its processes are the same as before.
async fn lives(served: &Served, engines: &[u32], what: &str) {
    assert_eq!(served.run("SELECT 1").await, "1\n", "{what}");
    assert_eq!(served.engines(), engines, "{what}");
}

#[tokio::test]
async fn heads_that_are_no_http_do_not_reach_the_engine() {
    let served = shared();
    served.run("SELECT 1").await;
    let engines = served.engines();
    assert_eq!(engines.len(), 1);
    let many: String = (0..2000).map(|number| format!("X-{number}: y\r\n")).collect();
    let long = "x".repeat(300_000);
    let target = format!("GET /?query={} HTTP/1.1\r\nHost: localhost\r\n\r\n", "y".repeat(2_000_000));
    let heads: Vec<Vec<u8>> = [
        "\0\x01\x02\x03".to_owned(),
        "\u{16}\u{3}\u{1}\0".to_owned(),
        "GET / HTTP/1.1\r\nHost".to_owned(),
        "GET / HTTP/1.1\r\nHost localhost\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\nHost: localhost\n\n".to_owned(),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-ClickHouse-User: {long}\r\n\r\n"),
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: abc\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nx\r\n".to_owned(),
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"
            .to_owned(),
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n".to_owned(),
        "\r\n\r\n\r\n\r\n".to_owned(),
        "GET  /  HTTP/1.1\r\n\r\n".to_owned(),
        "GET /\u{1} HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
        "CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
        target,
    ]
    .into_iter()
    .map(String::into_bytes)
    .chain([
        vec![0xff; 4096],
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-ClickHouse-User: \xff\xfe\r\n\r\n".to_vec(),
    ])
    .collect();
    for head in heads {
        let shown = String::from_utf8_lossy(&head[..head.len().min(80)]).into_owned();
        raw(served, &head).await;
        lives(served, &engines, &shown).await;
    }
}

#[tokio::test]
async fn odd_but_well_formed_requests_are_answered_or_refused() {
    let served = shared();
    served.run("SELECT 1").await;
    let engines = served.engines();
    let password = served.password("bionicpro");
    let credentials = format!("X-ClickHouse-User: bionicpro\r\nX-ClickHouse-Key: {password}\r\n");
    let value = "v".repeat(60_000);
    let targets = [
        "/?query=%zz",
        "/?%",
        "/?query=%00",
        "/?query=SELECT+1%00",
        "/?&&&===",
        "/?query=SELECT+1&query=SELECT+2",
        "/?query=SELECT+1;;;",
        "/?param_=1&query=SELECT+1",
        "/?session_id=&query=SELECT+1",
        "/?database=%ff&query=SELECT+1",
        "/?query_id=%0d%0aX:y&query=SELECT+1",
        "/?default_format=%0a&query=SELECT+1",
        "/?compress=9&query=SELECT+1",
        "/?decompress=1",
        "/?role=nobody&query=SELECT+1",
        "/?quota_key=%c3%28&query=SELECT+1",
        "/?http_zlib_compression_level=99&query=SELECT+1",
        "/?buffer_size=99999999999999999999&query=SELECT+1",
        "/?wait_end_of_query=maybe&query=SELECT+1",
        "/?client_protocol_version=999999&query=SELECT+1+FORMAT+Native",
        "/?stacktrace=1&query=SELEC",
        "/?user=a%00b&password=c&query=SELECT+1",
        "/?profile=nothing&query=SELECT+1",
        "/query?query=SELECT+1",
        "/ping?query=SELECT+1",
        "/replicas_status?verbose=1",
        "/?close_session=1&query=SELECT+1",
    ];
    let fields = [
        String::new(),
        "Content-Encoding: nothing\r\n".to_owned(),
        "Content-Encoding: gzip, gzip\r\n".to_owned(),
        "Accept-Encoding: *;q=x\r\n".to_owned(),
        "Content-Type: multipart/form-data\r\n".to_owned(),
        "Content-Type: multipart/form-data; boundary=\r\n".to_owned(),
        "Authorization: Basic !!!\r\n".to_owned(),
        "Authorization: Bearer x\r\n".to_owned(),
        "Authorization: Negotiate AAAA\r\n".to_owned(),
        "X-ClickHouse-SSL-Certificate-Auth: on\r\n".to_owned(),
        "X-ClickHouse-Quota: \t\r\n".to_owned(),
        format!("X-ClickHouse-Anything: {value}\r\n"),
        format!("User-Agent: {value}\r\nReferer: {value}\r\nOrigin: {value}\r\n"),
        "X-ClickHouse-User: twice\r\n".to_owned(),
        "Expect: 100-continue\r\n".to_owned(),
        "Expect: something\r\n".to_owned(),
        "X-Forwarded-For: 1.2.3.4, x\r\nForwarded: for=\"_x\"\r\ntraceparent: 00-zz\r\n".to_owned(),
        "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA\r\n".to_owned(),
        "Range: bytes=9-1\r\nIf-Match: *\r\nCookie: a=b; =; \r\n".to_owned(),
    ];
    let bodies: [&[u8]; 4] =
        [b"", b"SELECT 1", b"\x1f\x8b\x08\0\0", b"--x\r\nContent-Disposition: form-data"];
    let mut asked = 0;
    let began = Instant::now();
    for (number, target) in targets.iter().enumerate() {
        for (other, field) in fields.iter().enumerate() {
            let body = bodies[(number + other) % bodies.len()];
            let method = if body.is_empty() { "GET" } else { "POST" };
            let mut request = format!(
                "{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n{credentials}{field}\r\n",
                body.len()
            )
            .into_bytes();
            request.extend_from_slice(body);
            let answer = raw(served, &request).await;
            assert!(
                answer.starts_with(b"HTTP/1.1 "),
                "{target} {field}: {}",
                String::from_utf8_lossy(&answer)
            );
            asked += 1;
        }
        lives(served, &engines, target).await;
    }
    assert_eq!(asked, targets.len() * fields.len());
    eprintln!("{asked} requests in {:?}", began.elapsed());
}

#[tokio::test]
async fn damaged_bodies_are_refused_and_insert_nothing() {
    let served = shared();
    served.run("CREATE TABLE damaged (a UInt64, s String) ENGINE = MergeTree ORDER BY a").await;
    let engines = served.engines();
    for format in [
        "Native",
        "Parquet",
        "Arrow",
        "ArrowStream",
        "ORC",
        "Avro",
        "RowBinary",
        "RowBinaryWithNamesAndTypes",
    ] {
        let whole = served
            .post(&[])
            .body(format!("SELECT number AS a, toString(number) AS s FROM numbers(1000) FORMAT {format}"));
        let whole = whole.send().await.unwrap().bytes().await.unwrap();
        let statement = format!("INSERT INTO damaged FORMAT {format}");
        for cut in [1, whole.len() / 2, whole.len() - 1] {
            let refused =
                served.post(&[("query", &statement)]).body(whole.slice(..cut)).send().await.unwrap();
            let text = refused.text().await.unwrap();
            lives(served, &engines, &format!("{format} cut at {cut}: {text}")).await;
        }
        for at in [0, 1, 7, whole.len() / 3, whole.len() - 9] {
            let mut broken = whole.to_vec();
            broken[at] ^= 0xff;
            let _ = served.post(&[("query", &statement)]).body(broken).send().await.unwrap().text().await;
            lives(served, &engines, &format!("{format} broken at {at}")).await;
        }
        served.run("TRUNCATE TABLE damaged").await;
    }
    for encoding in ["gzip", "deflate", "br", "zstd", "lz4", "xz", "bz2", "snappy"] {
        for body in [&b"\x1f\x8b\x08\0\0\0\0\0\0\x03garbage"[..], b"", b"\x28\xb5\x2f\xfd\xff\xff\xff"] {
            let request = served
                .post(&[("query", "INSERT INTO damaged FORMAT TSV")])
                .header("content-encoding", encoding);
            let _ = request.body(body).send().await.unwrap().text().await;
            lives(served, &engines, encoding).await;
        }
    }
    let blocks = served.post(&[("query", "INSERT INTO damaged FORMAT Native"), ("decompress", "1")]);
    let _ = blocks.body(vec![0x82; 64]).send().await.unwrap().text().await;
    lives(served, &engines, "blocks").await;
    assert_eq!(served.run("SELECT count() FROM damaged").await, "0\n");
}

#[tokio::test]
async fn brackets_within_brackets_end_no_engine() {
    let served = shared();
    served.run("SELECT 1").await;
    let engines = served.engines();
    for account in ["bionicpro", "bionicpro_api", "ml"] {
        for (open, close) in [
            ("(", ")"),
            ("[", "]"),
            ("(SELECT ", ")"),
            ("NOT (", ")"),
            ("tuple(", ")"),
            ("CASE WHEN 1 THEN ", " END"),
        ] {
            for depth in [500, 3_000, 30_000] {
                let sql = format!("SELECT {}1{}", open.repeat(depth), close.repeat(depth));
                for depth_setting in ["1000", "0", "1000000"] {
                    let set = [
                        ("max_parser_depth", depth_setting),
                        ("max_ast_depth", depth_setting),
                        ("max_query_size", "10000000"),
                    ];
                    let _ =
                        served.post_as(account, &set).body(sql.clone()).send().await.unwrap().text().await;
                }
                lives(served, &engines, &format!("{account}: {depth} of {open}")).await;
            }
        }
    }
}

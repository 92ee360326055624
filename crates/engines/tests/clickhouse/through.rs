//! Streaming through the edge, both ways, and the end of a statement whose client disconnects.

use bytes::Bytes;
use reqwest::Method;

use crate::harness::{header, refusal, shared};

#[tokio::test]
async fn health_checks_need_no_password_and_other_endpoints_of_the_engine_are_not_there() {
    let url = &shared().url;
    for path in ["ping", "replicas_status", ""] {
        let response = reqwest::get(format!("{url}{path}")).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), response.text().await.unwrap().as_str()),
            (200, "Ok.\n"),
            "/{path}"
        );
    }
    for path in ["play", "dashboard", "merges", "metrics", "binary", "js/uplot.js", "nothing", "query/x"] {
        assert_eq!(reqwest::get(format!("{url}{path}")).await.unwrap().status(), 404, "/{path}");
    }
    for method in ["DELETE", "PATCH", "TRACE", "MERGE"] {
        let request = reqwest::Client::new().request(method.parse().unwrap(), url).send();
        assert_eq!(request.await.unwrap().status(), 405, "{method}");
    }
}

#[tokio::test]
async fn the_engines_status_and_headers_come_back_as_they_are() {
    let missing =
        shared().post(&[("query_id", "missing")]).body("SELECT * FROM nothing").send().await.unwrap();
    assert_eq!(header(&missing, "x-clickhouse-query-id"), "missing");
    let (status, code, text) = refusal(missing).await;
    assert_eq!((status, code), (404, 60), "{text}");
    let zone =
        shared().post(&[("session_timezone", "Europe/Berlin")]).body("SELECT now()").send().await.unwrap();
    assert_eq!(header(&zone, "x-clickhouse-timezone"), "Europe/Berlin");
    assert_eq!(header(&zone, "x-clickhouse-format"), "TSV");
    assert_eq!(header(&zone, "connection"), "");
    let url = reqwest::Url::parse_with_params(&shared().url, [("query", "SELECT 1 FORMAT JSON")]).unwrap();
    let head = reqwest::Client::new()
        .request(Method::HEAD, url)
        .basic_auth("bionicpro", Some(shared().password("bionicpro")));
    let head = head.send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.text().await.unwrap().as_str()), (200, ""));
}

#[tokio::test]
async fn settings_of_the_engines_command_line_are_not_those_of_a_server() {
    let word = shared().post(&[]).body("1 + 1").send().await.unwrap();
    assert_eq!(refusal(word).await.1, 62, "a syntax error");
    let introspection = "SELECT value FROM system.settings WHERE name = 'allow_introspection_functions'";
    assert_eq!(shared().run(introspection).await, "0\n");
}

#[tokio::test]
async fn parameters_reach_the_engine_as_values_and_never_as_sql() {
    let nasty = "it's\\t {x:String}; DROP TABLE t --";
    let response = shared().post(&[
        ("query", "SELECT {text:String}, {list:Array(Int32)}, {name:Identifier} FROM (SELECT 7 AS seven)"),
        ("param_text", nasty),
        ("param_list", "[1,-2]"),
        ("param_name", "seven"),
    ]);
    // A parameter is written as in TabSeparated, where `\t` is a tab.
    assert_eq!(
        response.send().await.unwrap().text().await.unwrap(),
        "it\\'s\\t {x:String}; DROP TABLE t --\t[1,-2]\t7\n"
    );
}

#[tokio::test]
async fn bodies_pass_in_pieces_both_ways() {
    let served = shared();
    served.run("CREATE TABLE pieces (number UInt64) ENGINE = MergeTree ORDER BY number").await;
    let rows = futures_util::stream::iter((0..300_u64).map(|piece| {
        let rows: String = (0..1000).map(|row| format!("{}\n", piece * 1000 + row)).collect();
        Ok::<_, std::io::Error>(Bytes::from(rows))
    }));
    let insert =
        served.post(&[("query", "INSERT INTO pieces FORMAT TSV")]).body(reqwest::Body::wrap_stream(rows));
    assert_eq!(insert.send().await.unwrap().status(), 200);
    assert_eq!(served.run("SELECT count(), sum(number) FROM pieces").await, "300000\t44999850000\n");
    let sql = "SELECT repeat('x', 100000), sleepEachRow(0.1) FROM numbers(60) SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 60000000";
    let mut response = served.post(&[]).body(sql).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.chunk().await.unwrap().is_some(), "it begins before the statement has ended");
    drop(response);
    let running = "SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow(0.1)%' AND query NOT LIKE '%processes%'";
    served.wait_for(running, "0").await;
}

#[tokio::test]
async fn a_client_that_hangs_up_cancels_its_statement_and_no_other() {
    let served = shared();
    let marked = |mark: &str| {
        format!(
            "SELECT count() FROM numbers(1900000000) WHERE NOT ignore(sipHash64(sipHash64(number))) AND '{mark}' != '' SETTINGS max_threads = 1"
        )
    };
    let running = |mark: &str| {
        format!(
            "SELECT count() FROM system.processes WHERE query LIKE '%{mark}%' AND query NOT LIKE '%processes%'"
        )
    };
    let stays = tokio::spawn(served.post(&[("query_id", "stays")]).body(marked("stays-on")).send());
    served.wait_for(&running("stays-on"), "1").await;
    // A statement with the id of another account's statement is refused, and does not cancel that one.
    let refused = served.post_as("ml", &[("query_id", "stays")]).body(marked("twice")).send().await.unwrap();
    assert_eq!(refusal(refused).await.1, 216);
    for (account, parameters) in
        [("bionicpro", vec![]), ("bionicpro", vec![("query_id", "it's {mine}")]), ("ml", vec![])]
    {
        let request = served.post_as(account, &parameters).body(marked("hangs-up"));
        assert!(request.timeout(std::time::Duration::from_millis(500)).send().await.is_err());
        served.wait_for(&running("hangs-up"), "0").await;
    }
    assert_eq!(served.run(&running("stays-on")).await, "1\n");
    stays.abort();
    let _ = stays.await;
    served.wait_for(&running("stays-on"), "0").await;
}

#[tokio::test]
async fn an_insert_whose_client_hangs_up_commits_nothing() {
    let served = shared();
    served.run("CREATE TABLE hung_up (a UInt64) ENGINE = MergeTree ORDER BY a").await;
    for format in ["TSV", "RowBinary", "Native"] {
        let first = match format {
            "TSV" => Bytes::from_static(b"1\n2\n3\n"),
            "RowBinary" => Bytes::from_static(&[1; 24]),
            _ => Bytes::from_static(b"\x01\x03\x01a\x06UInt64\x01\0\0\0\0\0\0\0"),
        };
        let pieces = futures_util::stream::unfold(0, move |sent| {
            let first = first.clone();
            async move {
                match sent {
                    0 => Some((Ok(first), 1)),
                    _ => {
                        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                        Some((Err(std::io::Error::other("the client is gone")), 2))
                    }
                }
            }
        });
        let statement = format!("INSERT INTO hung_up FORMAT {format}");
        let request = served.post(&[("query", &statement)]).body(reqwest::Body::wrap_stream(pieces));
        assert!(request.send().await.is_err());
        served
            .wait_for("SELECT count() FROM system.processes WHERE query LIKE 'INSERT INTO hung_up%'", "0")
            .await;
        assert_eq!(served.run("SELECT count() FROM hung_up").await, "0\n", "{format}");
    }
}

#[tokio::test]
async fn a_failure_after_the_result_has_begun_is_told_and_the_answer_is_cut() {
    let sql = "SELECT number, throwIf(number = 2000000, 'late') FROM numbers(3000000)";
    let mut response = shared().post(&[]).body(sql).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let mut body = Vec::new();
    let is_cut = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    let end = String::from_utf8_lossy(&body[body.len().saturating_sub(600)..]).into_owned();
    assert!(is_cut && end.contains("__exception__") && end.contains("late"), "{end}");
}

#[tokio::test]
async fn a_request_for_another_host_is_refused() {
    let refused = shared().post(&[]).header("host", "evil.example").body("SELECT 1").send().await.unwrap();
    assert_eq!(refused.status(), 421);
}

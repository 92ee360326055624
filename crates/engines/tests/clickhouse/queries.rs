//! Where a statement may stand, what may stand beside it, and what the headers say.

use reqwest::Method;
use serde_json::Value;

use crate::harness::{header, post, request, run, shared};

#[tokio::test]
async fn health_checks_need_no_password_and_unknown_paths_are_not_found() {
    let url = &shared().url;
    for path in ["ping", "replicas_status", ""] {
        let response = reqwest::get(format!("{url}{path}")).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), response.text().await.unwrap().as_str()),
            (200, "Ok.\n"),
            "/{path}"
        );
    }
    assert_eq!(reqwest::get(format!("{url}nothing")).await.unwrap().status(), 404);
    let head = request(Method::HEAD, &[("query", "SELECT 1")]).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.text().await.unwrap().as_str()), (200, ""));
}

#[tokio::test]
async fn a_statement_stands_in_the_url_in_the_body_or_in_both() {
    let in_url = request(Method::GET, &[("query", "SELECT 1 + 1;")]).send().await.unwrap();
    assert_eq!(in_url.text().await.unwrap(), "2\n");
    assert_eq!(run("SELECT 1 + 2").await, "3\n");
    let split = post(&[("query", "SELECT number FROM")]).body("numbers(2) FORMAT CSV").send().await.unwrap();
    assert_eq!(split.text().await.unwrap(), "0\n1\n");
}

#[tokio::test]
async fn an_insert_takes_its_rows_from_the_body_the_url_or_both() {
    run("CREATE TABLE rows_from_anywhere (a UInt8) ENGINE = MergeTree ORDER BY a").await;
    run("INSERT INTO rows_from_anywhere FORMAT TSV\n1\n2\n").await;
    run("INSERT INTO rows_from_anywhere VALUES (3), (3 + 1);").await;
    for (query, body) in [
        ("INSERT INTO rows_from_anywhere FORMAT CSV", "5\n"),
        ("INSERT INTO rows_from_anywhere VALUES (6),", "(7)"),
        ("INSERT INTO rows_from_anywhere", "(8)"),
        ("INSERT INTO rows_from_anywhere SELECT", "9"),
    ] {
        let response = post(&[("query", query)]).body(body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{query}: {}", response.text().await.unwrap());
    }
    assert_eq!(
        run("SELECT groupArray(a) FROM (SELECT a FROM rows_from_anywhere ORDER BY a)").await,
        "[1,2,3,4,5,6,7,8,9]\n"
    );
}

#[tokio::test]
async fn parameters_reach_the_engine_as_values_and_never_as_sql() {
    let nasty = "it's\\t {x:String}; DROP TABLE t --";
    let response = post(&[
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
async fn settings_database_and_format_belong_to_one_request() {
    run("CREATE DATABASE IF NOT EXISTS one_request").await;
    let response = post(&[
        ("query", "SELECT currentDatabase() AS db, getSetting('max_threads')::UInt8 AS threads"),
        ("database", "one_request"),
        ("max_threads", "3"),
        ("default_format", "JSONEachRow"),
    ]);
    let response = response.send().await.unwrap();
    assert_eq!(header(&response, "x-clickhouse-format"), "JSONEachRow");
    assert_eq!(header(&response, "content-type"), "application/x-ndjson; charset=UTF-8");
    assert_eq!(response.text().await.unwrap(), "{\"db\":\"one_request\",\"threads\":3}\n");
    for _ in 0..10 {
        assert_eq!(
            run("SELECT currentDatabase(), getSetting('max_threads')::UInt8 = 3").await,
            "default\t0\n"
        );
    }
}

#[tokio::test]
async fn headers_say_what_was_run_and_how_much_it_read_and_wrote() {
    run("CREATE TABLE headers_say (a UInt64) ENGINE = MergeTree ORDER BY a").await;
    let insert =
        post(&[("query", "INSERT INTO headers_say FORMAT TSV"), ("query_id", "my-insert")]).body("1\n2\n3\n");
    let insert = insert.send().await.unwrap();
    let summary: Value = serde_json::from_str(&header(&insert, "x-clickhouse-summary")).unwrap();
    assert_eq!(
        (summary["written_rows"].as_str(), summary["written_bytes"].as_str()),
        (Some("3"), Some("24"))
    );
    assert_eq!(header(&insert, "x-clickhouse-query-id"), "my-insert");
    let select = post(&[("query", "SELECT a FROM headers_say FORMAT RowBinary")]).send().await.unwrap();
    let summary: Value = serde_json::from_str(&header(&select, "x-clickhouse-summary")).unwrap();
    assert_eq!((summary["read_rows"].as_str(), summary["result_rows"].as_str()), (Some("3"), Some("3")));
    for (name, expected) in [
        ("x-clickhouse-format", "RowBinary"),
        ("x-clickhouse-timezone", "UTC"),
        ("x-clickhouse-server-display-name", "bionicpro"),
        ("content-type", "application/octet-stream"),
    ] {
        assert_eq!(header(&select, name), expected, "{name}");
    }
    assert_eq!(header(&select, "x-clickhouse-query-id").len(), 36);
}

#[tokio::test]
async fn a_form_carries_parameters_and_tables() {
    let form = "--x\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\n\
        SELECT sum(a), any(b), {p:String} FROM sent\r\n--x\r\n\
        Content-Disposition: form-data; name=\"param_p\"\r\n\r\nq\r\n--x\r\n\
        Content-Disposition: form-data; name=\"sent\"; filename=\"t.csv\"\r\n\r\n1,x\n2,x\n\r\n--x--\r\n";
    let response = post(&[("sent_structure", "a UInt8, b String"), ("sent_format", "CSV")])
        .header("content-type", "multipart/form-data; boundary=x")
        .body(form);
    assert_eq!(response.send().await.unwrap().text().await.unwrap(), "3\tx\tq\n");
}

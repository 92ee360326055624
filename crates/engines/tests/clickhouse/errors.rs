//! Codes, statuses and texts of failures; early ones have a status, late ones an exception block.

use std::time::Duration;

use reqwest::Method;

use crate::harness::{header, post, refusal, request, run, shared, wait_for};

#[tokio::test]
async fn a_failure_has_the_engines_code_and_a_servers_status() {
    for (sql, status, code) in [
        ("SELEC 1", 400, 62),
        ("SELECT * FROM nothing", 404, 60),
        ("SELECT nothing", 404, 47),
        ("SELECT 1 FORMAT Nothing", 404, 73),
        ("SELECT throwIf(1)", 500, 395),
        ("SELECT 1; SELECT 2", 400, 62),
        ("SELECT toUInt8('x')", 400, 6),
        ("INSERT INTO nothing FORMAT CSV\n1", 404, 60),
    ] {
        let (given_status, given_code, text) = refusal(post(&[]).body(sql).send().await.unwrap()).await;
        assert_eq!((given_status, given_code), (status, code), "{sql}: {text}");
        assert!(text.starts_with(&format!("Code: {code}. DB::Exception: ")), "{text}");
        assert!(text.ends_with("(official build))\n") || text.contains("(version "), "{text}");
    }
    for (parameter, code) in
        [(("nothing", "1"), 115), (("database", "nothing"), 81), (("max_threads", "x"), 27)]
    {
        let response = post(&[("query", "SELECT 1"), parameter]).send().await.unwrap();
        assert_eq!(refusal(response).await.1, code, "{parameter:?}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused_before_anything_is_read() {
    let response =
        reqwest::Client::new().post(&shared().url).basic_auth("bionicpro", Some("wrong")).body("SELECT 1");
    let (status, code, text) = refusal(response.send().await.unwrap()).await;
    assert_eq!((status, code), (403, 516), "{text}");
    assert!(!text.contains("wrong"), "{text}");
}

#[tokio::test]
async fn get_changes_nothing() {
    let response = request(Method::GET, &[("query", "CREATE TABLE by_get (a Int8) ENGINE = Memory")])
        .send()
        .await
        .unwrap();
    assert_eq!(refusal(response).await.1, 164);
    assert_eq!(run("EXISTS TABLE by_get").await, "0\n");
}

#[tokio::test]
async fn a_failure_after_the_result_has_begun_ends_in_an_exception_block() {
    let sql = "SELECT number, throwIf(number = 2000000, 'late') FROM numbers(3000000)";
    let mut response = post(&[]).body(sql).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let tag = header(&response, "x-clickhouse-exception-tag");
    assert_eq!(tag.len(), 16);
    let mut body = Vec::new();
    let end = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break "the transfer ended as if nothing had happened",
            Err(_) => break "cut",
        }
    };
    assert_eq!(end, "cut");
    let text = String::from_utf8_lossy(&body[body.len() - 600..]).into_owned();
    let (_, block) = text.split_once(&format!("\r\n__exception__\r\n{tag}\r\n")).expect("a block");
    assert!(block.starts_with("Code: 395. DB::Exception: late"), "{block}");
    assert!(block.ends_with(&format!(" {tag}\r\n__exception__\r\n")), "{block}");
}

#[tokio::test]
async fn with_wait_end_of_query_a_late_failure_has_a_status() {
    let sql = "SELECT number, throwIf(number = 2000000, 'late') FROM numbers(3000000)";
    let response = post(&[("wait_end_of_query", "1")]).body(sql).send().await.unwrap();
    assert_eq!(refusal(response).await.1, 395);
    let whole =
        post(&[("wait_end_of_query", "1")]).body("SELECT number FROM numbers(1000000)").send().await.unwrap();
    assert!(header(&whole, "x-clickhouse-summary").contains("\"result_rows\":\"1000000\""));
    assert_eq!(whole.text().await.unwrap().lines().count(), 1_000_000);
}

const FOR_EVER: &str = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))";

#[tokio::test]
async fn a_client_that_hangs_up_cancels_its_statement() {
    let sql = format!("{FOR_EVER} AND 'hangs-up' != ''");
    let request = post(&[]).body(sql).timeout(Duration::from_millis(500)).send().await;
    assert!(request.is_err());
    wait_for(
        "SELECT count() FROM system.processes WHERE query LIKE '%hangs-up%' AND query NOT LIKE '%processes%'",
        "0",
    )
    .await;
}

#[tokio::test]
async fn a_running_statement_is_killed_by_the_id_that_its_client_gave() {
    let sql = format!("{FOR_EVER} AND 'by-id' != ''");
    let running = tokio::spawn(post(&[("query_id", "kill me")]).body(sql).send());
    wait_for(
        "SELECT count() FROM system.processes WHERE query LIKE '%by-id%' AND query NOT LIKE '%processes%'",
        "1",
    )
    .await;
    let twice = post(&[("query_id", "kill me")]).body("SELECT 1").send().await.unwrap();
    assert_eq!(refusal(twice).await.1, 216);
    run("KILL QUERY WHERE query_id = 'kill me' SYNC").await;
    assert_eq!(refusal(running.await.unwrap().unwrap()).await.1, 394);
}

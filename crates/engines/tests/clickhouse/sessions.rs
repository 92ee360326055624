//! Named sessions: what they keep, whom they lock out, when they end.

use crate::harness::{post, refusal, run, wait_for};

async fn in_session(id: &str, sql: &str, more: &[(&str, &str)]) -> Result<String, i32> {
    let parameters: Vec<(&str, &str)> = [("session_id", id)].iter().chain(more).copied().collect();
    let response = post(&parameters).body(sql.to_owned()).send().await.unwrap();
    if response.status().is_success() {
        return Ok(response.text().await.unwrap());
    }
    Err(refusal(response).await.1)
}

#[tokio::test]
async fn a_session_keeps_its_settings_tables_and_database() {
    in_session("keeps", "CREATE TEMPORARY TABLE mine (a Int8)", &[]).await.unwrap();
    in_session("keeps", "INSERT INTO mine VALUES (5)", &[]).await.unwrap();
    in_session("keeps", "SET max_threads = 7", &[]).await.unwrap();
    in_session("keeps", "USE system", &[]).await.unwrap();
    let sql = "SELECT (SELECT sum(a) FROM mine), getSetting('max_threads')::UInt8, currentDatabase()";
    assert_eq!(in_session("keeps", sql, &[]).await.unwrap(), "5\t7\tsystem\n");
    assert_eq!(in_session("other", "SELECT * FROM mine", &[]).await, Err(60));
    assert_eq!(run("SELECT currentDatabase()").await, "default\n");
}

#[tokio::test]
async fn what_the_url_sets_does_not_stay_in_the_session() {
    in_session("url", "SET max_threads = 7", &[]).await.unwrap();
    let sql = "SELECT getSetting('max_threads')::UInt8, currentDatabase(), getSetting('max_block_size')::UInt32 = 99";
    let set = [("max_threads", "2"), ("database", "system"), ("max_block_size", "99")];
    assert_eq!(in_session("url", sql, &set).await.unwrap(), "2\tsystem\t1\n");
    assert_eq!(in_session("url", sql, &[]).await.unwrap(), "7\tdefault\t0\n");
}

#[tokio::test]
async fn a_session_in_use_is_locked() {
    let busy = tokio::spawn(in_session("busy", "SELECT sleep(2)", &[]));
    wait_for("SELECT count() FROM system.processes WHERE query ILIKE 'SELECT sleep(2)%'", "1").await;
    assert_eq!(in_session("busy", "SELECT 1", &[]).await, Err(373));
    busy.await.unwrap().unwrap();
    assert_eq!(in_session("busy", "SELECT 1", &[]).await.unwrap(), "1\n");
}

#[tokio::test]
async fn a_session_that_is_asked_for_must_exist_and_ends_in_time() {
    assert_eq!(in_session("ends", "SELECT 1", &[("session_check", "1")]).await, Err(372));
    in_session("ends", "SELECT 1", &[("session_timeout", "0")]).await.unwrap();
    assert_eq!(in_session("ends", "SELECT 1", &[("session_check", "1")]).await, Err(372));
    assert_eq!(in_session("ends", "SELECT 1", &[("session_timeout", "3601")]).await, Err(374));
}

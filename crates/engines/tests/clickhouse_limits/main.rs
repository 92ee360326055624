//! The embedded ClickHouse when more is asked of it than it may run at once: an endpoint with narrow limits.

#![expect(clippy::unwrap_used, reason = "in the helpers of tests a panic is the report")]

#[expect(dead_code, reason = "shared with the tests of the interface, which use more of it")]
#[path = "../clickhouse/harness.rs"]
mod harness;

use crate::harness::{post, refusal, run, shared_with};

/// Statements that run at once.
const AT_ONCE: u16 = 2;
/// How long the others wait.
const PATIENCE_S: u64 = 1;

#[tokio::test]
async fn statements_past_the_limit_wait_and_are_then_told_so() {
    shared_with(AT_ONCE, PATIENCE_S);
    let crowd: Vec<_> = (0..AT_ONCE + 3)
        .map(|_| {
            let sql = "SELECT sleepEachRow(1) FROM numbers(4) FORMAT Null SETTINGS max_block_size = 1";
            tokio::spawn(post(&[]).body(sql).send())
        })
        .collect();
    let mut refused = 0;
    for request in crowd {
        let (status, code, text) = refusal(request.await.unwrap().unwrap()).await;
        match code {
            0 => assert_eq!(status, 200, "{text}"),
            202 => {
                assert_eq!(status, 500);
                assert!(text.contains("engines.warehouse.max_running_queries"), "{text}");
                refused += 1;
            }
            _ => panic!("{text}"),
        }
    }
    assert_eq!(refused, 3);
    // Many connections at once are no matter: short statements wait and get their turn.
    let many: Vec<_> =
        (0..60).map(|number| tokio::spawn(async move { run(&format!("SELECT {number}")).await })).collect();
    for (number, request) in many.into_iter().enumerate() {
        assert_eq!(request.await.unwrap(), format!("{number}\n"));
    }
}

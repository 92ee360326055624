//! More statements than may run concurrently: they wait, and are then refused.

use bionicpro_engines::config::WarehouseServeConfig;

use crate::harness::{Served, header, refusal};

#[tokio::test]
async fn statements_past_the_limit_wait_and_are_then_told_so() {
    let served = Served::fresh(WarehouseServeConfig {
        max_running_queries: 2,
        queue_timeout_s: 1,
        ..WarehouseServeConfig::default()
    });
    let crowd: Vec<_> = (0..5)
        .map(|_| {
            let sql = "SELECT sleepEachRow(1) FROM numbers(4) FORMAT Null SETTINGS max_block_size = 1";
            tokio::spawn(served.post(&[]).body(sql).send())
        })
        .collect();
    let mut refused = 0;
    for request in crowd {
        let response = request.await.unwrap().unwrap();
        let again = header(&response, "retry-after");
        let (status, code, text) = refusal(response).await;
        match code {
            0 => assert_eq!(status, 200, "{text}"),
            202 => {
                assert_eq!((status, again.as_str()), (503, "1"));
                assert!(text.contains("engines.warehouse.max_running_queries"), "{text}");
                refused += 1;
            }
            _ => panic!("{text}"),
        }
    }
    assert_eq!(refused, 3);
    // Health checks take no turn, and many short statements get theirs.
    let many: Vec<_> = (0..60)
        .map(|number| tokio::spawn(served.post(&[]).body(format!("SELECT {number}")).send()))
        .collect();
    for (number, request) in many.into_iter().enumerate() {
        assert_eq!(request.await.unwrap().unwrap().text().await.unwrap(), format!("{number}\n"));
    }
}

#[tokio::test]
async fn bodies_that_stop_in_the_middle_keep_nobody_from_a_turn() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let served = Served::fresh(WarehouseServeConfig {
        max_running_queries: 2,
        queue_timeout_s: 5,
        ..WarehouseServeConfig::default()
    });
    served.run("CREATE TABLE halves (number UInt64) ENGINE = MergeTree ORDER BY number").await;
    let address = served.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let head = |password: &str| {
        format!(
            "POST /?query=INSERT+INTO+halves+FORMAT+TSV&user=bionicpro&password={password} HTTP/1.1\r\nHost: {address}\r\n\
             Connection: close\r\nContent-Length: 6\r\n\r\n"
        )
    };
    let mut halves = Vec::new();
    for (password, begun) in [("wrong", ""), (served.password("bionicpro").as_str(), "1\n2")] {
        for _ in 0..10 {
            let mut half = tokio::net::TcpStream::connect(&address).await.unwrap();
            half.write_all(format!("{}{begun}", head(password)).as_bytes()).await.unwrap();
            halves.push(half);
        }
    }
    for round in 0..5 {
        assert_eq!(served.run(&format!("SELECT {round}")).await, format!("{round}\n"));
    }
    assert_eq!(served.run("SELECT count() FROM halves").await, "0\n");
    // A client that continues is served.
    for mut half in halves.split_off(10) {
        half.write_all(b"\n3\n").await.unwrap();
        let mut answer = String::new();
        half.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    assert_eq!(served.run("SELECT count(), sum(number) FROM halves").await, "30\t60\n");
}

#[tokio::test]
async fn a_health_check_takes_no_turn() {
    let served = Served::fresh(WarehouseServeConfig {
        max_running_queries: 1,
        queue_timeout_s: 30,
        ..WarehouseServeConfig::default()
    });
    let long = served
        .post(&[])
        .body("SELECT sleepEachRow(1) FROM numbers(3) FORMAT Null SETTINGS max_block_size = 1");
    let long = tokio::spawn(long.send());
    for _ in 0..20 {
        let ping = reqwest::get(format!("{}ping", served.url)).await.unwrap();
        assert_eq!(ping.text().await.unwrap(), "Ok.\n");
    }
    assert!(!long.is_finished());
    assert_eq!(long.await.unwrap().unwrap().status(), 200);
}

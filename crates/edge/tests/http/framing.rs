//! Where a request ends: nothing in its tail is ever answered as a second one.

use crate::support::Service;

/// What a smuggler would like to be answered.
const TAIL: &str = "GET /fine HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Sends each head and body with the tail behind it: one answer, of the status, and the connection ends.
async fn one_answer(rows: &[(&str, &str)], expected: u16) {
    let service = Service::start().await;
    for (head, body) in rows {
        let request = format!("POST /echo HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n{body}{TAIL}");
        let answers = service.send(request).await;
        assert_eq!(answers.statuses(), [expected], "{head:?} {body:?}: {answers:?}");
    }
}

#[tokio::test]
async fn h01_length_and_chunked_together_are_refused() {
    one_answer(
        &[
            ("Content-Length: 4\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
            ("Transfer-Encoding: chunked\r\nContent-Length: 4", "0\r\n\r\n"),
            ("Transfer-Encoding: chunked\r\nContent-Length: 0", "5\r\nhello\r\n0\r\n\r\n"),
            ("Content-Length: 0\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
        ],
        400,
    )
    .await;
}

#[tokio::test]
async fn h02_a_length_is_one_plain_number() {
    let rows: Vec<_> = [
        "3\r\nContent-Length: 4",
        "4\r\nContent-Length: 3",
        "3, 3",
        "3,4",
        "+3",
        "-1",
        "0x3",
        "3.0",
        "3 3",
        "three",
        "",
        "18446744073709551616",
        "18446744073709551619",
    ]
    .iter()
    .map(|length| (format!("Content-Length: {length}"), "abc"))
    .collect();
    one_answer(&rows.iter().map(|(head, body)| (head.as_str(), *body)).collect::<Vec<_>>(), 400).await;
}

#[tokio::test]
async fn h02_two_equal_lengths_mean_that_length() {
    let service = Service::start().await;
    let request =
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc";
    let answers = service.send(format!("{request}{}", crate::support::get_once("/fine"))).await;
    assert_eq!(answers.statuses(), [200, 200], "{answers:?}");
    assert!(answers.0.contains("\r\n\r\nabcHTTP/1.1 200"), "{answers:?}");
}

#[tokio::test]
async fn h03_no_transfer_coding_is_spoken() {
    one_answer(
        &[
            ("Transfer-Encoding: xchunked", "0\r\n\r\n"),
            ("Transfer-Encoding: chunked, identity", "0\r\n\r\n"),
            ("Transfer-Encoding: identity", ""),
            ("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"),
            ("Transfer-Encoding : chunked", "0\r\n\r\n"),
            ("Transfer-Encoding:\x0bchunked", "0\r\n\r\n"),
            ("Transfer-Encoding: chunked", "0\r\n\r\n"),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n"),
            (" Transfer-Encoding: chunked", "0\r\n\r\n"),
        ],
        400,
    )
    .await;
}

#[tokio::test]
async fn h03_chunked_in_http_1_0_is_refused() {
    let service = Service::start().await;
    let request = "POST /echo HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let answers = service.send(format!("{request}{TAIL}")).await;
    assert_eq!(answers.statuses().len(), 1, "{answers:?}");
    assert_ne!(answers.statuses(), [200]);
}

#[tokio::test]
async fn h04_bad_chunks_are_not_read() {
    let long_extension = format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(20_000));
    one_answer(
        &[
            ("Transfer-Encoding: chunked", "zz\r\nhello\r\n0\r\n\r\n"),
            ("Transfer-Encoding: chunked", "-5\r\nhello\r\n0\r\n\r\n"),
            ("Transfer-Encoding: chunked", "ffffffffffffffffff\r\nhello"),
            ("Transfer-Encoding: chunked", "5\nhello\n0\n\n"),
            ("Transfer-Encoding: chunked", &long_extension),
        ],
        400,
    )
    .await;
}

#[tokio::test]
async fn a_head_that_is_not_one_gets_one_400() {
    let service = Service::start().await;
    for head in [
        "GET /fine HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
        "GET /fine HTTP/1.1\r\nHost: localhost\r\nX y: z\r\n\r\n",
        "GET /fine HTTP/1.1\r\nHost: localhost\r\n folded: z\r\n\r\n",
        "GET /fine HTTP/1.1\r\nHost: localhost\r\nNo-colon\r\n\r\n",
        "GET /fine HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n",
        "GET  /fine HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /fine\r\n\r\n",
        "GET /fine HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "G\u{e9}T /fine HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\x7c\x03\x03\r\n\r\n",
    ] {
        let answers = service.send(format!("{head}{TAIL}")).await;
        assert!(answers.statuses().len() <= 1 && answers.statuses() != [200], "{head:?}: {answers:?}");
    }
}

//! The end of a request: nothing in its tail is ever served as a second request.

use std::time::{Duration, Instant};

use bionicpro_edge::{Connection, Listen, Listener};
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{Answers, Service, get_once};

/// The request that an attacker tries to smuggle.
const TAIL: &str = "GET /fine HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Sends each head and body followed by the tail. Expects one response with the status, and the end of the
/// connection.
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
    let answers = service.send(format!("{request}{}", get_once("/fine"))).await;
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

#[tokio::test]
async fn a_bare_line_feed_in_any_head_gets_one_400() {
    let service = Service::start().await;
    let whole =
        format!("POST /echo HTTP/1.1\r\nHost: localhost\r\nX: y\r\nContent-Length: 3\r\n\r\na\nb{TAIL}");
    assert_eq!(service.send(whole.replace(TAIL, &get_once("/fine"))).await.statuses(), [200, 200]);
    let bare = |at: usize| format!("{}{}", &whole[..at], &whole[at + 1..]);
    let ends: Vec<_> = whole.match_indices("\r\n").map(|(at, _)| at).collect();
    for at in &ends {
        let answers = service.send(bare(*at)).await;
        let expected: &[u16] = if *at < whole.find("a\nb").unwrap() { &[400] } else { &[200, 400] };
        assert_eq!(answers.statuses(), expected, "{:?}: {answers:?}", bare(*at));
        assert_eq!(answers.header("connection"), Some("close"));
    }
    for head in [
        "\nGET /fine HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "\r\n\nGET /fine HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /fine HTTP/1.1\nHost: localhost\n\n",
        "GET /fine HTTP/1.1\r\nHost: localhost\r\nX: \n y\r\n\r\n",
        "GET /\nfine HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "G\nET /fine HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "\n",
    ] {
        assert_eq!(service.send(format!("{head}{TAIL}")).await.statuses(), [400], "{head:?}");
    }
    let leading = format!("\r\n\r\n{}", get_once("/fine"));
    assert_eq!(service.send(leading).await.statuses(), [200], "empty lines before a request are none of it");
}

#[tokio::test]
async fn a_bare_line_feed_that_comes_late_is_refused_at_once() {
    let service = Service::start().await;
    for (first, rest) in [
        ("GET /fine HTTP/1.1\r\nHost: localhost\r\n", "X: y\n"),
        ("GET /fine HTTP/1.1\r\nHost: localhost\r\n", "\n"),
        ("GET /fine HTTP/1.1", "\n"),
        ("GE", "\n"),
    ] {
        let mut stream = TcpStream::connect(service.address).await.unwrap();
        stream.write_all(first.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.write_all(rest.as_bytes()).await.unwrap();
        let started = Instant::now();
        assert_eq!(Answers::read(&mut stream).await.statuses(), [400], "{first:?} {rest:?}");
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
}

/// Echoes the body, chunked ones too, as the warehouse proxy of `engines` accepts them.
async fn echo(_: Connection, request: Request<Incoming>) -> Response<String> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    Response::new(String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn bodies_pass_as_they_are_however_they_arrive_and_a_chunked_one_is_the_last() {
    let listen = Listen::new("test", "listen", "--listen", ([127, 0, 0, 1], 0).into());
    let listener = Listener::bind(listen).await.unwrap();
    let address = listener.local_addr();
    let serving = tokio::spawn(listener.serve_with(echo, std::future::pending()));
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\n";
    let sent = [
        &format!("{head}Content-Length: 9\r\n\r\n\na\r\n\r\n\n\nb"),
        &format!("{head}\r\n"),
        &format!("{head}Content-Length: 3\r\n\r\n\n\n\n"),
        &format!("{head}Transfer-Encoding: chunked\r\n\r\n4\r\n\n\r\n\n\r\n2\r\n\n\n\r\n0\r\n\r\n"),
        TAIL,
    ]
    .concat();
    let mut all = tokio::task::JoinSet::new();
    for at in 0..sent.len() {
        let sent = sent.clone();
        all.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            stream.write_all(&sent.as_bytes()[..at]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            // Once the service has refused to continue, it does not read the tail.
            let _ = stream.write_all(&sent.as_bytes()[at..]).await;
            let answers = Answers::read(&mut stream).await;
            assert_eq!(answers.statuses(), [200; 4], "{at}: {answers:?}");
            assert_eq!(answers.0.matches("connection: close").count(), 1, "{at}: {answers:?}");
            assert!(answers.0.contains("\r\n\r\n\na\r\n\r\n\n\nbHTTP/1.1 200"), "{at}: {answers:?}");
            assert!(answers.0.contains("\r\n\r\n\n\n\nHTTP/1.1 200"), "{at}: {answers:?}");
            assert!(answers.0.ends_with("\r\n\r\n\n\r\n\n\n\n"), "{at}: {answers:?}");
        });
        if all.len() == 64 {
            all.join_next().await.unwrap().unwrap();
        }
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
    serving.abort();
}

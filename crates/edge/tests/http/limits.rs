//! Limits on a connection, and the shutdown of a listener.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Answers, PATIENCE, Service, get_once};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_head_that_does_not_come_and_an_idle_connection_are_cut() {
    let service = Service::with(|listen| listen.limits.header_timeout = SECOND).await;
    for sent in [
        "",
        "GET /fine HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        "GET /fine HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(service.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let started = Instant::now();
        let answers = Answers::read(&mut stream).await;
        assert!(started.elapsed() >= SECOND * 9 / 10, "{sent:?} was cut too early");
        assert_eq!(answers.statuses().contains(&200), sent.ends_with("\r\n\r\n"));
    }
}

#[tokio::test]
async fn a_head_that_drips_is_cut() {
    let service = Service::with(|listen| listen.limits.header_timeout = SECOND).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let started = Instant::now();
    stream.write_all(b"GET /fine HTTP/1.1\r\nHost: localhost\r\n").await.unwrap();
    let cut = loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if stream.write_all(b"X: y\r\n").await.is_err() {
            break started.elapsed();
        }
        assert!(started.elapsed() < PATIENCE, "still open");
    };
    assert!(cut < SECOND * 3, "{cut:?}");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_408() {
    let service = Service::with(|listen| listen.limits.body_timeout = SECOND).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    stream
        .write_all(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc")
        .await
        .unwrap();
    let started = Instant::now();
    let answers = Answers::read(&mut stream).await;
    assert_eq!(answers.statuses(), [408], "{answers:?}");
    assert!(started.elapsed() >= SECOND * 9 / 10);
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_cut() {
    let service = Service::with(|listen| {
        listen.limits.write_timeout = SECOND;
        listen.limits.connections = 1;
    })
    .await;
    let mut deaf = TcpStream::connect(service.address).await.unwrap();
    deaf.write_all(get_once("/endless").as_bytes()).await.unwrap();
    deaf.read_exact(&mut [0; 12]).await.unwrap();
    // The only connection is in use until the client that does not read is closed.
    let started = Instant::now();
    let answers = tokio::time::timeout(PATIENCE, service.send(get_once("/fine"))).await.unwrap();
    assert_eq!(answers.statuses(), [200]);
    assert!(started.elapsed() >= SECOND * 9 / 10, "{:?}", started.elapsed());
}

#[tokio::test]
async fn where_all_connections_serve_a_request_a_new_one_waits() {
    let service = Service::with(|listen| listen.limits.connections = 2).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(service.address).await.unwrap();
        stream.write_all(get_once("/stuck").as_bytes()).await.unwrap();
        held.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut waiting = TcpStream::connect(service.address).await.unwrap();
    waiting.write_all(get_once("/fine").as_bytes()).await.unwrap();
    let mut first = [0];
    let early = tokio::time::timeout(Duration::from_millis(300), waiting.read(&mut first)).await;
    assert!(early.is_err(), "answered while both places are taken");
    drop(held);
    assert_eq!(Answers::read(&mut waiting).await.0.get(..11), Some("HTTP/1.1 20"));
}

#[tokio::test]
async fn connections_above_the_limit_of_one_address_are_closed() {
    let service = Service::with(|listen| listen.limits.connections_per_address = 2).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(service.address).await.unwrap();
        stream.write_all(b"GET /fine HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        stream.read_exact(&mut [0; 12]).await.unwrap();
        held.push(stream);
    }
    assert_eq!(service.send(get_once("/fine")).await.0, "");
    drop(held.pop());
    let started = Instant::now();
    while service.send(get_once("/fine")).await.statuses() != [200] {
        assert!(started.elapsed() < PATIENCE, "the place was not given back");
    }
}

#[tokio::test]
async fn a_trusted_proxy_may_have_as_many_connections_as_there_are() {
    let service = Service::with(|listen| {
        listen.limits.connections_per_address = 1;
        listen.trusted_proxies = vec!["127.0.0.1".to_owned()];
    })
    .await;
    let _held = TcpStream::connect(service.address).await.unwrap();
    assert_eq!(service.send(get_once("/fine")).await.statuses(), [200]);
}

#[tokio::test]
async fn an_endpoint_that_hangs_is_503_at_the_deadline() {
    let service = Service::start().await;
    let answers = service.send(get_once("/stuck")).await;
    assert_eq!(answers.statuses(), [503]);
    assert!(answers.header("retry-after").is_some());
}

#[tokio::test]
async fn h19_a_pipeline_whose_client_leaves_ends() {
    let service = Service::with(|listen| listen.limits.connections = 1).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let pipeline = "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1000);
    stream.write_all(pipeline.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(stream);
    // A thousand slow responses would take twelve minutes.
    let started = Instant::now();
    assert_eq!(service.send(get_once("/fine")).await.statuses(), [200]);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_stopped_listener_closes_idle_connections_and_answers_what_is_under_way() {
    let service = Service::start().await;
    let mut idle = TcpStream::connect(service.address).await.unwrap();
    idle.write_all(b"GET /fine HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    idle.read_exact(&mut [0; 12]).await.unwrap();
    let mut under_way = TcpStream::connect(service.address).await.unwrap();
    under_way.write_all(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (address, started) = (service.address, Instant::now());
    service.stop().await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(Answers::read(&mut under_way).await.statuses(), [200]);
    assert!(TcpStream::connect(address).await.is_err(), "nothing listens any more");
}

#[tokio::test]
async fn a_stopped_listener_cuts_what_does_not_end_in_time() {
    let service = Service::with(|listen| listen.limits.shutdown_timeout = Duration::from_millis(300)).await;
    let mut endless = TcpStream::connect(service.address).await.unwrap();
    endless.write_all(get_once("/endless").as_bytes()).await.unwrap();
    endless.read_exact(&mut [0; 100]).await.unwrap();
    let started = Instant::now();
    service.stop().await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

//! More connections than the listener allows: clients that send a complete request are served.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use bionicpro_edge::metrics;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{Answers, Service, get_once};

const ROOM: u32 = 8;
/// Time within which a client is served, far below any timeout of a connection.
const AT_ONCE: Duration = Duration::from_secs(1);

const ONE_REQUEST: &str = "GET /fine HTTP/1.1\r\nHost: localhost\r\n\r\n";
const HALF_HEAD: &str = "GET /fine HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";

/// Starts a service for a few connections, four of them per address, with a metric label of its own.
async fn service(section: &'static str) -> Service {
    Service::with(|listen| {
        listen.section = section;
        listen.limits.connections = ROOM;
        listen.limits.connections_per_address = ROOM / 2;
    })
    .await
}

async fn connect_from(service: &Service, last: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), 0).into()).unwrap();
    socket.connect(service.address).await.unwrap()
}

/// Opens twice as many connections as there is room for, from four addresses.
async fn flood(service: &Service, sent: &str) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for at in 0..2 * ROOM {
        let mut stream = connect_from(service, 2 + (at % 4) as u8).await;
        // A connection that was displaced already may be closed.
        let _ = stream.write_all(sent.as_bytes()).await;
        held.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    held
}

async fn good_client(service: &Service) -> (Vec<u16>, Duration) {
    let started = Instant::now();
    (service.send(get_once("/fine")).await.statuses(), started.elapsed())
}

fn number(metric: &str, section: &str, reason: &str) -> u64 {
    let line = format!("{metric}{{listener=\"{section}\",reason=\"{reason}\"}} ");
    let page = metrics::recorder().unwrap().render();
    page.lines().find_map(|found| found.strip_prefix(&line)?.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn half_heads_keep_nobody_out() {
    metrics::recorder().unwrap();
    let service = service("half_heads").await;
    let mut held = Vec::new();
    for sent in ["", HALF_HEAD] {
        held.push(flood(&service, sent).await);
        for _ in 0..5 {
            let (statuses, took) = good_client(&service).await;
            assert_eq!(statuses, [200]);
            assert!(took < AT_ONCE, "{took:?}");
        }
    }
    // The newest of the flood are left, as many as there is room for.
    let gave_way = number(metrics::REFUSED, "half_heads", "full");
    assert!(gave_way >= u64::from(3 * ROOM), "{gave_way}");
}

#[tokio::test]
async fn idle_connections_keep_nobody_out() {
    metrics::recorder().unwrap();
    let service = service("idle").await;
    for sent in [ONE_REQUEST.to_owned(), format!("{ONE_REQUEST}{HALF_HEAD}")] {
        let _held = flood(&service, &sent).await;
        let (statuses, took) = good_client(&service).await;
        assert_eq!(statuses, [200]);
        assert!(took < AT_ONCE, "{took:?}");
    }
    assert!(number(metrics::CUT, "idle", "full") > 0);
}

/// Incomplete bodies hold a connection as incomplete heads do, at endpoints that read them before
/// authentication.
#[tokio::test]
async fn half_bodies_keep_nobody_out() {
    metrics::recorder().unwrap();
    let service = service("half_bodies").await;
    let head = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";
    for sent in [
        format!("{head}Content-Length: 9\r\n\r\nab"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n9\r\nab"),
    ] {
        let _held = flood(&service, &sent).await;
        let (statuses, took) = good_client(&service).await;
        assert_eq!(statuses, [200]);
        assert!(took < AT_ONCE, "{took:?}");
    }
    assert!(number(metrics::CUT, "half_bodies", "full") > 0);
}

#[tokio::test]
async fn what_is_served_is_not_dropped_for_a_crowd() {
    let service = service("served").await;
    let mut long = TcpStream::connect(service.address).await.unwrap();
    long.write_all(get_once("/endless").as_bytes()).await.unwrap();
    long.read_exact(&mut [0; 100]).await.unwrap();
    let mut slow = TcpStream::connect(service.address).await.unwrap();
    slow.write_all(get_once("/slow").as_bytes()).await.unwrap();
    let mut body = TcpStream::connect(service.address).await.unwrap();
    body.write_all(
        b"POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 4\r\n\r\nab",
    )
    .await
    .unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;

    for sent in [HALF_HEAD, ONE_REQUEST] {
        let _held = flood(&service, sent).await;
        assert_eq!(good_client(&service).await.0, [200]);
    }

    body.write_all(b"\n\n").await.unwrap();
    assert!(Answers::read(&mut body).await.0.ends_with("\r\n\r\nab\n\n"));
    assert_eq!(Answers::read(&mut slow).await.statuses(), [200]);
    // More than all buffers between client and server hold.
    let mut piece = vec![0; 1 << 20];
    for _ in 0..32 {
        long.read_exact(&mut piece).await.unwrap();
    }
}

#[tokio::test]
async fn a_first_head_has_five_seconds_with_the_connection_and_dripping_does_not_help() {
    metrics::recorder().unwrap();
    let service = service("slow_head").await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let started = Instant::now();
    stream.write_all(ONE_REQUEST.trim_end().as_bytes()).await.unwrap();
    let cut = loop {
        let ended = tokio::time::timeout(Duration::from_millis(250), stream.read(&mut [0])).await;
        match ended {
            Ok(Ok(0) | Err(_)) => break started.elapsed(),
            Ok(Ok(_)) => panic!("it was answered"),
            Err(_elapsed) => stream.write_all(b"\r\nX: y").await.unwrap(),
        }
    };
    assert!((4900..5900).contains(&cut.as_millis()), "{cut:?}");
    assert_eq!(number(metrics::REFUSED, "slow_head", "head"), 1);
}

#[tokio::test]
async fn a_connection_that_has_served_a_request_may_be_idle_for_longer() {
    let service =
        Service::with(|listen| listen.limits.first_header_timeout = Duration::from_millis(300)).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    stream.write_all(ONE_REQUEST.as_bytes()).await.unwrap();
    tokio::time::sleep(AT_ONCE).await;
    stream.write_all(HALF_HEAD.as_bytes()).await.unwrap();
    tokio::time::sleep(AT_ONCE).await;
    stream.write_all(b"\r\nConnection: close\r\n\r\n").await.unwrap();
    assert_eq!(Answers::read(&mut stream).await.statuses(), [200, 200]);
}

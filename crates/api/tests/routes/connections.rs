//! Limits of connections, and the shutdown of the server.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{App, raw};

const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn headers_that_do_not_come_and_idle_connections_are_cut() {
    let app = App::builder().configure(|config| config.listener.header_timeout_s = 1).start().await;
    for sent in [
        "",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let (started, mut answer) = (Instant::now(), Vec::new());
        let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(closed.is_ok(), "{sent:?} keeps the connection open");
        assert!(started.elapsed() >= Duration::from_millis(900), "{sent:?} was cut too early");
        assert_eq!(answer.starts_with(b"HTTP/1.1 200"), sent.ends_with("\r\n\r\n"));
    }
}

#[tokio::test]
async fn above_the_limit_the_oldest_connection_without_a_request_gives_way() {
    let app = App::builder().configure(|config| config.listener.max_connections = 2).start().await;
    let mut held =
        [TcpStream::connect(app.address).await.unwrap(), TcpStream::connect(app.address).await.unwrap()];
    let request = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answered = tokio::time::timeout(Duration::from_secs(1), raw(app.address, request)).await.unwrap();
    assert_eq!(answered.status, 200);
    let ended = tokio::time::timeout(Duration::from_secs(1), held[0].read(&mut [0])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
}

#[tokio::test]
async fn a_stopped_server_closes_idle_connections_at_once() {
    let app = App::start().await;
    let mut idle = TcpStream::connect(app.address).await.unwrap();
    idle.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    let (address, started) = (app.address, Instant::now());
    tokio::time::timeout(PATIENCE, app.stop()).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(TcpStream::connect(address).await.is_err(), "the port is closed");
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_flag_that_changes_it() {
    let app = App::start().await;
    let config = bionicpro_api::Config { listen: app.address, metrics_listen: None, ..Default::default() };
    let warehouse =
        bionicpro_warehouse::Config { url: Some(app.warehouse_url.clone()), ..Default::default() };
    let reports = bionicpro_warehouse::reports::MartReader::new(&warehouse).unwrap();
    let verifier = bionicpro_auth::Verifier::new(&app.issuer.config()).unwrap();
    let audit = bionicpro_audit::Log::none();
    let services = bionicpro_api::Services { reports, verifier, audit, store: app.store.clone() };
    let error = bionicpro_api::Server::bind(&config, services).await.err().unwrap();
    assert_eq!(error.kind(), bionicpro_model::Kind::Config);
    let report = error.report();
    assert!(report.contains(&app.address.to_string()) && report.contains("--listen"), "{report}");
}

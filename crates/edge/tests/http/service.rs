//! A service and its metrics: two listeners with separate host names that end together.

use axum::Router;
use axum::routing::get;
use bionicpro_edge::{DefaultDetails, Edge, ListenerConfig, Options, Service};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::support::{Answers, PATIENCE};

#[tokio::test]
async fn metrics_answer_under_their_own_hosts_only_and_end_with_the_service() {
    let loopback = ([127, 0, 0, 1], 0).into();
    let config = ListenerConfig { metrics_hosts: vec!["metrics.example.com".into()], ..Default::default() };
    let listen = config.listen("test", loopback, vec!["reports.example.com".into()]);
    let metrics = config.listen_for_metrics("test", loopback);
    let service = Service::bind(listen, Some(metrics)).await.unwrap();
    let (own, metrics) = (service.local_addr(), service.metrics_addr().unwrap());
    let router = Router::new().route("/metrics", get(|| async { "a page of the service" }));
    let options =
        Options { deadline: PATIENCE, body_bytes: 0, methods: None, texts: DefaultDetails::default() };
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(service.run(Edge::new(router, options), async {
        let _ = stopped.await;
    }));

    let ask = async |address, host: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        Answers::read(&mut stream).await.statuses()
    };
    for (host, of_service, of_metrics) in
        [("reports.example.com", 200, 421), ("metrics.example.com", 421, 200), ("localhost", 421, 421)]
    {
        assert_eq!(ask(own, host).await, [of_service], "{host}");
        assert_eq!(ask(metrics, host).await, [of_metrics], "{host}");
    }

    stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, serving).await.unwrap().unwrap();
    assert!(TcpStream::connect(own).await.is_err() && TcpStream::connect(metrics).await.is_err());
}

#[tokio::test]
async fn a_host_that_is_none_is_named_with_its_own_key() {
    let config = ListenerConfig { metrics_hosts: vec!["a b".into()], ..Default::default() };
    let loopback = ([127, 0, 0, 1], 0).into();
    let listen = config.listen("bff", loopback, Vec::new());
    let error = Service::bind(listen, Some(config.listen_for_metrics("bff", loopback))).await.err().unwrap();
    assert_eq!(error.detail_text(), Some("bff.metrics_hosts holds \"a b\""));
}

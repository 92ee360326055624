//! Refused credentials: delayed if one address causes many, without delaying other clients.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{Answers, PATIENCE, Service};

/// Longer than any test: a delayed refusal does not arrive by itself.
const DELAY: Duration = Duration::from_secs(3600);
/// Time within which a refusal without delay would have arrived.
const A_WHILE: Duration = Duration::from_millis(300);

/// Starts a service that sends two refusals a minute immediately. Two more of an address are delayed, four in
/// total.
async fn service() -> Service {
    Service::with(|listen| {
        listen.limits.refusals_per_minute = 2;
        listen.limits.refusal_delay = DELAY;
        listen.limits.connections = 8;
        listen.limits.connections_per_address = 4;
        listen.limits.shutdown_timeout = DELAY;
        listen.trusted_proxies = vec!["127.0.0.1".to_owned()];
    })
    .await
}

fn request(address: &str, token: &str) -> String {
    format!(
        "GET /own HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    )
}

/// Opens a connection whose refusal is delayed: it has not arrived after a while.
async fn held(service: &Service, address: &str) -> Result<TcpStream, Answers> {
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    stream.write_all(request(address, "bad").as_bytes()).await.unwrap();
    match tokio::time::timeout(A_WHILE, stream.readable()).await {
        Err(_elapsed) => Ok(stream),
        Ok(_) => Err(Answers::read(&mut stream).await),
    }
}

#[tokio::test]
async fn over_the_budget_of_an_address_refusals_are_late_and_good_tokens_are_not() {
    let service = service().await;
    let refused = service.send(request("192.0.2.1", "bad")).await;
    assert_eq!(refused.statuses(), [401]);
    assert_eq!(service.send(request("192.0.2.1", "")).await.statuses(), [401], "none counts as a bad one");
    let mut late = [held(&service, "192.0.2.1").await.unwrap(), held(&service, "192.0.2.1").await.unwrap()];
    for _ in 0..20 {
        assert_eq!(
            service.send(request("192.0.2.1", "good")).await.statuses(),
            [200],
            "one behind the same router"
        );
        assert_eq!(service.send(request("192.0.2.9", "good")).await.statuses(), [200]);
    }
    assert_eq!(
        service.send(request("192.0.2.9", "bad")).await.statuses(),
        [401],
        "another address has its own"
    );

    let too_many = service.send(request("192.0.2.1", "bad")).await;
    assert_eq!((too_many.statuses(), too_many.header("retry-after")), (vec![429], Some("5")));
    assert_eq!(too_many.header("connection"), Some("close"));

    // The shutdown timeout for in-flight requests is as long as the delay, so a stop that waited for it would
    // not end.
    service.stop().await;
    for stream in &mut late {
        let answers = Answers::read(stream).await;
        assert_eq!(answers.statuses(), [401]);
        assert_eq!(body(&answers), body(&refused), "the same answer");
    }
}

#[tokio::test]
async fn neighbours_in_one_network_have_one_budget_and_half_of_all_connections_stay_free() {
    let service = service().await;
    let (one, neighbour, other) = ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1");
    for address in [one, neighbour, other, other] {
        assert_eq!(service.send(request(address, "bad")).await.statuses(), [401]);
    }
    let mut late = Vec::new();
    for address in [one, neighbour, other, other] {
        late.push(held(&service, address).await.unwrap());
    }
    for _ in 0..2 {
        assert_eq!(service.send(request("192.0.2.1", "bad")).await.statuses(), [401]);
    }
    assert_eq!(service.send(request("192.0.2.1", "bad")).await.statuses(), [429], "four wait already");
    assert_eq!(service.send(request("192.0.2.1", "good")).await.statuses(), [200]);

    // A client that disconnects releases its permits.
    drop(late);
    let again = async { while held(&service, one).await.is_err() {} };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
}

/// Returns the response body without the request id.
fn body(answers: &Answers) -> String {
    let (_, body) = answers.0.split_once("\r\n\r\n").unwrap();
    let (before, id) = body.split_once(r#""request_id":""#).unwrap();
    format!("{before}{}", &id[36..])
}

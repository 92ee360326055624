//! A caller who leaves takes their questions to the warehouse with them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bionicpro_model::SecretUrl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{App, Person, at, execute};

fn request(app: &App, name: &str) -> String {
    let token = app.issuer.token(name);
    format!(
        "GET /api/reports/2024-01-15 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
}

/// Waits until the count is as expected, for as long as the attack matrix allows.
async fn becomes(count: &AtomicUsize, expected: usize) {
    let started = Instant::now();
    while count.load(Ordering::SeqCst) != expected {
        assert!(started.elapsed() < Duration::from_secs(2), "{} are open", count.load(Ordering::SeqCst));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A warehouse that never answers, and how many questions are open there.
async fn silent() -> (SecretUrl, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = SecretUrl::parse(&format!("http://user:password@{}/", listener.local_addr().unwrap())).unwrap();
    let open = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&open);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                count.fetch_add(1, Ordering::SeqCst);
                while stream.read(&mut [0; 4096]).await.is_ok_and(|length| length > 0) {}
                count.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    (url, open)
}

#[tokio::test]
async fn h19_a_caller_who_hangs_up_ends_the_question_under_way() {
    let (url, open) = silent().await;
    let app = App::builder().reading_through(url).start().await;
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(request(&app, "alice").as_bytes()).await.unwrap();
    becomes(&open, 1).await;
    drop(stream);
    becomes(&open, 0).await;
}

#[tokio::test]
async fn h19_a_thousand_requests_at_once_and_a_hang_up_leave_no_query() {
    let app = App::start().await;
    let alice = Person::new("alice", 1);
    app.seed(&[&alice], &[alice.cell(1, at("2024-01-15T08:00:00Z"))]).await;
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let pipeline = request(&app, "alice").repeat(1000);
    // The server does not read ahead of its answers for ever: what it has not taken stays with the sender.
    let _ = tokio::time::timeout(Duration::from_millis(500), stream.write_all(pipeline.as_bytes())).await;
    drop(stream);
    let started = Instant::now();
    let running = format!(
        "SELECT count() FROM system.processes WHERE current_database = '{0}' AND query LIKE '%{0}%' AND NOT query LIKE '%processes%'",
        app.database
    );
    loop {
        let count = execute(&app.warehouse_url, &running, String::new()).await;
        if count.trim() == "0" {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(2), "{count} queries run on");
    }
    assert_eq!(app.wearer("alice").get("/api/reports/2024-01-15").await.checked_status(), 200);
}

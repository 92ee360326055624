//! A client that disconnects ends its queries in the warehouse.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bionicpro_model::SecretUrl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::access::lines;
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

/// Starts a warehouse that never answers; returns its address and the number of its open connections.
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
    // The server reads only a limited number of requests ahead of its answers; the rest stays with the
    // sender.
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

/// Waits for a line of which the predicate is true.
async fn line_with(
    folder: &std::path::Path,
    is_it: impl Fn(&serde_json::Value) -> bool,
) -> serde_json::Value {
    let started = Instant::now();
    loop {
        if let Some(line) = lines(folder).into_iter().find(&is_it) {
            return line;
        }
        assert!(started.elapsed() < Duration::from_secs(5), "{:#?}", lines(folder));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_read_that_was_cut_off_is_written_down_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let config = bionicpro_audit::Config { folder: Some(folder.path().to_owned()), ..Default::default() };
    let (url, open) = silent().await;
    let app = App::builder().audited(&config).reading_through(url).start().await;
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(request(&app, "alice").as_bytes()).await.unwrap();
    becomes(&open, 1).await;
    drop(stream);
    let line = line_with(folder.path(), |line| line["reason"] == "cut_off").await;
    assert_eq!((&line["who"], &line["from"]), (&"alice".into(), &"2024-01-15".into()));
    assert_eq!((&line["outcome"], &line["status"]), (&"failed".into(), &serde_json::Value::Null));
}

#[tokio::test]
async fn an_export_that_was_cut_off_has_a_second_line() {
    let folder = tempfile::tempdir().unwrap();
    let config = bionicpro_audit::Config { folder: Some(folder.path().to_owned()), ..Default::default() };
    let app = App::builder().audited(&config).start().await;
    let alice = Person::new("alice", 1);
    let cells: Vec<_> = (0..8760)
        .map(|hour| alice.cell(1, at("2024-01-01T00:00:00Z") + chrono::TimeDelta::hours(hour)))
        .collect();
    app.seed(&[&alice], &cells).await;
    let token = app.issuer.token("alice");
    let ask = format!(
        "GET /api/reports/export?from=2024-01-01&to=2024-12-31 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    // Many answers, so that they do not all fit into the buffers between client and server.
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(ask.repeat(20).as_bytes()).await.unwrap();
    let mut head = [0; 1024];
    assert!(stream.read(&mut head).await.unwrap() > 0);
    drop(stream);
    let line = line_with(folder.path(), |line| line["reason"] == "cut_off").await;
    assert_eq!((&line["from"], &line["to"]), (&"2024-01-01".into(), &"2024-12-31".into()));
    // A complete delivery has one line.
    let whole = app.wearer("alice").get("/api/reports/export").await;
    let id = whole.header("x-request-id");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let of_it: Vec<_> = lines(folder.path()).into_iter().filter(|line| line["request_id"] == id).collect();
    assert_eq!(of_it.len(), 1, "{of_it:#?}");
    assert_eq!(of_it[0]["outcome"], "done");
}

#[tokio::test]
async fn a_change_and_its_line_come_together_whenever_the_caller_hangs_up() {
    let folder = tempfile::tempdir().unwrap();
    let config = bionicpro_audit::Config { folder: Some(folder.path().to_owned()), ..Default::default() };
    let app = App::builder().audited(&config).start().await;
    let client = app.wearer("alice");
    let token = app.issuer.token("alice");
    let (mut changed, mut kept) = (0, 0);
    for round in 0..25_u64 {
        let theme = ["dark", "light"][usize::try_from(round % 2).unwrap()];
        let body = format!(
            r#"{{"timezone":null,"language":null,"theme":"{theme}","text_size":"normal","hand":null}}"#
        );
        let ask = format!(
            "PUT /api/preferences HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let before = lines(folder.path()).len();
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        stream.write_all(ask.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_micros(round * 120)).await;
        drop(stream);
        // Waits until everything that had begun has ended.
        let mut seen = (usize::MAX, false);
        let (written, is_changed) = loop {
            let is_changed = client.get("/api/preferences").await.body.contains(&format!("\"{theme}\""));
            let now = (lines(folder.path()).len() - before, is_changed);
            if now == seen {
                break now;
            }
            seen = now;
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        assert_eq!(written, usize::from(is_changed), "round {round}");
        *if is_changed { &mut changed } else { &mut kept } += 1;
    }
    assert!(changed > 0, "all {kept} were cut off before they were read");
}

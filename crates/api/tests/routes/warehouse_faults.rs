//! A warehouse that is down, slow or sends invalid answers: 503, and never a part of a report.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bionicpro_model::SecretUrl;
use futures_util::future::join_all;
use insta::assert_snapshot;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

use crate::support::{App, Person, at, execute};

const PATHS: [&str; 3] = ["/api/reports", "/api/reports/2024-01-15", "/api/reports/summary"];

/// Starts a server in place of the warehouse that answers every request with these bytes.
async fn impostor(answer: &'static [u8], linger: bool) -> SecretUrl {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer).await;
                if linger {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    SecretUrl::parse(&format!("http://user:password@{address}/")).unwrap()
}

async fn every_report_is_unavailable(app: &App) {
    for path in PATHS {
        let answered = app.wearer("ivan.petrov").get(path).await;
        assert_eq!(answered.checked_status(), 503, "{path}");
        assert_eq!(answered.header("retry-after"), "5");
        assert_eq!(
            answered.without_id()["detail"],
            "The reports cannot be read at the moment; try again in a few seconds"
        );
    }
}

#[tokio::test]
async fn h24_a_warehouse_that_is_down_is_503() {
    let nobody = SecretUrl::parse("http://user:password@127.0.0.1:1/").unwrap();
    let app = App::builder().reading_through(nobody).start().await;
    every_report_is_unavailable(&app).await;
    assert_snapshot!(app.wearer("ivan.petrov").get("/api/reports").await.shown(), @r#"
    503
    retry-after: 5
    {
      "detail": "The reports cannot be read at the moment; try again in a few seconds",
      "request_id": "[request id]",
      "status": 503,
      "title": "Temporarily unavailable",
      "type": "urn:bionicpro:problem:unavailable"
    }
    "#);
}

#[tokio::test]
async fn h24_a_warehouse_that_answers_nonsense_is_503() {
    let answers: [&'static [u8]; 6] = [
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 9\r\n\r\nCode: 999",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n\x01\x01",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"",
    ];
    for answer in answers {
        let app = App::builder().reading_through(impostor(answer, false).await).start().await;
        every_report_is_unavailable(&app).await;
    }
}

#[tokio::test]
async fn h24_a_warehouse_that_does_not_answer_is_503_at_the_deadline() {
    let url = impostor(b"", true).await;
    let app =
        App::builder().reading_through(url).configure(|config| config.request_timeout_s = 1).start().await;
    let started = Instant::now();
    let answered = app.wearer("ivan.petrov").get("/api/reports").await;
    assert_eq!(answered.checked_status(), 503);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn h24_a_warehouse_without_the_mart_is_503_and_not_ready() {
    let app = App::start().await;
    execute(&app.warehouse_url, &format!("DROP TABLE {}.user_prosthesis_stats", app.database), String::new())
        .await;
    let ivan = Person::new("ivan.petrov", 1);
    app.seed(&[&ivan], &[]).await;
    for path in PATHS {
        assert_eq!(app.wearer("ivan.petrov").get(path).await.checked_status(), 503, "{path}");
    }
}

/// Starts a proxy to the warehouse that can be closed and opened again.
pub(crate) async fn way_to_the_warehouse() -> (SecretUrl, watch::Sender<bool>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let through = listener.local_addr().unwrap();
    let target = bionicpro_testing::warehouse().await.url;
    let (open, mut opened) = watch::channel(true);
    let upstream = target.address();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            if !*opened.borrow_and_update() {
                continue;
            }
            let (upstream, mut opened) = (upstream.clone(), opened.clone());
            tokio::spawn(async move {
                let mut server = TcpStream::connect(upstream).await.unwrap();
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                    _ = opened.changed() => {}
                }
            });
        }
    });
    let mut url = target.expose_secret().clone();
    url.set_port(Some(through.port())).unwrap();
    (SecretUrl::parse(url.as_str()).unwrap(), open)
}

#[tokio::test]
async fn h24_a_warehouse_that_comes_back_answers_again() {
    let (way, open) = way_to_the_warehouse().await;
    let app = App::builder().reading_through(way).start().await;
    let ivan = Person::new("ivan.petrov", 1);
    app.seed(&[&ivan], &[ivan.cell(1, at("2024-01-15T08:00:00Z"))]).await;
    let client = app.wearer("ivan.petrov");

    assert_eq!(client.get("/api/reports/2024-01-15").await.checked_status(), 200);
    open.send(false).unwrap();
    assert_eq!(client.get("/api/reports/2024-01-15").await.checked_status(), 503);
    open.send(true).unwrap();
    let started = Instant::now();
    while client.get("/api/reports/2024-01-15").await.status != 200 {
        assert!(started.elapsed() < Duration::from_secs(10), "still unavailable");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Starts a proxy to the engine that, while the flag is set, forwards pings but no queries.
async fn way_to(engine: &SecretUrl) -> (SecretUrl, watch::Sender<bool>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let mut url = engine.expose_secret().clone();
    url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
    let (hangs, hung) = watch::channel(false);
    let engine = engine.address();
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(engine.clone()).await.unwrap();
            tokio::spawn(pass_on(client, server, hung.clone()));
        }
    });
    (SecretUrl::parse(url.as_str()).unwrap(), hangs)
}

async fn pass_on(client: TcpStream, server: TcpStream, mut hung: watch::Receiver<bool>) {
    let (mut asks, mut hears) = client.into_split();
    let (mut answers, mut is_asked) = server.into_split();
    let questions = async {
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = asks.read(&mut piece).await {
            if !piece.starts_with(b"GET /ping") && hung.wait_for(|hung| !hung).await.is_err() {
                return;
            }
            if is_asked.write_all(&piece[..length]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = questions => {}
        _ = tokio::io::copy(&mut answers, &mut hears) => {}
    }
}

#[tokio::test]
async fn h24_an_engine_that_answers_pings_and_no_query_is_left_alone_and_found_again() {
    let (url, hangs) = way_to(&bionicpro_testing::warehouse().await.url).await;
    // Longer than anything here takes, so that the answers are not caused by the deadline.
    let app = App::builder().reading_through(url).configure(|config| config.request_timeout_s = 60);
    let app = app.start().await;
    let ivan = Person::new("ivan.petrov", 1);
    app.seed(&[&ivan], &[ivan.cell(1, at("2024-01-15T08:00:00Z"))]).await;
    let client = app.wearer("ivan.petrov");
    assert_eq!(client.get("/api/reports/2024-01-15").await.checked_status(), 200);

    hangs.send(true).unwrap();
    for (crowd, limit) in [("first", Duration::from_secs(20)), ("second", Duration::from_secs(5))] {
        let started = Instant::now();
        let answers = join_all((0..20).map(|_| client.get("/api/reports/2024-01-15"))).await;
        assert!(answers.iter().all(|answered| answered.checked_status() == 503), "{crowd}");
        assert!(started.elapsed() < limit, "{crowd}: {:?}", started.elapsed());
    }
    hangs.send(false).unwrap();
    let started = Instant::now();
    while client.get("/api/reports/2024-01-15").await.status != 200 {
        assert!(started.elapsed() < Duration::from_secs(10), "still unavailable");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The action of a proxy to the engine when a query arrives.
#[derive(Clone)]
enum At {
    /// The query and all later ones get no answer.
    Break,
    /// The query waits, once.
    Wait(Arc<Pause>),
}

#[derive(Default)]
struct Pause {
    reached: Notify,
    over: Notify,
}

/// Starts a proxy to the engine that performs the action at this query, counted from 1.
async fn way_with(engine: &SecretUrl, query: usize, what: At) -> SecretUrl {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let mut url = engine.expose_secret().clone();
    url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
    let (engine, asked) = (engine.address(), Arc::new(AtomicUsize::new(0)));
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(engine.clone()).await.unwrap();
            let (asked, what) = (asked.clone(), what.clone());
            tokio::spawn(async move {
                let ((mut asks, mut hears), (mut answers, mut is_asked)) =
                    (client.into_split(), server.into_split());
                let questions = async {
                    let mut piece = [0; 65_536];
                    while let Ok(length @ 1..) = asks.read(&mut piece).await {
                        let is_query = piece.starts_with(b"POST ");
                        let number = if is_query { asked.fetch_add(1, Ordering::SeqCst) + 1 } else { 0 };
                        match &what {
                            At::Break if number >= query => return,
                            At::Wait(pause) if number == query => {
                                pause.reached.notify_one();
                                pause.over.notified().await;
                            }
                            _ => {}
                        }
                        is_asked.write_all(&piece[..length]).await.unwrap();
                    }
                };
                tokio::select! {
                    () = questions => {}
                    _ = tokio::io::copy(&mut answers, &mut hears) => {}
                }
            });
        }
    });
    SecretUrl::parse(url.as_str()).unwrap()
}

#[tokio::test]
async fn h24_an_export_whose_warehouse_goes_away_breaks_off_and_looks_like_no_whole_file() {
    let engine = bionicpro_testing::warehouse().await.url;
    // The first query reads the account's rights; each month is a query of its own.
    for (broken, whole) in [(2, false), (3, false), (4, true)] {
        let app = App::builder().reading_through(way_with(&engine, broken, At::Break).await).start().await;
        let ivan = Person::new("ivan.petrov", 1);
        let cells = ["2024-01-15T08:00:00Z", "2024-02-15T08:00:00Z"].map(|hour| ivan.cell(1, at(hour)));
        app.seed(&[&ivan], &cells).await;
        let address = format!("http://{}/api/reports/export?from=2024-01-01&to=2024-03-01", app.address);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let response = client.get(address).bearer_auth(app.issuer.token("ivan.petrov")).send().await.unwrap();
        assert_eq!(response.status(), if broken == 2 { 503 } else { 200 }, "{broken}");
        match response.text().await {
            Ok(body) if broken != 2 => assert_eq!((whole, body.lines().count()), (true, 3), "{broken}"),
            Ok(_) => {}
            Err(_) => assert!(!whole, "{broken}"),
        }
    }
}

/// A login name that moves between two months of an export brings nothing of the other person into it.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_ends_where_the_login_name_moves_to_another_person() {
    let engine = bionicpro_testing::warehouse().await.url;
    let pause = Arc::new(Pause::default());
    // The first query reads the account's rights, the second reads January.
    let way = way_with(&engine, 3, At::Wait(Arc::clone(&pause))).await;
    let app = App::builder().reading_through(way).start().await;
    let (anna, boris) = (Person::new("anna", 1), Person::new("boris", 1));
    let hours = ["2024-01-15T08:00:00Z", "2024-02-15T08:00:00Z"].map(at);
    let cells = hours.iter().flat_map(|hour| [anna.cell(1, *hour), boris.cell(1, *hour)]);
    app.seed(&[&anna, &boris], &cells.collect::<Vec<_>>()).await;
    let address = format!("http://{}/api/reports/export?from=2024-01-01&to=2024-03-01", app.address);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let asked = client.get(address).bearer_auth(app.issuer.token("anna")).send();
    let moved = async {
        pause.reached.notified().await;
        let nameless = Person { name: String::new(), ..anna.clone() };
        let other = Person { name: "anna".to_owned(), ..boris.clone() };
        app.seed(&[&nameless, &other], &[]).await;
        pause.over.notify_one();
    };
    let (response, ()) = tokio::join!(async { asked.await.unwrap() }, moved);
    assert_eq!(response.status(), 200);
    let mut response = response;
    let mut body = Vec::new();
    let ended = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            ended => break ended,
        }
    };
    let body = String::from_utf8(body).unwrap();
    assert!(ended.is_err(), "{body}");
    assert!(body.contains(&anna.chip(1)) && !body.contains(&boris.chip(1)), "{body}");
}

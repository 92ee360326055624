//! The cache of people's hours: the visibility of loads, the service while the warehouse is down, and login
//! names that move.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bionicpro_model::{Error, HourRange, Kind, Result, SecretUrl};
use bionicpro_warehouse::changes;
use bionicpro_warehouse::load::{self, LoadSpec, Tombstones};
use bionicpro_warehouse::state::{self, DimensionState};
use futures_util::stream;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::{App, Cell, Client, Person, ask, at, execute, table_of};

const DAY: &str = "/api/reports/2024-01-15";

async fn app() -> App {
    App::builder().configure(|config| config.cache_mb = 8).start().await
}

/// Loads cells of a day as the pipeline does; without `settles`, like a load that is killed once its rows are
/// visible.
async fn load(app: &App, cells: &[Cell], version: u64, settles: bool) {
    let shown = std::future::ready(Ok(()));
    let standing = store(app, cells, version, shown).await.unwrap();
    if settles {
        changes::settle(&app.warehouse, &standing).await.unwrap();
    }
}

/// Stores a load without settling it.
async fn store(
    app: &App,
    cells: &[Cell],
    version: u64,
    may_show: impl Future<Output = Result<()>> + Send,
) -> Result<DimensionState> {
    let rows = cells.iter().map(|cell| {
        let mut row = cell.row();
        row["version"] = version.into();
        row
    });
    let sql = format!("SELECT * FROM {} FORMAT Parquet", table_of(rows));
    let file = stream::iter([Ok(ask(&app.warehouse_url, &sql).await)]);
    let day = at("2024-01-15T00:00:00Z");
    let spec = LoadSpec {
        run: format!("load-{version}").parse().unwrap(),
        range: Some(HourRange::new(day, day + chrono::TimeDelta::days(1)).unwrap()),
        version,
        days: vec![day.date_naive()],
        rows: cells.len() as u64,
        tombstones: 0,
    };
    let standing = state::standing(&app.warehouse).await.unwrap();
    load::store(&app.warehouse, file, &spec, &standing, &Tombstones::default(), may_show).await?;
    Ok(standing)
}

async fn movements(client: &Client) -> Value {
    client.get(DAY).await.json()["summary"]["total_movements"].clone()
}

/// Waits, for some polls, until the answer has this number of movements.
async fn becomes(client: &Client, wanted: u64) {
    becomes_within(client, wanted, Duration::from_secs(5)).await;
}

async fn becomes_within(client: &Client, wanted: u64, patience: Duration) {
    let began = Instant::now();
    while movements(client).await != wanted {
        assert!(began.elapsed() < patience, "{} is not {wanted}", movements(client).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the API polls the warehouse, and checks that it answers from the cache: rows written by hand
/// are not announced, so they are not shown.
async fn keeps(app: &App, client: &Client, person: &Person) {
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = movements(client).await;
    app.write(&[Cell { movements: 1, ..person.cell(1, at("2024-01-15T20:00:00Z")) }]).await;
    assert_eq!(movements(client).await, before);
    let undo = format!("DELETE FROM {}.user_prosthesis_stats WHERE toHour(hour, 'UTC') = 20", app.database);
    execute(&app.warehouse_url, &undo, String::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_is_shown_after_the_next_poll_also_one_that_was_cut_off() {
    let app = app().await;
    let (anna, ivan) = (Person::new("anna", 1), Person::new("ivan", 1));
    app.seed(&[&anna, &ivan], &[]).await;
    let eight = at("2024-01-15T08:00:00Z");
    load(&app, &[anna.cell(1, eight), ivan.cell(1, eight)], 1, true).await;
    let (one, two) = (app.wearer("anna"), app.wearer("ivan"));
    becomes(&one, 100).await;
    keeps(&app, &one, &anna).await;

    load(&app, &[Cell { movements: 7, ..anna.cell(1, eight) }, ivan.cell(1, eight)], 2, true).await;
    becomes(&one, 7).await;
    assert_eq!(movements(&two).await, 100);
    // A load that was interrupted once its rows were visible, and before it was settled.
    load(&app, &[Cell { movements: 8, ..anna.cell(1, eight) }, ivan.cell(1, eight)], 3, false).await;
    becomes(&one, 8).await;
    load(&app, &[Cell { movements: 9, ..anna.cell(1, eight) }], 4, true).await;
    becomes(&one, 9).await;
    assert_eq!(two.get(DAY).await.checked_status(), 404, "his rows vanished");
    app.stop().await;
}

/// The history has the rows of a load that was interrupted before they were visible, so a load that brings
/// them again adds nothing to the history.
#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_brings_what_another_was_cut_off_with_is_shown_after_the_next_poll() {
    let app = app().await;
    let anna = Person::new("anna", 1);
    app.seed(&[&anna], &[]).await;
    let eight = at("2024-01-15T08:00:00Z");
    load(&app, &[anna.cell(1, eight)], 1, true).await;
    let client = app.wearer("anna");
    becomes(&client, 100).await;

    let new = Cell { movements: 7, ..anna.cell(1, eight) };
    let lost = std::future::ready(Err(Error::new(Kind::Unreachable, "the lock of the load was lost")));
    store(&app, std::slice::from_ref(&new), 2, lost).await.unwrap_err();
    // Another load, which brings nothing.
    changes::settle(&app.warehouse, &state::standing(&app.warehouse).await.unwrap()).await.unwrap();
    keeps(&app, &client, &anna).await;
    load(&app, &[new], 4, true).await;
    becomes(&client, 7).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_by_hand_is_shown_when_what_is_kept_is_old() {
    let app = App::builder().configure(|config| {
        config.cache_mb = 8;
        config.cache_max_age_s = 5;
    });
    let app = app.start().await;
    let anna = Person::new("anna", 1);
    app.seed(&[&anna], &[]).await;
    load(&app, &[anna.cell(1, at("2024-01-15T08:00:00Z"))], 1, true).await;
    let client = app.wearer("anna");
    becomes(&client, 100).await;
    keeps(&app, &client, &anna).await;
    app.write(&[Cell { movements: 1, ..anna.cell(1, at("2024-01-15T21:00:00Z")) }]).await;
    becomes_within(&client, 101, Duration::from_secs(15)).await;
    app.stop().await;
}

/// A login name that moves to another person shows nothing of the former one, and the rows of a deleted
/// person are shown to no one.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_moves_and_a_person_who_leaves_take_what_was_kept_along() {
    let app = app().await;
    let anna = Person::new("anna", 1);
    let other = Person { name: "anna".to_owned(), ..Person::new("boris", 1) };
    let boris = Person { name: String::new(), ..Person::new("boris", 1) };
    app.seed(&[&anna, &boris], &[]).await;
    let eight = at("2024-01-15T08:00:00Z");
    load(&app, &[anna.cell(1, eight), Cell { movements: 3, ..other.cell(1, eight) }], 1, true).await;
    let client = app.wearer("anna");
    becomes(&client, 100).await;
    keeps(&app, &client, &anna).await;

    let nameless = Person { name: String::new(), ..anna.clone() };
    app.seed(&[&nameless, &other], &[]).await;
    becomes(&client, 3).await;
    app.seed(&[&nameless], &[]).await;
    let began = Instant::now();
    while client.get(DAY).await.checked_status() != 404 {
        assert!(began.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.stop().await;
}

/// Prostheses are those as of the newest poll, and of the person who has the login name.
#[tokio::test(flavor = "multi_thread")]
async fn prostheses_come_go_and_move_with_the_name() {
    let app = app().await;
    let (anna, boris) = (Person::new("anna", 2), Person::new("boris", 1));
    let one = Person { prostheses: anna.prostheses[..1].to_vec(), ..anna.clone() };
    app.seed(&[&one, &boris], &[]).await;
    load(&app, &[anna.cell(1, at("2024-01-15T08:00:00Z"))], 1, true).await;
    let client = app.wearer("anna");
    becomes(&client, 100).await;
    let shows = async |wanted: &[uuid::Uuid]| {
        let began = Instant::now();
        loop {
            // Hours first, because prostheses are cached in the same entry.
            client.get(DAY).await;
            let listed = client.get("/api/prostheses").await.json()["prostheses"].clone();
            let ids: Vec<String> =
                listed.as_array().unwrap().iter().map(|own| own["prosthesis_id"].to_string()).collect();
            if wanted.iter().all(|id| ids.contains(&format!("\"{id}\""))) && ids.len() == wanted.len() {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(5), "{ids:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    shows(&anna.prostheses[..1]).await;
    app.seed(&[&anna, &boris], &[]).await;
    shows(&anna.prostheses).await;
    let nameless = Person { name: String::new(), ..anna.clone() };
    let other = Person { name: "anna".to_owned(), ..boris.clone() };
    app.seed(&[&nameless, &other], &[]).await;
    shows(&boris.prostheses).await;
    app.seed(&[&nameless], &[]).await;
    shows(&[]).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_warehouse_people_go_on_reading_for_the_grace_and_strangers_do_not() {
    let (way, cut) = crate::warehouse_faults::way_to_the_warehouse().await;
    let app = App::builder().reading_through(way).configure(|config| {
        config.cache_mb = 8;
        config.cache_grace_s = 4;
    });
    let app = app.start().await;
    let (anna, ivan) = (Person::new("anna", 1), Person::new("ivan", 1));
    app.seed(&[&anna, &ivan], &[]).await;
    let eight = at("2024-01-15T08:00:00Z");
    load(&app, &[anna.cell(1, eight), ivan.cell(1, eight)], 1, true).await;
    let client = app.wearer("anna");
    becomes(&client, 100).await;
    keeps(&app, &client, &anna).await;
    assert_eq!(client.get(DAY).await.checked_status(), 200);

    cut.send(false).unwrap();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(2) {
        assert_eq!(client.get(DAY).await.checked_status(), 200);
        assert_eq!(app.wearer("ivan").get(DAY).await.checked_status(), 503, "he is not cached");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(client.get(DAY).await.checked_status(), 503, "the grace period is over");
    cut.send(true).unwrap();
    let began = Instant::now();
    while client.get(DAY).await.checked_status() != 200 {
        assert!(began.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    app.stop().await;
}

/// The traffic that a proxy to the engine holds back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Nothing,
    Polls,
    /// The polls, and the next answer about a login name.
    PollsAndAnswer,
}

/// Starts a proxy to the engine that can hold back the polls for changes, and an answer.
async fn way_that_holds(login: &'static str, engine: &SecretUrl) -> (SecretUrl, watch::Sender<Held>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let mut url = engine.expose_secret().clone();
    url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
    let (holds, held) = watch::channel(Held::Nothing);
    let (engine, is_taken) = (engine.address(), Arc::new(AtomicBool::new(false)));
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(engine.clone()).await.unwrap();
            tokio::spawn(pass_on(login, client, server, held.clone(), is_taken.clone()));
        }
    });
    (SecretUrl::parse(url.as_str()).unwrap(), holds)
}

async fn pass_on(
    login: &str,
    client: TcpStream,
    server: TcpStream,
    held: watch::Receiver<Held>,
    is_taken: Arc<AtomicBool>,
) {
    let (mut asks, mut hears) = client.into_split();
    let (mut answers, mut is_asked) = server.into_split();
    let waits = AtomicBool::new(false);
    let questions = async {
        let (mut piece, mut held) = ([0; 65_536], held.clone());
        while let Ok(length @ 1..) = asks.read(&mut piece).await {
            let text = String::from_utf8_lossy(&piece[..length]);
            let is_asked_for = text.contains(&format!("param_login\"\r\n\r\n{login}\r\n"));
            if is_asked_for && *held.borrow() == Held::PollsAndAnswer {
                waits.store(!is_taken.swap(true, Ordering::SeqCst), Ordering::SeqCst);
            }
            if text.contains("report_changes") && held.wait_for(|held| *held == Held::Nothing).await.is_err()
                || is_asked.write_all(&piece[..length]).await.is_err()
            {
                return;
            }
        }
    };
    let answers = async {
        let (mut piece, mut held) = ([0; 65_536], held.clone());
        while let Ok(length @ 1..) = answers.read(&mut piece).await {
            if waits.swap(false, Ordering::SeqCst)
                && held.wait_for(|held| *held != Held::PollsAndAnswer).await.is_err()
                || hears.write_all(&piece[..length]).await.is_err()
            {
                return;
            }
        }
    };
    tokio::select! {
        () = questions => {}
        () = answers => {}
    }
}

/// A slow read ends after its slot was evicted, and after a later read was shown.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_reading_does_not_replace_what_was_read_after_it() {
    let mart = bionicpro_testing::warehouse().await;
    let (way, holds) = way_that_holds("anna", &mart.url).await;
    let app = App::builder().on(mart).reading_through(way).configure(|config| config.cache_mb = 1);
    let app = app.start().await;
    let [anna, dora] = ["anna", "dora"].map(|name| Person::new(name, 1));
    let others = ["boris", "clara", "elena", "fedor"].map(|name| Person::new(name, 1));
    app.seed(&[&[&anna, &dora], &others.each_ref()[..]].concat(), &[]).await;
    let eight = at("2024-01-15T08:00:00Z");
    let large =
        |person: &Person| Cell { chip: "x".repeat(600_000), ..person.cell(1, at("2024-01-10T08:00:00Z")) };
    app.write(&others.each_ref().map(large)).await;
    load(&app, &[anna.cell(1, eight), dora.cell(1, eight)], 1, true).await;
    keeps(&app, &app.wearer("dora"), &dora).await;

    let client = app.wearer("anna");
    holds.send(Held::PollsAndAnswer).unwrap();
    let late = tokio::spawn({
        let client = client.clone();
        async move { movements(&client).await }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!late.is_finished(), "void: the answer does not wait");
    // Others evict her entry, and she is read again.
    load(&app, &[Cell { movements: 7, ..anna.cell(1, eight) }], 2, true).await;
    for other in others.iter().cycle().take(16) {
        assert_eq!(app.wearer(&other.name).get("/api/reports/2024-01-10").await.checked_status(), 200);
    }
    let again = tokio::time::timeout(Duration::from_secs(20), movements(&client)).await;
    assert_eq!(again.expect("void: both wait for one query"), 7);
    holds.send(Held::Polls).unwrap();
    assert_eq!(late.await.unwrap(), 100);
    assert_eq!(movements(&client).await, 7);
    app.stop().await;
}

//! PgBouncer between the pipeline and its sources: runs are exact, and other clients of the pool never notice
//! them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use bionicpro_model::{Result, SecretUrl};
use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::{PipelineContext, RunReport, RunRequest, RunSpec, run};
use bionicpro_sources::{CrmConfig, Database, Lock, TelemetryConfig};
use bionicpro_testing::{End, Network, PgBouncer, PoolMode};
use chrono::{TimeDelta, Utc};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::turns::take_turns;
use crate::world::World;

const MODES: [PoolMode; 2] = [PoolMode::Transaction, PoolMode::Session];
/// Connections of a pool, and of a run: one is left to other clients.
const SIZE: u16 = 4;
const CONNECTIONS: u16 = 3;
/// The timeout of a run on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// The hours that rows fall into, in days before now; the last is beyond the lookback of a full run.
const DAYS: [i64; 5] = [1, 2, 3, 4, 40];

/// A company whose databases are behind a pooler.
struct Pooled {
    world: World,
    pooler: PgBouncer,
    mode: PoolMode,
    hours: [String; DAYS.len()],
}

impl Pooled {
    /// Returns `None` if no pooler can be started.
    async fn new(mode: PoolMode, size: u16) -> Option<Pooled> {
        let pooler = PgBouncer::start(&bionicpro_testing::postgres().url(), mode, size)?;
        let hour = |days| (Utc::now() - TimeDelta::days(days)).format("%Y-%m-%d %H:00:00").to_string();
        let pooled = Pooled { world: World::new().await, pooler, mode, hours: DAYS.map(hour) };
        pooled.run(RunRequest::Full).await;
        Some(pooled)
    }

    fn crm(&self) -> CrmConfig {
        CrmConfig { url: Some(self.pooler.way_to(&self.world.crm.url)), ..self.world.crm_config() }
    }

    fn telemetry(&self) -> TelemetryConfig {
        let url = Some(self.pooler.way_to(&self.world.telemetry.url));
        TelemetryConfig { url, connections: CONNECTIONS, ..self.world.telemetry_config() }
    }

    /// Returns the context of a separate process.
    fn context(&self) -> PipelineContext {
        self.world.context_with(&self.crm(), &self.telemetry(), &self.world.warehouse_config())
    }

    async fn run(&self, ask: RunRequest) {
        in_time(&self.context(), ask).await.unwrap_or_else(|error| panic!("{}", error.report()));
    }

    /// Inserts a movement into every hour.
    async fn moves(&self, chip: &str) {
        let row = |hour: &String| format!("('{chip}', '{hour}', 1, 1, NULL)");
        self.world.moves(&self.hours.each_ref().map(row).join(", ")).await;
    }

    /// Returns the mart's rows after `first` movements of the first chip in every hour, and `second` of the
    /// second chip in the first hour.
    fn expected(&self, first: u32, second: u32) -> Vec<String> {
        let hours = self.hours.iter();
        let mut told: Vec<String> =
            hours.map(|hour| format!("a CHIP-1 {} {first}", &hour[..13])).filter(|_| first > 0).collect();
        told.extend((second > 0).then(|| format!("b CHIP-2 {} {second}", &self.hours[0][..13])));
        told.sort();
        told
    }

    /// Acts as another client of the pool: inserts and reads, each in a separate statement, until `stop` is
    /// set. Counts the inserts in `done`.
    async fn share(&self, stop: &AtomicBool, done: &AtomicU32) {
        let url = self.pooler.way_to(&self.world.telemetry.url);
        let usual = told(&self.world.telemetry.client().await, SHARED).await;
        let insert = format!(
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES ('CHIP-2', '{}')",
            self.hours[0]
        );
        let mut client = connect(&url).await;
        while !stop.load(Ordering::SeqCst) || done.load(Ordering::SeqCst) < 300 {
            client.simple_query(&insert).await.unwrap();
            done.fetch_add(1, Ordering::SeqCst);
            assert_eq!(told(&client, SHARED).await, usual);
            // A client that stays connected would keep a connection of the pool.
            if self.mode == PoolMode::Session {
                client = connect(&url).await;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Checks every connection of both pools: a run has left no trace in it.
    async fn check(&self) {
        for database in [&self.world.crm, &self.world.telemetry] {
            let fresh = database.client().await;
            fresh.simple_query("BEGIN").await.unwrap();
            let settings = told(&fresh, SETTINGS).await;
            // A server process whose client was disconnected may take a moment to notice.
            let began = std::time::Instant::now();
            while told(&fresh, LOCKS).await != ["0"] {
                assert!(began.elapsed() < PATIENCE, "a lock is still held");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let mut admin = self.pooler.way_to(&database.url).expose_secret().clone();
            admin.set_path("pgbouncer");
            let admin = connect(&SecretUrl::parse(admin.as_str()).unwrap()).await;
            let servers = admin.simple_query("SHOW SERVERS").await.unwrap();
            let servers: BTreeSet<String> = servers
                .iter()
                .filter_map(|message| match message {
                    SimpleQueryMessage::Row(row) if row.get("database") == Some(&database.name) => {
                        row.get("remote_pid").map(str::to_owned)
                    }
                    _ => None,
                })
                .collect();
            let (mut clients, mut seen) = (Vec::new(), BTreeSet::new());
            for _ in &servers {
                let client = connect(&self.pooler.way_to(&database.url)).await;
                client.simple_query("BEGIN").await.unwrap();
                seen.extend(told(&client, "SELECT pg_backend_pid()").await);
                let now = told(&client, SETTINGS).await;
                let differ: Vec<_> = now.iter().zip(&settings).filter(|(now, fresh)| now != fresh).collect();
                assert!(differ.is_empty() && now.len() == settings.len(), "{differ:?}");
                assert_eq!(told(&client, "SELECT count(*) FROM pg_prepared_statements").await, ["0"]);
                clients.push(client);
            }
            assert_eq!(seen, servers);
        }
    }
}

/// Reads a session's settings and locks, as its next statement finds them.
const SHARED: &str = "SELECT current_setting('transaction_read_only'), current_setting('TimeZone'), \
    current_setting('search_path'), current_setting('statement_timeout'), current_setting('row_security'), \
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())";
/// The pooler sets the application name in each session.
const SETTINGS: &str = "SELECT name, setting FROM pg_settings WHERE name <> 'application_name' ORDER BY name";
const LOCKS: &str = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

async fn connect(url: &SecretUrl) -> Client {
    let (client, connection) = tokio_postgres::connect(url.expose_secret().as_str(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Returns the rows of a query, without a prepared statement.
async fn told(client: &Client, sql: &str) -> Vec<String> {
    let messages = client.simple_query(sql).await.unwrap();
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let text = |row: &tokio_postgres::SimpleQueryRow| {
        (0..row.len()).map(|at| row.get(at).unwrap_or("null").to_owned()).collect::<Vec<_>>().join(" ")
    };
    rows.map(text).collect()
}

async fn in_time(context: &PipelineContext, ask: RunRequest) -> Result<RunReport> {
    let running = run(context, RunSpec { run: None, ask }, &Quiet);
    tokio::time::timeout(PATIENCE, running).await.expect("the run hangs")
}

/// Every third run is a full one.
fn ask(number: u32) -> RunRequest {
    if number.is_multiple_of(3) { RunRequest::Full } else { RunRequest::Incremental }
}

#[tokio::test]
async fn runs_are_exact_and_whoever_shares_the_pool_does_not_notice_them() {
    for mode in MODES {
        let Some(pooled) = Pooled::new(mode, SIZE).await else { return };
        let (stop, done) = (AtomicBool::new(false), AtomicU32::new(0));
        let running = async {
            for number in 1..=30 {
                pooled.moves("CHIP-1").await;
                let others = done.load(Ordering::SeqCst);
                pooled.run(if number % 6 == 0 { RunRequest::Full } else { RunRequest::Incremental }).await;
                let told = pooled.world.told().await;
                let first = pooled.expected(number, 0);
                assert!(first.iter().all(|row| told.contains(row)), "{mode:?}: {told:?}");
                let counted = told.iter().find_map(|row| row.strip_prefix("b CHIP-2 ")?.split(' ').nth(2));
                let counted: u32 = counted.map_or(0, |text| text.parse().unwrap());
                assert!((others..=done.load(Ordering::SeqCst) + 3).contains(&counted), "{mode:?}: {counted}");
            }
            stop.store(true, Ordering::SeqCst);
        };
        let share = || pooled.share(&stop, &done);
        tokio::join!(running, share(), share(), share());
        pooled.run(RunRequest::Incremental).await;
        assert_eq!(pooled.world.told().await, pooled.expected(30, done.load(Ordering::SeqCst)), "{mode:?}");
        pooled.check().await;
    }
}

#[tokio::test]
async fn a_run_that_is_dropped_at_any_piece_leaves_nothing_in_the_pool() {
    for mode in MODES {
        let Some(pooled) = Pooled::new(mode, SIZE).await else { return };
        let [(crm, to_crm), (telemetry, to_telemetry)] = {
            let (crm, telemetry) = (Network::new(), Network::new());
            let to_crm = crm.way_to(&pooled.pooler.way_to(&pooled.world.crm.url)).await;
            let to_telemetry = telemetry.way_to(&pooled.pooler.way_to(&pooled.world.telemetry.url)).await;
            [(crm, to_crm), (telemetry, to_telemetry)]
        };
        let context = pooled.world.context_with(
            &CrmConfig { url: Some(to_crm.url.clone()), ..pooled.crm() },
            &TelemetryConfig { url: Some(to_telemetry.url.clone()), ..pooled.telemetry() },
            &pooled.world.warehouse_config(),
        );
        let mut dropped = 0;
        for number in 1..=20 {
            pooled.moves("CHIP-1").await;
            let network = if number % 4 == 0 { &crm } else { &telemetry };
            network.stop_at(u64::from(2 * number), End::Silence);
            tokio::select! {
                ended = in_time(&context, ask(number)) => drop(ended.unwrap()),
                () = network.stopped() => dropped += 1,
            }
            if number % 2 == 0 {
                network.go_on()
            } else {
                network.reset()
            }
            pooled.run(ask(number + 1)).await;
            assert_eq!(pooled.world.told().await, pooled.expected(number, 0), "{mode:?} {number}");
        }
        assert!(dropped > 10, "{dropped}");
        pooled.check().await;
    }
}

#[tokio::test]
async fn loads_exclude_each_other_through_the_pool() {
    for mode in MODES {
        let Some(pooled) = Pooled::new(mode, SIZE).await else { return };
        pooled.moves("CHIP-1").await;
        let (context, other) = (pooled.context(), pooled.context());
        let database = Database::telemetry(&pooled.telemetry()).unwrap();
        for kind in ["load", "schedule"] {
            let name = format!("bionicpro {kind} {}", pooled.world.warehouse.database);
            let lock = Lock::take(database.connect().await.unwrap(), &name).await.unwrap();
            let second = Lock::try_take(database.connect().await.unwrap(), &name).await.unwrap();
            assert!(second.is_none(), "{mode:?}: {name}");
            let mut running = std::pin::pin!(in_time(&context, RunRequest::Incremental));
            if kind == "load" {
                let waiting = tokio::time::timeout(Duration::from_secs(2), &mut running).await;
                assert!(waiting.is_err(), "{mode:?}: a load did not wait");
            }
            lock.release().await;
            running.await.unwrap();
            let third = Lock::try_take(database.connect().await.unwrap(), &name).await.unwrap();
            assert!(third.is_some(), "{mode:?}: {name}");
        }
        for number in 1..=5 {
            let (one, two) = tokio::join!(in_time(&context, ask(number)), in_time(&other, RunRequest::Full));
            one.unwrap();
            two.unwrap();
            assert_eq!(pooled.world.told().await, pooled.expected(number, 0), "{mode:?}");
            pooled.moves("CHIP-1").await;
        }
        pooled.check().await;
    }
}

/// The message that takes a snapshot then fails in the middle.
#[tokio::test]
async fn a_table_that_somebody_changes_is_waited_for_through_the_pool() {
    for mode in MODES {
        let Some(pooled) = Pooled::new(mode, SIZE).await else { return };
        pooled.moves("CHIP-1").await;
        let owner = pooled.world.telemetry.client().await;
        owner.batch_execute("BEGIN; LOCK TABLE telemetry.raw_telemetry").await.unwrap();
        let context = pooled.context();
        // One run gives up meanwhile, while its connection waits for the lock.
        let given_up =
            tokio::time::timeout(Duration::from_secs(1), in_time(&context, RunRequest::Incremental)).await;
        assert!(given_up.is_err(), "{mode:?}");
        let changing = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            owner.batch_execute("COMMIT").await.unwrap();
        };
        tokio::join!(pooled.run(RunRequest::Incremental), pooled.run(RunRequest::Full), changing);
        assert_eq!(pooled.world.told().await, pooled.expected(1, 0), "{mode:?}");
        pooled.check().await;
    }
}

#[tokio::test]
async fn schedulers_take_turns_through_the_pool() {
    for mode in MODES {
        let server = bionicpro_testing::postgres().url();
        let Some(pooler) = PgBouncer::start(&server, mode, SIZE) else { return };
        let world = World::new().await;
        let [crm, telemetry] = [&world.crm, &world.telemetry].map(|database| pooler.way_to(&database.url));
        let crm = CrmConfig { url: Some(crm), ..world.crm_config() };
        let telemetry = TelemetryConfig { url: Some(telemetry), ..world.telemetry_config() };
        take_turns(&world, &crm, &telemetry).await;
    }
}

#[tokio::test]
async fn a_pool_of_fewer_connections_than_a_run_would_use_is_read_with_fewer() {
    for mode in MODES {
        let Some(pooled) = Pooled::new(mode, 1).await else { return };
        pooled.moves("CHIP-1").await;
        pooled.run(RunRequest::Incremental).await;
        pooled.moves("CHIP-1").await;
        pooled.run(RunRequest::Full).await;
        assert_eq!(pooled.world.told().await, pooled.expected(2, 0), "{mode:?}");
        pooled.check().await;
    }
}

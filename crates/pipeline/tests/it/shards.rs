//! The mart over two shards: it returns what a single engine would, whatever moves and whichever shard is
//! unavailable.

use std::collections::BTreeSet;

use bionicpro_model::{Kind, SecretUrl};
use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::{PipelineConfig, RunRequest, RunSpec, run, steps};
use bionicpro_sources::ChangesConfig;
use bionicpro_testing::{End, Shards, TestWarehouse};
use bionicpro_warehouse::{Config, Warehouse, load};

use crate::oracle::{expected, found};
use crate::ways::Ways;
use crate::world::{World, id};

/// Movements of 40 chips in every hour of the range.
const MOVES: &str = "INSERT INTO telemetry.raw_telemetry (chip_id, event_time, response_time_ms)
    SELECT 'CHIP-' || 1 + g % 40, timestamp '2024-01-15' + g * interval '70 seconds', g % 300 FROM generate_series(0, 2000) AS g";

/// 38 more people with a prosthesis each, some on either shard.
const PEOPLE: &str = "
    INSERT INTO crm.customers (id, name, email, ldap_username)
    SELECT ('00000000-0000-0000-0001-' || lpad(g::text, 12, '0'))::uuid, 'P' || g, g || '@example.com', 'p' || g
    FROM generate_series(3, 40) AS g;
    INSERT INTO crm.prostheses (id, customer_id, model_id, chip_id)
    SELECT ('00000000-0000-0000-0002-' || lpad(g::text, 12, '0'))::uuid,
           ('00000000-0000-0000-0001-' || lpad(g::text, 12, '0'))::uuid,
           '00000000-0000-0000-0000-0000000000f1', 'CHIP-' || g
    FROM generate_series(3, 40) AS g;";

async fn company(warehouse: TestWarehouse) -> World {
    let world = World::of(warehouse).await;
    world.crm_sql(PEOPLE).await;
    world.telemetry_sql(MOVES).await;
    world
}

/// Returns the rows of a query on a single server.
async fn ask_at(world: &World, shards: &Shards, shard: usize, sql: &str) -> Vec<serde_json::Value> {
    TestWarehouse { url: shards.url(shard), ..world.warehouse.clone() }.ask(sql).await
}

async fn count_at(world: &World, shards: &Shards, shard: usize, from: &str) -> u64 {
    let rows = ask_at(world, shards, shard, &format!("SELECT toUInt32(count()) AS rows FROM {from}")).await;
    rows[0]["rows"].as_u64().unwrap()
}

/// Checks that each row is on its person's shard, that both shards have rows, and that every server has a
/// complete copy of the other tables.
async fn assert_sharded(world: &World, shards: &Shards) {
    for shard in [0, 1] {
        let own = "user_prosthesis_stats_local FINAL";
        assert!(count_at(world, shards, shard, own).await > 0, "shard {shard} has no rows");
        let strayed = format!("user_prosthesis_stats_local WHERE cityHash64(user_id) % 2 != {shard}");
        assert_eq!(count_at(world, shards, shard, &strayed).await, 0, "shard {shard}");
        assert_eq!(count_at(world, shards, shard, "load_rows_local").await, 0, "shard {shard}");
    }
    for table in [
        "users",
        "user_prostheses",
        "chip_owners",
        "loaded_ranges",
        "pending_owners",
        "marks",
        "compared_days",
        "etl_runs",
        "schema_migrations",
    ] {
        let whole = format!("SELECT * FROM (SELECT * EXCEPT at FROM {table} FINAL) ORDER BY ALL");
        let whole = match table {
            "users" | "user_prostheses" | "chip_owners" | "marks" => whole.replace(" EXCEPT at", ""),
            _ => whole,
        };
        let copies = (ask_at(world, shards, 0, &whole).await, ask_at(world, shards, 1, &whole).await);
        assert_eq!(copies.0, copies.1, "{table}");
    }
}

async fn assert_exact(world: &World, what: &str) {
    assert_eq!(found(world).await, expected(world).await, "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_a_tick_and_a_backfill_are_exact_on_two_shards() {
    let shards = Shards::shared().await;
    let world = company(shards.warehouse()).await;
    world.run().await.unwrap_or_else(|error| panic!("{}", error.report()));
    assert_exact(&world, "a range").await;
    assert_sharded(&world, shards).await;
    let ask = async |ask| {
        run(&world.context(), RunSpec { run: None, ask }, &Quiet)
            .await
            .unwrap_or_else(|error| panic!("{}", error.report()))
    };
    ask(RunRequest::Incremental).await;
    world.moves("('CHIP-1', '2024-01-15 08:00:01', 45, 80.5, NULL), ('CHIP-7', '2024-01-16 09:00:01', 4, 8.5, 'E')").await;
    ask(RunRequest::Incremental).await;
    assert_exact(&world, "a tick").await;
    world.telemetry_sql("DELETE FROM telemetry.raw_telemetry WHERE id % 97 = 5").await;
    world.crm_sql("UPDATE crm.customers SET name = 'Renamed' WHERE ldap_username LIKE 'p1%'").await;
    world.run().await.unwrap_or_else(|error| panic!("{}", error.report()));
    assert_exact(&world, "a backfill").await;
    assert_sharded(&world, shards).await;
    let servers = Warehouse::new(&world.warehouse_config()).unwrap().servers().await;
    let servers: Vec<_> = servers
        .into_iter()
        .map(|server| server.unwrap_or_else(|error| panic!("{}", error.report())))
        .collect();
    let told: Vec<_> = servers
        .iter()
        .map(|server| (server.shard, server.macros.as_str(), server.queued, server.strayed))
        .collect();
    assert_eq!(told, [(1, "replica=1, shard=1", 0, 0), (2, "replica=1, shard=2", 0, 0)]);
    // A migration has nothing more to do, and recognises the cluster.
    let again = Warehouse::new(&world.warehouse_config()).unwrap().migrate(false).await.unwrap();
    assert!(again.applied.is_empty(), "{again:?}");
}

/// Checks that each hour of a chip is there once, with all of its movements, regardless of the owner.
async fn assert_whole(world: &World, what: &str) {
    let cells = "SELECT concat_ws(' ', chip_id, to_char(event_time::timestamp, 'YYYY-MM-DD HH24'), count(*))
        FROM telemetry.raw_telemetry GROUP BY chip_id, to_char(event_time::timestamp, 'YYYY-MM-DD HH24')";
    let rows = world.telemetry.client().await.query(cells, &[]).await.unwrap();
    let mut expected: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let mut told: Vec<String> =
        world.told().await.iter().map(|row| row.split_once(' ').unwrap().1.to_owned()).collect();
    expected.sort();
    told.sort();
    assert_eq!(told, expected, "{what}");
}

/// Returns true if a person's rows are on the second shard.
async fn is_on_second(world: &World, person: &str) -> bool {
    let rows = world.ask(&format!("SELECT toUInt8(cityHash64(toUUID('{person}')) % 2) AS shard")).await;
    rows[0]["shard"] == 1
}

/// Reads the new owner's hours first, then the former owner's: an hour that the new owner already has must be
/// gone from the former one.
#[tokio::test(flavor = "multi_thread")]
async fn an_hour_that_moves_between_shards_is_never_at_both_owners() {
    let shards = Shards::shared().await;
    let world = company(shards.warehouse()).await;
    let ways = Ways::of(&world).await;
    let pipeline = PipelineConfig { retries: 0, ..PipelineConfig::default() };
    let context = ways.context(&world, ChangesConfig::Auto, &pipeline);
    world.run().await.unwrap_or_else(|error| panic!("{}", error.report()));
    let tick = || run(&context, RunSpec { run: None, ask: RunRequest::Incremental }, &Quiet);
    tick().await.unwrap_or_else(|error| panic!("{}", error.report()));
    let mut people = [Vec::new(), Vec::new()];
    for number in 3..=40 {
        let person = format!("00000000-0000-0000-0001-{number:012}");
        people[usize::from(is_on_second(&world, &person).await)].push((number, person));
    }
    let (mut looks, mut between) = (0, 0);
    let [first, second] = people;
    for (turn, (one, other)) in first.iter().zip(&second).take(2).enumerate() {
        // In both directions between the shards.
        let (from, to) = (turn % 2, 1 - turn % 2);
        let ((chip, _), (_, owner)) = if from == 0 { (one, other) } else { (other, one) };
        world
            .crm_sql(&format!(
                "UPDATE crm.prostheses SET customer_id = '{owner}', updated_at = '2024-01-15 06:00' WHERE chip_id = 'CHIP-{chip}'"
            ))
            .await;
        let own = format!(
            "SELECT DISTINCT hour FROM user_prosthesis_stats_local FINAL WHERE chip_id = 'CHIP-{chip}' AND hour >= '2024-01-15 06:00:00'"
        );
        let hours = async |shard| -> BTreeSet<String> {
            let rows = ask_at(&world, shards, shard, &own).await;
            rows.iter().map(|row| row["hour"].as_str().unwrap().to_owned()).collect()
        };
        let moved = hours(from).await;
        assert!(!moved.is_empty() && hours(to).await.is_empty(), "chip {chip}");
        // Requests to the first server are held back chunk by chunk, so that every intermediate state is
        // observed.
        let network = ways.network(2);
        network.stop_at(1, End::Silence);
        let mut ticking = std::pin::pin!(tick());
        loop {
            tokio::select! {
                ended = &mut ticking => {
                    ended.unwrap_or_else(|error| panic!("{}", error.report()));
                    break;
                }
                () = network.stopped() => {}
            }
            let (new, former) = (hours(to).await, hours(from).await);
            looks += 1;
            between += usize::from(new.is_empty() && former.is_empty());
            let both: Vec<&String> = new.intersection(&former).collect();
            assert!(both.is_empty(), "turn {turn}, chip {chip}: {both:?} are at both owners");
            network.stop_at(2, End::Silence);
        }
        network.go_on();
        assert_eq!((hours(to).await, hours(from).await), (moved, BTreeSet::new()), "chip {chip}");
    }
    println!("{looks} looks, {between} of them between both owners");
    assert!(between > 0, "of {looks} looks");
    assert_sharded(&world, shards).await;
}

/// A separate cluster whose second shard is killed before a run, and at various points of a load.
#[tokio::test(flavor = "multi_thread")]
async fn a_shard_that_is_away_or_killed_in_a_load_fails_the_run_and_the_next_one_repairs() {
    let mut shards = tokio::task::spawn_blocking(|| Shards::start(2)).await.unwrap();
    let world = company(shards.warehouse()).await;
    world.run().await.unwrap_or_else(|error| panic!("{}", error.report()));
    let warehouse = Warehouse::new(&world.warehouse_config()).unwrap();

    tokio::task::block_in_place(|| shards.kill(1));
    // No query returns the rows of the other shard as if they were all.
    let error = load::days(&warehouse).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable, "{}", error.report());
    let error = world.run().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable, "{}", error.report());
    let servers = warehouse.servers().await;
    assert!(servers[0].is_ok(), "{servers:?}");
    let away = servers[1].as_ref().unwrap_err();
    let address = shards.url(1).address();
    assert_eq!(
        (away.kind(), away.detail_text()),
        (Kind::Unreachable, Some(address.as_str())),
        "{}",
        away.report()
    );
    tokio::task::block_in_place(|| shards.start_again(1));
    world.run().await.unwrap_or_else(|error| panic!("{}", error.report()));
    assert_exact(&world, "a shard was away").await;

    let ways = Ways::of(&world).await;
    let pipeline = PipelineConfig { retries: 0, ..PipelineConfig::default() };
    let (mut failures, mut words) = (0, BTreeSet::new());
    for (step, piece) in (3_u64..).step_by(11).enumerate() {
        // Everything that a load writes differs: people, prostheses, owners, new rows and deleted ones.
        world
            .crm_sql(&format!(
                "UPDATE crm.customers SET name = 'Name {piece}';
                 UPDATE crm.prostheses SET customer_id = (
                     SELECT id FROM crm.customers WHERE ldap_username = 'p{}'
                 ) WHERE chip_id = 'CHIP-{}'",
                40 - step,
                3 + step
            ))
            .await;
        world.telemetry_sql(&format!("DELETE FROM telemetry.raw_telemetry WHERE id % 997 = {piece}")).await;
        let run = id(&format!("r{piece}"));
        world.stage_run(&run).await.unwrap_or_else(|error| panic!("{}", error.report()));
        let network = ways.network(2);
        network.stop_at(piece, End::Silence);
        let context = ways.context(&world, ChangesConfig::Auto, &pipeline);
        let mut loading = std::pin::pin!(steps::load(&context, &run, &Quiet));
        let ended = tokio::select! {
            ended = &mut loading => Some(ended),
            () = network.stopped() => None,
        };
        if let Some(ended) = ended {
            ended.unwrap_or_else(|error| panic!("{}", error.report()));
            break;
        }
        tokio::task::block_in_place(|| shards.kill(1));
        network.go_on();
        if let Err(error) = loading.await {
            assert_eq!(error.kind(), Kind::Unreachable, "at {piece}: {}", error.report());
            words.insert(error.to_string());
            failures += 1;
        }
        tokio::task::block_in_place(|| shards.start_again(1));
        world.load(&run).await.unwrap_or_else(|error| panic!("at {piece}: {}", error.report()));
        assert_whole(&world, &format!("at {piece}")).await;
    }
    println!("{failures} loads failed: {words:#?}");
    assert!(failures > 4, "{failures} loads failed");
    world.run().await.unwrap_or_else(|error| panic!("{}", error.report()));
    assert_sharded(&world, &shards).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_empty_gets_its_tables_and_a_backfill_its_rows() {
    let shards = Shards::shared().await;
    let world = company(shards.warehouse()).await;
    world.run().await.unwrap_or_else(|error| panic!("{}", error.report()));
    ask_at(&world, shards, 1, &format!("DROP DATABASE {}", world.warehouse.database)).await;
    let warehouse = Warehouse::new(&world.warehouse_config()).unwrap();
    assert_eq!(load::days(&warehouse).await.unwrap_err().kind(), Kind::Unreachable);
    let report = warehouse.migrate(false).await.unwrap_or_else(|error| panic!("{}", error.report()));
    assert_eq!(report.from_version, 0, "{report:?}");
    world.run().await.unwrap_or_else(|error| panic!("{}", error.report()));
    assert_exact(&world, "a server was empty").await;
    assert_sharded(&world, shards).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_are_not_one_for_each_shard_and_rows_of_another_shard_are_refused() {
    let shards = Shards::shared().await;
    let world = company(shards.warehouse()).await;
    let migrate = async |config: Config| Warehouse::new(&config).unwrap().migrate(false).await.unwrap_err();
    let first = shards.url(0).expose_secret().port().unwrap();
    let itself = SecretUrl::parse(&format!("http://127.0.0.1:{first}")).unwrap();
    let error = migrate(Config { hosts: vec![itself], ..world.warehouse_config() }).await;
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.to_string().contains("are the shards [1, 1] of 2"), "{}", error.report());
    let error = migrate(Config { cluster: Some("unknown".to_owned()), ..world.warehouse_config() }).await;
    assert_eq!(error.kind(), Kind::Config, "{}", error.report());

    world.run().await.unwrap_or_else(|error| panic!("{}", error.report()));
    let stray = "INSERT INTO user_prosthesis_stats_local SELECT * FROM user_prosthesis_stats
        WHERE cityHash64(user_id) % 2 = 0 LIMIT 1";
    ask_at(&world, shards, 1, stray).await;
    let error = migrate(world.warehouse_config()).await;
    assert_eq!(error.kind(), Kind::Data);
    assert!(error.report().contains("1 rows of reports_"), "{}", error.report());
    let servers = Warehouse::new(&world.warehouse_config()).unwrap().servers().await;
    assert_eq!(servers.into_iter().map(|server| server.unwrap().strayed).collect::<Vec<_>>(), [0, 1]);
    // A load that hides that row finds that it is still visible.
    world.telemetry_sql("TRUNCATE telemetry.raw_telemetry").await;
    let context = world.context().confirming_vanished(u64::MAX);
    let ask = RunRequest::Range(crate::world::days());
    let error = run(&context, RunSpec { run: None, ask }, &Quiet).await.unwrap_err();
    assert_eq!(error.message(), "rows that a load hides are still shown", "{}", error.report());
}

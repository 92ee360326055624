//! Networks that are slow, break, or stop responding: a run ends with the right outcome, and the next one is
//! exact.

use std::pin::Pin;
use std::time::{Duration, Instant};

use bionicpro_model::{Kind, Result, SecretUrl};
use bionicpro_pipeline::backfill::plan;
use bionicpro_pipeline::compare::outstanding;
use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::verify::{Verify, verify};
use bionicpro_pipeline::{
    Backfill, PipelineConfig, PipelineContext, RunReport, RunRequest, RunSpec, run, steps,
};
use bionicpro_sources::ChangesConfig;
use bionicpro_testing::{End, Weather};

use crate::oracle::{expected, found};
use crate::ways::{NAMES, Ways};
use crate::world::{IVAN, World, days, id};

/// Rows in every hour of the range, so that each connection carries many chunks.
const MOVES: &str = "INSERT INTO telemetry.raw_telemetry (chip_id, event_time, response_time_ms)
    SELECT 'CHIP-' || 1 + g % 50, timestamp '2024-01-15' + g * interval '70 seconds', g % 300 FROM generate_series(0, 2000) AS g";

/// Runs the range without retries.
async fn try_range(context: &PipelineContext) -> Result<RunReport> {
    run(context, RunSpec { run: None, ask: RunRequest::Range(days()) }, &Quiet).await
}

/// Creates a company with telemetry, and proxied connections to it.
async fn company() -> (World, Ways) {
    let world = World::new().await;
    world.telemetry_sql(MOVES).await;
    let ways = Ways::of(&world).await;
    (world, ways)
}

/// Returns a context over the proxied connections, without retries.
fn once(world: &World, ways: &Ways) -> PipelineContext {
    impatient(world, ways, PipelineConfig::default().step_timeout_s)
}

fn impatient(world: &World, ways: &Ways, step_timeout_s: u64) -> PipelineContext {
    let pipeline = PipelineConfig { retries: 0, step_timeout_s, ..PipelineConfig::default() };
    ways.context(world, ChangesConfig::Auto, &pipeline)
}

async fn assert_exact(world: &World, what: &str) {
    assert_eq!(found(world).await, expected(world).await, "{what}");
}

#[tokio::test]
async fn a_network_that_is_slow_or_carries_single_bytes_changes_no_result() {
    let (world, ways) = company().await;
    let context = once(&world, &ways);
    for (way, name) in NAMES.iter().enumerate() {
        for weather in
            [Weather::Latency(Duration::from_millis(10)), Weather::Slices(1), Weather::Bandwidth(200_000)]
        {
            world
                .telemetry_sql("DELETE FROM telemetry.raw_telemetry WHERE id = (SELECT max(id) FROM telemetry.raw_telemetry)")
                .await;
            ways.network(way).weather(weather);
            try_range(&context).await.unwrap_or_else(|error| panic!("{weather:?}: {}", error.report()));
            assert_exact(&world, &format!("{weather:?} before {name}")).await;
        }
        ways.network(way).weather(Weather::Clear);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_anywhere_is_unreachable_and_the_next_run_is_exact() {
    let (world, ways) = company().await;
    for (way, name) in NAMES.iter().enumerate() {
        let mut broken = 0;
        for (at, piece) in [1, 2, 5, 11, 23, 37, 61, 89].into_iter().enumerate() {
            let end = [End::Close, End::Reset][at % 2];
            world.telemetry_sql("DELETE FROM telemetry.raw_telemetry WHERE id % 97 = 5").await;
            world.telemetry_sql(&MOVES.replace("2000)", "20)")).await;
            ways.network(way).stop_at(piece, end);
            let outcome = try_range(&once(&world, &ways)).await;
            ways.network(way).go_on();
            if let Err(error) = outcome {
                let what = format!("{end:?} of {name} at {piece}: {}", error.report());
                assert_eq!(error.kind(), Kind::Unreachable, "{what}");
                broken += 1;
            }
        }
        assert!(broken >= 3, "{broken} of the runs lost {name}");
        try_range(&once(&world, &ways)).await.unwrap_or_else(|error| panic!("{}", error.report()));
        assert_exact(&world, name).await;
    }
}

#[tokio::test]
async fn a_database_that_falls_silent_costs_a_step_its_time_and_nothing_else() {
    let (world, ways) = company().await;
    for (way, name) in NAMES.iter().enumerate() {
        for piece in [1, 12] {
            ways.network(way).stop_at(piece, End::Silence);
            let began = Instant::now();
            let error = try_range(&impatient(&world, &ways, 1)).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Unreachable, "{name} at {piece}: {}", error.report());
            // A few times one second, and five seconds for the ledger; the machine may be busy.
            assert!(began.elapsed() < Duration::from_secs(120), "{name} at {piece}: {:?}", began.elapsed());
            ways.network(way).reset();
        }
        try_range(&once(&world, &ways)).await.unwrap_or_else(|error| panic!("{}", error.report()));
        assert_exact(&world, name).await;
    }
}

/// Covers the ledger write at the end of the step too, after its work.
#[tokio::test]
async fn a_ledger_that_falls_silent_costs_a_step_its_time() {
    let (world, ways) = company().await;
    let run = id("r1");
    let context = impatient(&world, &ways, 1);
    let mut silences = 0;
    for piece in 1.. {
        ways.network(2).stop_at(piece, End::Silence);
        let step = steps::extract_crm(&context, &run, &Quiet);
        let outcome = tokio::time::timeout(Duration::from_secs(30), step).await;
        ways.network(2).reset();
        match outcome.unwrap_or_else(|_| panic!("silent at {piece}: the step goes on")) {
            Ok(_) => break,
            Err(error) => assert_eq!(error.kind(), Kind::Unreachable, "{piece}: {}", error.report()),
        }
        silences += 1;
    }
    assert!(silences >= 3, "{silences} of the steps met a silent ledger");
}

/// Covers what is not a step of a run: the plan of a backfill, and comparisons.
#[tokio::test]
async fn a_source_that_falls_silent_costs_a_plan_and_a_comparison_the_time_of_a_step() {
    let (world, ways) = company().await;
    let context = impatient(&world, &ways, 1);
    try_range(&once(&world, &ways)).await.unwrap_or_else(|error| panic!("{}", error.report()));
    let backfill = Backfill { run: id("b1"), range: days(), source_share: 100 };
    let spec = Verify { run: id("v1"), range: days(), repair: false };
    for way in [0, 1] {
        for piece in [1, 3, 9] {
            let network = ways.network(way);
            let silent = async |work: &str, doing: Pin<Box<dyn Future<Output = Result<()>> + '_>>| {
                network.stop_at(piece, End::Silence);
                let outcome = tokio::time::timeout(Duration::from_secs(30), doing).await;
                network.reset();
                let what = format!("{work}, {} silent at {piece}", NAMES[way]);
                match outcome.unwrap_or_else(|_| panic!("{what}: it goes on")) {
                    Err(error) => assert_eq!(error.kind(), Kind::Unreachable, "{what}: {}", error.report()),
                    // It ended before that chunk, or does not read the CRM.
                    Ok(()) => assert!(piece > 1 || (way == 0 && work != "verify"), "{what}"),
                }
            };
            silent("plan", Box::pin(async { plan(&context, &backfill).await.map(drop) })).await;
            silent("verify", Box::pin(async { verify(&context, &spec, &Quiet).await.map(drop) })).await;
            silent("compare", Box::pin(async { outstanding(&context).await.map(drop) })).await;
        }
    }
}

#[tokio::test]
async fn a_source_that_breaks_anywhere_leaves_no_file() {
    let (world, ways) = company().await;
    let mut breaks = 0;
    for piece in [1, 3, 9, 20, 35, 60, 90, 1_000_000] {
        ways.network(1).stop_at(piece, End::Reset);
        let outcome =
            steps::extract_telemetry(&once(&world, &ways), &id("r1"), RunRequest::Range(days()), &Quiet)
                .await;
        let manifest = world.stage.path().join("r1/telemetry.parquet.manifest.json");
        match outcome {
            Ok(report) => assert_eq!((report.counts["rows"], manifest.exists()), (2_001, true)),
            Err(error) => {
                let told = (error.kind(), manifest.exists());
                assert_eq!(told, (Kind::Unreachable, false), "{piece}: {}", error.report());
                breaks += 1;
            }
        }
    }
    assert!((4..8).contains(&breaks), "{breaks} of the extractions broke");
}

/// Covers the dimensions too, which are three inserts: the load finds some of them stored by its own earlier
/// attempt.
#[tokio::test]
async fn a_load_that_is_dropped_somewhere_is_done_by_the_next_call() {
    let (world, ways) = company().await;
    try_range(&once(&world, &ways)).await.unwrap_or_else(|error| panic!("{}", error.report()));
    let mut drops = 0;
    for piece in (1_u64..).step_by(3) {
        // Everything that a load writes differs: people, prostheses, owners, new rows and deleted ones.
        world
            .crm_sql(&format!(
                "UPDATE crm.customers SET name = 'Name {piece}';
                 INSERT INTO crm.prostheses (customer_id, model_id, chip_id)
                 VALUES ('{IVAN}', '00000000-0000-0000-0000-0000000000f1', 'CHIP-{}')",
                piece + 2
            ))
            .await;
        world.telemetry_sql(&format!("DELETE FROM telemetry.raw_telemetry WHERE id % 997 = {piece}")).await;
        let run = id(&format!("r{piece}"));
        world.stage_run(&run).await.unwrap_or_else(|error| panic!("{}", error.report()));
        let network = ways.network(2);
        network.stop_at(piece, End::Silence);
        let context = once(&world, &ways);
        let was_dropped = tokio::select! {
            ended = steps::load(&context, &run, &Quiet) => {
                ended.unwrap_or_else(|error| panic!("{}", error.report()));
                false
            }
            () = network.stopped() => true,
        };
        network.reset();
        world.load(&run).await.unwrap_or_else(|error| panic!("at {piece}: {}", error.report()));
        if !was_dropped {
            break;
        }
        drops += 1;
    }
    assert!(drops > 12, "{drops} loads were dropped");
    assert_exact(&world, "after all").await;
}

#[tokio::test]
async fn a_warehouse_that_is_down_is_unreachable_and_costs_nothing() {
    let world = World::new().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut warehouse = world.warehouse_config();
    warehouse.url = Some(SecretUrl::parse(&format!("http://u:p@127.0.0.1:{free}")).unwrap());
    let context = world.context_with(&world.crm_config(), &world.telemetry_config(), &warehouse);
    let error = try_range(&context).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable, "{}", error.report());
    assert_eq!(std::fs::read_dir(world.stage.path()).unwrap().count(), 0);
}

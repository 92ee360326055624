//! Connections that break in the middle.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bionicpro_model::{Kind, SecretUrl};
use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::{Ask, RunSpec, run, steps};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{World, days, id};

/// A proxy that closes every connection once so many bytes have passed in either direction.
async fn cutting_proxy(target: SocketAddr, budget: u64) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let left = Arc::new(AtomicU64::new(budget));
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let Ok(far) = TcpStream::connect(target).await else { continue };
            let left = left.clone();
            tokio::spawn(async move {
                let ((mut near_in, mut near_out), (mut far_in, mut far_out)) =
                    (near.into_split(), far.into_split());
                tokio::select! {
                    () = pass(&mut near_in, &mut far_out, &left) => {}
                    () = pass(&mut far_in, &mut near_out, &left) => {}
                }
            });
        }
    });
    port
}

async fn pass(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    left: &AtomicU64,
) {
    let mut piece = [0; 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let length = length as u64;
        let spent = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(length));
        if spent.is_err() || to.write_all(&piece[..usize::try_from(length).unwrap()]).await.is_err() {
            return;
        }
    }
}

async fn through(url: &SecretUrl, budget: u64) -> SecretUrl {
    let mut url = url.expose_secret().clone();
    let target = format!("127.0.0.1:{}", url.port().unwrap()).parse().unwrap();
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(cutting_proxy(target, budget).await)).unwrap();
    SecretUrl::parse(url.as_str()).unwrap()
}

#[tokio::test]
async fn a_source_that_is_cut_at_any_point_leaves_no_file_and_nothing_lost() {
    let world = World::new().await;
    world
        .telemetry_sql(
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time, response_time_ms) SELECT 'CHIP-' || g % 50, \
             timestamp '2024-01-15' + g * interval '7 seconds', g FROM generate_series(0, 20000) AS g",
        )
        .await;
    let mut cuts = 0;
    for budget in [0, 100, 1_000, 3_000, 6_000, 10_000, 20_000, 50_000, 90_000, 100_000_000] {
        let mut telemetry = world.telemetry_config();
        telemetry.url = Some(through(&world.telemetry.url, budget).await);
        let context = world.context_with(&world.crm_config(), &telemetry, &world.warehouse_config());
        let outcome = steps::extract_telemetry(&context, &id("r1"), Ask::Range(days()), &Quiet).await;
        let manifest = world.stage.path().join("r1/telemetry.parquet.manifest.json");
        match outcome {
            Ok(report) => assert_eq!((report.counts["rows"], manifest.exists()), (20_001, true)),
            Err(error) => {
                assert_eq!(
                    (error.kind(), manifest.exists()),
                    (Kind::Unreachable, false),
                    "{budget}: {}",
                    error.report()
                );
                cuts += 1;
            }
        }
    }
    assert!((5..10).contains(&cuts), "{cuts} of the connections were cut");
}

#[tokio::test]
async fn a_warehouse_that_goes_away_during_the_load_is_loaded_by_the_next_try() {
    let world = World::new().await;
    world
        .telemetry_sql(
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time, response_time_ms) SELECT 'CHIP-' || 1 + g % 2, \
             timestamp '2024-01-15' + g * interval '7 seconds', g FROM generate_series(0, 20000) AS g",
        )
        .await;
    world.stage_run(&id("r1")).await.unwrap();
    let mut cuts = 0;
    for budget in [0, 2_000, 4_000, 8_000, 12_000, 16_000, 20_000, 24_000, 1_000_000] {
        let mut warehouse = world.warehouse_config();
        warehouse.url = Some(through(&world.warehouse.url, budget).await);
        let context = world.context_with(&world.crm_config(), &world.telemetry_config(), &warehouse);
        if let Err(error) = steps::load(&context, &id("r1"), &Quiet).await {
            assert_eq!(error.kind(), Kind::Unreachable, "{budget}: {}", error.report());
            cuts += 1;
        }
    }
    assert!((4..9).contains(&cuts), "{cuts} of the loads were cut");
    world.load(&id("r1")).await.unwrap();
    let totals =
        world.ask("SELECT toUInt32(sum(movements_count)) AS moves FROM user_prosthesis_stats FINAL").await;
    assert_eq!(totals[0]["moves"], 20_001);
}

#[tokio::test]
async fn a_warehouse_that_is_down_is_unreachable_and_costs_nothing() {
    let world = World::new().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut warehouse = world.warehouse_config();
    warehouse.url = Some(SecretUrl::parse(&format!("http://u:p@127.0.0.1:{free}")).unwrap());
    let context = world.context_with(&world.crm_config(), &world.telemetry_config(), &warehouse);
    let error = run(&context, RunSpec { run: None, ask: Ask::Range(days()) }, &Quiet).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable, "{}", error.report());
    assert_eq!(std::fs::read_dir(world.stage.path()).unwrap().count(), 0);
}

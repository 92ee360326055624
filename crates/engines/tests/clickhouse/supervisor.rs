//! The engine's process: one per folder, restarted when it dies, gone when the warehouse is.

use bionicpro_engines::clickhouse::Endpoint;
use bionicpro_engines::config::WarehouseServeConfig;
use bionicpro_model::Kind;
use bionicpro_warehouse::access::{LOADER, embedded_accounts};

use crate::harness::Served;

fn kill(pid: u32) {
    let status = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
    assert!(status.success());
}

#[tokio::test]
async fn a_killed_engine_comes_back_with_every_row() {
    let served = Served::fresh(WarehouseServeConfig::default());
    served.run("CREATE TABLE kept (a UInt64) ENGINE = MergeTree ORDER BY a").await;
    for round in 1..=3 {
        served.run(&format!("INSERT INTO kept SELECT number FROM numbers({round}000)")).await;
        let engines = served.engines();
        assert_eq!(engines.len(), 1);
        kill(engines[0]);
        // A request meanwhile is answered, or refused for the moment.
        let meanwhile = served.post(&[]).body("SELECT 1").send().await.unwrap();
        assert!([200, 502, 503].contains(&meanwhile.status().as_u16()), "{}", meanwhile.status());
        let rows = (1..=round).map(|round| round * 1000).sum::<u64>();
        served.wait_for("SELECT count() FROM kept", &rows.to_string()).await;
        assert_ne!(served.engines(), engines);
    }
}

#[tokio::test]
async fn an_engine_that_dies_again_and_again_is_given_up() {
    let mut served = Served::fresh(WarehouseServeConfig::default());
    let thread = served.thread.take().unwrap();
    while !thread.is_finished() {
        for pid in served.engines() {
            kill(pid);
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let error = thread.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(served.engines().is_empty());
}

#[tokio::test]
async fn a_stop_leaves_no_process_and_a_start_finds_rows_and_passwords() {
    let served = Served::fresh(WarehouseServeConfig::default());
    served.run("CREATE TABLE kept (a UInt64) ENGINE = MergeTree ORDER BY a").await;
    served.run("INSERT INTO kept SELECT number FROM numbers(1000)").await;
    let password = served.password(LOADER);
    let pid = served.engines()[0];
    let (dir, ended) = tokio::task::spawn_blocking(|| served.end()).await.unwrap();
    ended.unwrap();
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    let served = tokio::task::spawn_blocking(|| Served::on(dir, WarehouseServeConfig::default()).unwrap())
        .await
        .unwrap();
    assert_eq!(served.password(LOADER), password);
    assert_eq!(served.run("SELECT count() FROM kept").await, "1000\n");
}

#[tokio::test]
async fn what_is_wrong_is_said_before_anything_is_served() {
    let served = Served::fresh(WarehouseServeConfig::default());
    let port = served.url.rsplit(':').next().unwrap().trim_end_matches('/').parse::<u16>().unwrap();
    let open = async |config: WarehouseServeConfig| {
        let packages = bionicpro_testing::packages();
        let accounts = embedded_accounts(&bionicpro_warehouse::Config::default()).unwrap();
        Endpoint::open(&packages, config, accounts).await.unwrap_err()
    };
    let free = ([127, 0, 0, 1], 0).into();
    let elsewhere = tempfile::tempdir().unwrap();
    let other = |name: &str| elsewhere.path().join(name);
    let folder =
        WarehouseServeConfig { data: served.data(), listen: free, ..WarehouseServeConfig::default() };
    let in_use = open(folder).await;
    assert!(in_use.report().contains(&std::process::id().to_string()), "{}", in_use.report());
    let taken = WarehouseServeConfig {
        data: other("a"),
        listen: ([127, 0, 0, 1], port).into(),
        ..WarehouseServeConfig::default()
    };
    assert!(open(taken).await.report().contains("--listen"));
    let native = WarehouseServeConfig {
        data: other("b"),
        listen: free,
        native_listen: Some(([127, 0, 0, 1], port).into()),
        ..WarehouseServeConfig::default()
    };
    let native = open(native).await;
    assert!(native.report().contains("native_listen"), "{}", native.report());
    let open_native = WarehouseServeConfig {
        data: other("c"),
        listen: free,
        native_listen: Some(([0, 0, 0, 0], 9000).into()),
        ..WarehouseServeConfig::default()
    };
    assert_eq!(open(open_native).await.kind(), Kind::Config);
    std::fs::write(other("d"), "").unwrap();
    let file = WarehouseServeConfig { data: other("d"), listen: free, ..WarehouseServeConfig::default() };
    assert_eq!(open(file).await.kind(), Kind::Storage);
    std::fs::create_dir(other("e")).unwrap();
    std::fs::write(other("e").join("password"), "\n").unwrap();
    let empty = WarehouseServeConfig { data: other("e"), listen: free, ..WarehouseServeConfig::default() };
    let empty = open(empty).await;
    assert!(empty.report().contains("password"), "{}", empty.report());
    std::fs::create_dir(other("f")).unwrap();
    std::fs::write(other("f").join("ENGINE"), "99.1.2\n").unwrap();
    let newer = WarehouseServeConfig { data: other("f"), listen: free, ..WarehouseServeConfig::default() };
    let newer = open(newer).await;
    assert!(newer.report().contains("a newer ClickHouse engine"), "{}", newer.report());
}

#[tokio::test]
async fn the_native_port_is_open_when_the_configuration_says_so() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let served = Served::fresh(WarehouseServeConfig {
        native_listen: Some(([127, 0, 0, 1], port).into()),
        ..WarehouseServeConfig::default()
    });
    tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    assert_eq!(served.run("SELECT 1").await, "1\n");
}

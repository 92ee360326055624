//! A live fleet: rows arrive on time and late, the database may become unreachable, and Ctrl-C loses nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::time::{Duration, Instant};

use bionicpro_engines::postgres::{Postgres, PostgresOptions};
use bionicpro_model::{Kind, SecretUrl};
use bionicpro_simulator::{LiveOptions, Lived, live, schema};
use bionicpro_testing::postgres;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

type Running = (oneshot::Sender<()>, JoinHandle<bionicpro_model::Result<Lived>>);

fn start(crm: &SecretUrl, telemetry: &SecretUrl, rate: f64) -> Running {
    let (stop, stopped) = oneshot::channel();
    let (crm, telemetry) = (crm.clone(), telemetry.clone());
    let task = tokio::spawn(async move {
        live(&crm, &telemetry, &LiveOptions { rate, seed: 1 }, async {
            let _ = stopped.await;
        })
        .await
    });
    (stop, task)
}

async fn count(client: &tokio_postgres::Client) -> i64 {
    client.query_one("SELECT count(*) FROM telemetry.raw_telemetry", &[]).await.unwrap().get(0)
}

async fn wait_for_more_than(client: &tokio_postgres::Client, rows: i64) {
    let start = Instant::now();
    while count(client).await <= rows {
        assert!(start.elapsed() < Duration::from_secs(30), "no more than {rows} rows");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn every_confirmed_row_is_there_after_a_stop_and_some_came_late() {
    let (crm, telemetry) = (postgres().crm().await, postgres().telemetry().await);
    let client = telemetry.client().await;
    let (stop, task) = start(&crm.url, &telemetry.url, 2_000.0);
    wait_for_more_than(&client, 3_000).await;
    // A reader that relies on the newest created_at: the rows it has seen, and those it should have seen,
    // counted later.
    let newest = "SELECT count(*), max(created_at)::text FROM telemetry.raw_telemetry";
    let row = client.query_one(newest, &[]).await.unwrap();
    let (seen, mark): (i64, String) = (row.get(0), row.get(1));
    stop.send(()).unwrap();
    let lived = task.await.unwrap().unwrap();
    assert_eq!(count(&client).await.unsigned_abs(), lived.movements);
    let now = client
        .query_one(&format!("SELECT count(*) FROM telemetry.raw_telemetry WHERE created_at <= '{mark}'"), &[])
        .await
        .unwrap();
    assert!(now.get::<_, i64>(0) > seen, "transactions committed late");
    let disorder = "SELECT count(*) FROM (SELECT event_time < lag(event_time) OVER (ORDER BY id) AS back \
                    FROM telemetry.raw_telemetry) t WHERE back";
    assert!(client.query_one(disorder, &[]).await.unwrap().get::<_, i64>(0) > 100);
    let open =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start < now()";
    assert_eq!(client.query_one(open, &[]).await.unwrap().get::<_, i64>(0), 0, "nothing is left open");
}

#[tokio::test]
async fn a_restarted_database_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let options = PostgresOptions { durable: false, ..PostgresOptions::new(folder.path()) };
    let server = Postgres::start(&bionicpro_testing::packages(), options.clone()).await.unwrap();
    let (port, url) = (server.port(), server.url("postgres"));
    schema::apply(&url, &url, schema::Layout::Plain).await.unwrap();
    let (stop, task) = start(&url, &url, 200.0);
    wait_for_more_than(&connect(&url).await, 20).await;
    server.stop().await.unwrap();

    let again = PostgresOptions { port: Some(port), ..options };
    let server = Postgres::start(&bionicpro_testing::packages(), again).await.unwrap();
    let client = connect(&url).await;
    let before = count(&client).await;
    wait_for_more_than(&client, before + 20).await;
    stop.send(()).unwrap();
    let lived = task.await.unwrap().unwrap();
    assert!(lived.reconnects > 0);
    drop(client);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_missing_table_a_wrong_password_and_a_wrong_rate_are_not_retried() {
    let (crm, empty) = (postgres().crm().await, postgres().database().await);
    let (_stop, task) = start(&crm.url, &empty.url, 50.0);
    assert_eq!(task.await.unwrap().unwrap_err().kind(), Kind::Data);
    let wrong = empty.url.with_password(&bionicpro_model::Secret::new("guess")).unwrap();
    let (_stop, task) = start(&crm.url, &wrong, 50.0);
    assert_eq!(task.await.unwrap().unwrap_err().kind(), Kind::Config);
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let (_stop, task) = start(&crm.url, &empty.url, rate);
        assert_eq!(task.await.unwrap().unwrap_err().kind(), Kind::Usage, "{rate}");
    }
}

async fn connect(url: &SecretUrl) -> tokio_postgres::Client {
    let (client, connection) =
        tokio_postgres::connect(url.expose_secret().as_str(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

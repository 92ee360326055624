//! The embedded PostgreSQL on its real files: starts, stops, kills, wrong data directories.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bionicpro_engines::Packages;
use bionicpro_engines::postgres::{Postgres, PostgresOptions};
use bionicpro_model::{Kind, SecretUrl};
use std::io::{BufRead, BufReader};
use tokio_postgres::NoTls;

/// Set for [`holder`], which is this test program, started a second time.
const HOLD: &str = "BIONICPRO_TEST_HOLD";

fn packages() -> Packages {
    Packages::find(std::env::var_os("BIONICPRO_ENGINES_DIR").map(PathBuf::from).as_deref()).unwrap()
}

fn throw_away(data: &Path) -> PostgresOptions {
    PostgresOptions { durable: false, ..PostgresOptions::new(data) }
}

async fn run(url: &SecretUrl, sql: &str) -> Vec<String> {
    let (client, connection) = tokio_postgres::connect(url.expose_secret().as_str(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let messages = client.simple_query(sql).await.unwrap();
    messages
        .iter()
        .filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("null").to_owned()),
            _ => None,
        })
        .collect()
}

fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

fn wait_until(what: &str, deadline: Duration, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < deadline, "{what}: not within {deadline:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Not a test itself: a program that starts a server and is then killed by the tests below.
#[tokio::test]
#[ignore = "started by other tests"]
async fn holder() {
    let Some(data) = std::env::var_os(HOLD) else { return };
    // As an ordinary worker thread would: it ends long before the program does.
    let start = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Postgres::start(&packages(), PostgresOptions::new(Path::new(&data)))).unwrap()
    });
    let server = start.join().unwrap();
    println!("\nholds {} {}", server.pid().unwrap(), server.url("postgres").expose_secret());
    std::future::pending::<()>().await;
}

/// Another process that runs a server on `data`, the server's process id and its address.
fn hold(data: &Path) -> (std::process::Child, u32, SecretUrl) {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "holder", "--ignored", "--nocapture", "--quiet"])
        .env(HOLD, data)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let line =
        lines.map_while(Result::ok).find(|line| line.starts_with("holds ")).expect("the holder starts");
    let mut words = line.split(' ').skip(1);
    let pid = words.next().unwrap().parse().unwrap();
    (process, pid, SecretUrl::parse(words.next().unwrap()).unwrap())
}

#[tokio::test]
async fn a_restart_keeps_the_data_the_password_and_the_privacy() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("a folder with a space, and 'quotes'");
    let server = Postgres::start(&packages(), PostgresOptions::new(&data)).await.unwrap();
    server.create_database("crm_db").await.unwrap();
    server.create_database("crm_db").await.unwrap();
    let first = server.url("crm_db");
    run(&first, "CREATE TABLE kept (id int); INSERT INTO kept VALUES (42)").await;
    let pid = server.pid().unwrap();
    server.stop().await.unwrap();
    assert!(!is_alive(pid));

    let mode =
        std::os::unix::fs::PermissionsExt::mode(&data.join("password").metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let log = std::fs::read_to_string(data.join("postgres.log")).unwrap();
    assert!(log.contains("database system is shut down"), "{log}");

    let server = Postgres::start(&packages(), PostgresOptions::new(&data)).await.unwrap();
    let second = server.url("crm_db");
    assert_eq!(first.expose_secret().password(), second.expose_secret().password());
    assert_eq!(run(&second, "SELECT id FROM kept").await, ["42"]);
    let facts = "SELECT concat_ws(' ', current_setting('server_encoding'), current_setting('listen_addresses'), \
                 current_setting('TimeZone'), (SELECT datlocale FROM pg_database WHERE datname = 'crm_db'))";
    assert_eq!(run(&second, facts).await, ["UTF8 127.0.0.1 UTC C.UTF-8"]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(&packages(), throw_away(folder.path())).await.unwrap();
    let url = server.url("postgres").with_password(&bionicpro_model::Secret::new("guess")).unwrap();
    let error = tokio_postgres::connect(url.expose_secret().as_str(), NoTls).await.err().unwrap();
    assert_eq!(error.code().unwrap().code(), "28P01");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_program_takes_its_server_along_and_the_next_start_has_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let (mut holder, server_pid, url) = hold(folder.path());
    run(&url, "CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)").await;
    holder.kill().unwrap();
    holder.wait().unwrap();
    wait_until("the server ends with its program", Duration::from_secs(5), || !is_alive(server_pid));

    let server = Postgres::start(&packages(), PostgresOptions::new(folder.path())).await.unwrap();
    assert_eq!(run(&server.url("postgres"), "SELECT id FROM kept").await, ["7"]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_start_right_after_the_kill_waits_for_the_former_server() {
    let folder = tempfile::tempdir().unwrap();
    let (mut holder, _, _) = hold(folder.path());
    holder.kill().unwrap();
    holder.wait().unwrap();
    let server = Postgres::start(&packages(), throw_away(folder.path())).await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_server_leaves_a_pid_file_that_does_not_hinder_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(&packages(), PostgresOptions::new(folder.path())).await.unwrap();
    let pid = server.pid().unwrap();
    run(&server.url("postgres"), "CREATE TABLE kept (id int)").await;
    assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
    let error = server.failed().await;
    assert_eq!(error.kind(), Kind::Unreachable);
    drop(server);
    let pid_file = folder.path().join("cluster/postmaster.pid");
    assert!(pid_file.exists());

    // Worse: another program has got the process id by now.
    let text = std::fs::read_to_string(&pid_file).unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    std::fs::write(&pid_file, format!("{}\n{rest}", std::process::id())).unwrap();
    let server = Postgres::start(&packages(), PostgresOptions::new(folder.path())).await.unwrap();
    assert_eq!(run(&server.url("postgres"), "SELECT count(*) FROM kept").await, ["0"]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_start_says_who_holds_the_data_directory() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(&packages(), throw_away(folder.path())).await.unwrap();
    let error = Postgres::start(&packages(), throw_away(folder.path())).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert!(
        error.report().contains(&format!("held by process {}", std::process::id())),
        "{}",
        error.report()
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let options = PostgresOptions { port: Some(port), ..throw_away(folder.path()) };
    let error = Postgres::start(&packages(), options).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.report().contains(&format!("127.0.0.1:{port}")), "{}", error.report());
}

#[tokio::test]
async fn a_data_directory_of_another_major_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    Postgres::start(&packages(), throw_away(folder.path())).await.unwrap().stop().await.unwrap();
    std::fs::write(folder.path().join("cluster/PG_VERSION"), "17\n").unwrap();
    let error = Postgres::start(&packages(), throw_away(folder.path())).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Data);
    assert!(error.report().contains("version 17, not 18"), "{}", error.report());
}

#[tokio::test]
async fn an_interrupted_first_start_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("cluster.new")).unwrap();
    std::fs::write(folder.path().join("cluster.new/half"), "").unwrap();
    Postgres::start(&packages(), throw_away(folder.path())).await.unwrap().stop().await.unwrap();
    assert!(!folder.path().join("cluster.new").exists());
}

#[tokio::test]
async fn a_setting_that_the_server_refuses_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let settings = vec![("shared_buffers".to_owned(), "many".to_owned())];
    let options = PostgresOptions { settings, ..throw_away(folder.path()) };
    let error = Postgres::start(&packages(), options).await.unwrap_err();
    assert!(error.report().contains("shared_buffers"), "{}", error.report());
}

//! A warehouse that stops responding, as a frozen or a dead process does, and comes back: the responses of
//! the Reports API meanwhile, and their latency. Both are processes of their own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails by a panic")]
#![allow(clippy::print_stdout, reason = "the output shows the latencies")]

#[path = "crashes/engine.rs"]
mod engine;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bionicpro_auth::testing::KeyServer;
use futures_util::future::join_all;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use crate::engine::Engine;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_bionicpro");

/// Concurrent requests.
const CROWD: usize = 50;
/// The time limit for the responses to a crowd that arrives before the outage is noticed. A single request
/// may take ten seconds.
const NOTICED_WITHIN: Duration = Duration::from_secs(6);
/// The time limit for the responses to a later crowd, on a busy machine.
const REFUSED_WITHIN: Duration = Duration::from_secs(1);
/// The time limit until reports are available again; half a second of it is the interval between two pings.
const BACK_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn h24_a_frozen_or_dead_warehouse_is_noticed_once_refused_at_once_and_found_again() {
    let mut engine = Engine::start().await;
    let site = Site::start(&engine).await;
    assert_eq!(site.crowd().await, [200; CROWD], "before");

    engine.signal("STOP");
    site.is_refused("frozen").await;
    engine.signal("CONT");
    site.is_back("thawed").await;

    engine.kill().await;
    site.is_refused("dead").await;
    engine.start_again().await;
    site.is_back("started again").await;
}

impl Engine {
    fn signal(&self, name: &str) {
        let pid = self.child.id().unwrap().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &pid]).status();
        assert!(status.unwrap().success());
    }
}

/// The Reports API on the engine, and an issuer of tokens for it.
struct Site {
    address: String,
    http: reqwest::Client,
    issuer: KeyServer,
    _folder: tempfile::TempDir,
    _server: Child,
}

impl Site {
    async fn start(engine: &Engine) -> Self {
        let (folder, issuer) = (tempfile::tempdir().unwrap(), KeyServer::start().await);
        let program = |arguments: &[&str]| {
            let mut command = Command::new(BINARY);
            bionicpro_testing::without_configuration(&mut command)
                .args(arguments)
                .current_dir(&folder)
                .env("BIONICPRO_LOG_JSON", "true")
                .env("BIONICPRO_WAREHOUSE_URL", engine.warehouse.url.expose_secret().as_str())
                .env("BIONICPRO_OIDC_ISSUER", issuer.issuer())
                .env("BIONICPRO_STORE_URL", format!("file://{}", folder.path().join("store").display()))
                .stderr(Stdio::piped());
            command
        };
        let migrated = program(&["warehouse", "migrate"]).output().unwrap();
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        let serve = program(&["serve", "api", "--listen", "127.0.0.1:0", "--no-metrics"]);
        let mut server = tokio::process::Command::from(serve).kill_on_drop(true).spawn().unwrap();
        let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
        let address = loop {
            let line = log.next_line().await.unwrap().expect("the api ended before it was ready");
            let event: serde_json::Value = serde_json::from_str(&line).unwrap();
            if let Some(address) = event["address"].as_str() {
                break address.to_owned();
            }
        };
        // Drains the log, so that the pipe does not fill up.
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Site { address, http, issuer, _folder: folder, _server: server }
    }

    /// The status of a request, and its `Retry-After`.
    async fn ask(&self, path: &str) -> (u16, Option<String>) {
        let request = self.http.get(format!("http://{}{path}", self.address));
        let response = request.bearer_auth(self.issuer.token("ivan.petrov")).send().await.unwrap();
        let retry = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), retry)
    }

    async fn crowd(&self) -> Vec<u16> {
        let answers = join_all((0..CROWD).map(|_| self.ask("/api/reports"))).await;
        assert!(answers.iter().all(|(status, retry)| *status != 503 || retry.as_deref() == Some("5")));
        answers.into_iter().map(|(status, _)| status).collect()
    }

    async fn is_refused(&self, how: &str) {
        for (crowd, limit) in
            [("first", NOTICED_WITHIN), ("second", REFUSED_WITHIN), ("third", REFUSED_WITHIN)]
        {
            let began = Instant::now();
            assert_eq!(self.crowd().await, [503; CROWD], "{how}, {crowd}");
            let took = began.elapsed();
            println!("{how}: the {crowd} {CROWD} requests were refused in {took:.3?}");
            assert!(took < limit, "{how}, {crowd}: {took:?}");
        }
        assert_eq!(self.ask("/health/ready").await.0, 503, "{how}");
    }

    async fn is_back(&self, how: &str) {
        let began = Instant::now();
        while self.ask("/api/reports").await.0 != 200 {
            assert!(began.elapsed() < BACK_WITHIN, "{how}, and still refused");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!("{how}: reports again after {:.3?}", began.elapsed());
        assert_eq!(self.crowd().await, [200; CROWD], "{how}");
    }
}

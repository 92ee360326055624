//! The program's own processes and their databases: the traffic is stopped at a chosen piece, and a process
//! is killed there.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use bionicpro_testing::{End, Network, Proxy};
use chrono::NaiveDateTime;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::BINARY;
use crate::engine::Engine;
use crate::fleet::Fleet;
use crate::points::Points;

/// A process that has not ended after this time hangs.
const DEADLINE: Duration = Duration::from_secs(120);

/// Covers the telemetry's days and today.
const LOOKBACK_DAYS: &str = "4";

/// The environment of one test.
pub(crate) struct Company {
    pub(crate) fleet: Fleet,
    engine: Engine,
    network: Network,
    ways: [Proxy; 3],
    stage: TempDir,
    pub(crate) points: BTreeMap<&'static str, Points>,
    pub(crate) engine_kills: u64,
}

/// The process to kill.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Victim {
    Command,
    Engine,
}

impl Company {
    pub(crate) async fn new(random: &mut ChaCha8Rng) -> Company {
        let (fleet, engine, network) = (Fleet::new(random).await, Engine::start().await, Network::new());
        let ways = [
            network.way_to(&fleet.crm.url).await,
            network.way_to(&fleet.telemetry.url).await,
            network.way_to(&engine.warehouse.url).await,
        ];
        let stage = tempfile::tempdir().unwrap();
        let company =
            Company { fleet, engine, network, ways, stage, points: BTreeMap::new(), engine_kills: 0 };
        let status = company.spawn(&["warehouse", "migrate"].map(str::to_owned), 0).wait().await.unwrap();
        assert!(status.success(), "{}", company.log());
        company
    }

    fn spawn(&self, arguments: &[String], retries: u8) -> Child {
        let [crm, telemetry, warehouse] = self.ways.each_ref().map(|way| way.url.expose_secret().as_str());
        let log = File::create(self.stage.path().join("log")).unwrap();
        let mut command = std::process::Command::new(BINARY);
        bionicpro_testing::without_configuration(&mut command)
            .args(arguments)
            .current_dir(self.stage.path())
            .env("BIONICPRO_CRM_URL", crm)
            .env("BIONICPRO_TELEMETRY_URL", telemetry)
            .env("BIONICPRO_WAREHOUSE_URL", warehouse)
            .env("BIONICPRO_PIPELINE_LOOKBACK_DAYS", LOOKBACK_DAYS)
            .env("BIONICPRO_PIPELINE_RETRIES", retries.to_string())
            .env("BIONICPRO_PIPELINE_RETRY_DELAY_S", "0")
            .env("BIONICPRO_STAGE_URL", format!("file://{}/stage", self.stage.path().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        Command::from(command).kill_on_drop(true).spawn().unwrap()
    }

    /// The log of the last command.
    fn log(&self) -> String {
        std::fs::read_to_string(self.stage.path().join("log")).unwrap()
    }

    /// Runs a command to its end; returns whether there was anything to do.
    pub(crate) async fn finish(&mut self, name: &'static str, arguments: &[String]) -> bool {
        self.network.go_on();
        let ended = tokio::time::timeout(DEADLINE, self.spawn(arguments, 0).wait()).await;
        let code = ended.unwrap_or_else(|_| panic!("{name} hangs: {}", self.log())).unwrap().code();
        assert!(matches!(code, Some(0 | 99)), "{name} ends with {code:?}: {}", self.log());
        if code == Some(0) {
            self.points.entry(name).or_default().ended(self.network.pieces());
        }
        code == Some(0)
    }

    /// Starts a command and kills the victim at the command's next point, or at a random moment; returns
    /// whether that was before the command's end.
    pub(crate) async fn kill(
        &mut self,
        random: &mut ChaCha8Rng,
        name: &'static str,
        arguments: &[String],
        victim: Victim,
    ) -> bool {
        let at = self.points.entry(name).or_default().next();
        let is_by_time = victim == Victim::Command && random.random_bool(0.1);
        let delay = if is_by_time { Duration::from_millis(random.random_range(1..400)) } else { DEADLINE };
        if is_by_time {
            self.network.go_on()
        } else {
            self.network.stop_at(at, End::Silence)
        }
        let mut child = self.spawn(arguments, random.random_range(0..3));
        let is_stopped = tokio::select! {
            biased;
            ended = child.wait() => {
                let code = ended.unwrap().code();
                assert!(matches!(code, Some(0 | 99)), "{name} ends with {code:?}: {}", self.log());
                false
            }
            () = self.network.stopped() => true,
            () = tokio::time::sleep(delay) => is_by_time || panic!("{name} hangs: {}", self.log()),
        };
        let pieces = self.network.pieces();
        if !is_stopped {
            self.points.entry(name).or_default().ended(pieces);
            self.network.go_on();
            return false;
        }
        match victim {
            Victim::Command => {
                child.kill().await.unwrap();
                self.points.entry(name).or_default().killed(pieces);
                // Data in flight arrives although its sender is dead, or it does not.
                if random.random_bool(0.5) { self.network.go_on() } else { self.network.reset() }
            }
            Victim::Engine => {
                self.engine.kill().await;
                self.engine.start_again().await;
                self.ways[2].lead_to(&self.engine.warehouse.url);
                self.engine_kills += 1;
                self.network.go_on();
                let ended = tokio::time::timeout(DEADLINE, child.wait()).await;
                let code = ended.unwrap_or_else(|_| panic!("{name} hangs: {}", self.log())).unwrap().code();
                assert!(matches!(code, Some(0 | 3 | 99)), "{name} ends with {code:?}: {}", self.log());
            }
        }
        true
    }

    /// Asserts that no person sees an hour that was never theirs, however far the load had come.
    pub(crate) async fn nobody_sees_another(&self) {
        let sql = "SELECT DISTINCT toString(user_id) AS user, chip_id AS chip, toString(hour) AS hour \
                   FROM user_prosthesis_stats FINAL";
        for row in self.engine.warehouse.ask(sql).await {
            let text = |name: &str| row[name].as_str().unwrap();
            let hour = NaiveDateTime::parse_from_str(text("hour"), "%Y-%m-%d %H:%M:%S").unwrap().and_utc();
            let chip = text("chip").trim_start_matches("CHIP-").parse().unwrap();
            assert!(self.fleet.may_see(text("user"), chip, hour), "{row}");
        }
    }

    /// Asserts that the mart equals a recomputation; returns the numbers of its rows and of their movements.
    pub(crate) async fn check(&self) -> (usize, u64) {
        let rows = self.engine.warehouse.ask(include_str!("found.sql")).await;
        let mut found: Vec<String> =
            rows.iter().map(|row| row["line"].as_str().unwrap().to_owned()).collect();
        found.sort();
        let expected = self.fleet.expected().await;
        let missing: Vec<_> = expected.iter().filter(|line| found.binary_search(line).is_err()).collect();
        let surplus: Vec<_> = found.iter().filter(|line| expected.binary_search(line).is_err()).collect();
        assert!(found == expected, "the mart lacks {missing:#?}, and has {surplus:#?}");
        let moves = found.iter().map(|line| line.split(' ').nth(5).unwrap().parse::<u64>().unwrap());
        (found.len(), moves.sum())
    }
}

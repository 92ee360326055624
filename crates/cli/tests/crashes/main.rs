//! Crashes: the program and its warehouse are killed at every message between them and the databases, while
//! the data keep changing. Whichever process died at whichever message, after the next run each person has
//! exactly their own rows.
//!
//! `BIONICPRO_CRASHES` sets the number of kills (a few by default), `BIONICPRO_CRASH_SEED` replays a test.
#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails by a panic")]

mod company;
mod engine;
mod fleet;
mod points;

use company::{Company, Victim};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const BINARY: &str = env!("CARGO_BIN_EXE_bionicpro");

/// Enough to kill every command several times, and to be done within a minute.
const CRASHES: u64 = 40;
/// Kills between two full comparisons of the mart.
const CHECK_EVERY: u64 = 5;
/// Kills between two progress lines of a long test.
const TELL_EVERY: u64 = 50;
/// A test with fewer movements proves nothing.
const LEAST_MOVES: u64 = 1_000;

/// The warehouse is killed each time this many rounds have passed; coprime with the length of a round.
const ENGINE_EVERY: usize = 7;

const RUNS: [&str; 3] = ["run", "run --full", "run --from"];
const STEPS: [&str; 4] = ["extract-crm", "extract-telemetry", "transform", "load"];
/// The commands to kill, in turn; an incremental run twice, because it runs all day.
const ROUND: [&str; 8] =
    ["run", "load", "run --full", "extract-crm", "run", "extract-telemetry", "run --from", "transform"];

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_at_any_message_everybody_has_exactly_their_own_after_the_next_run() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("BIONICPRO_CRASH_SEED").unwrap_or_else(rand::random);
    let wanted = number("BIONICPRO_CRASHES").unwrap_or(CRASHES);
    println!("BIONICPRO_CRASH_SEED={seed} BIONICPRO_CRASHES={wanted}");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut test = Crashes { company: Company::new(&mut random).await, random, number: 0 };

    // Undisturbed runs first, to count the messages. The owner of a chip when it is first seen counts as its
    // owner from the beginning, so nothing changes before that.
    for command in RUNS {
        test.run(command).await;
        test.company.fleet.change(&mut test.random).await;
    }
    test.steps(None).await;
    let (mut kills, mut rounds) = (0, 0_usize);
    while kills < wanted {
        rounds += 1;
        assert!(rounds as u64 <= 3 * wanted + 50, "only {kills} of {rounds} kills came before the end");
        test.company.fleet.change(&mut test.random).await;
        let command = ROUND[rounds % ROUND.len()];
        let victim = if rounds % ENGINE_EVERY == 0 { Victim::Engine } else { Victim::Command };
        let was_killed = match command {
            "run" | "run --full" | "run --from" => test.killed_run(command, victim).await,
            step => test.steps(Some((step, victim))).await,
        };
        kills += u64::from(was_killed);
        if was_killed && kills % TELL_EVERY == 0 {
            println!("{kills} kills in {rounds} rounds");
        }
        if was_killed && kills % CHECK_EVERY == 0 {
            test.check().await;
        }
    }
    let (rows, moves) = test.check().await;

    let company = &test.company;
    println!(
        "{rounds} rounds, {} kills of the warehouse; {moves} movements in {rows} rows",
        company.engine_kills
    );
    for (command, points) in &company.points {
        println!("  {command}: {}", points.told());
    }
    for command in ROUND {
        let of_it = company.points.iter().filter(|(name, _)| name.starts_with(command));
        assert!(of_it.map(|(_, points)| points.kills).sum::<u64>() > 0, "void: {command} was never killed");
    }
    assert!(moves >= LEAST_MOVES, "void: only {moves} movements");
    assert!(company.engine_kills > 0, "void: the warehouse was never killed");
}

struct Crashes {
    company: Company,
    random: ChaCha8Rng,
    /// The number of the newest run.
    number: u32,
}

impl Crashes {
    fn id(&mut self) -> String {
        self.number += 1;
        format!("r{}", self.number)
    }

    /// The flags for the range in a run's name.
    fn range(&self, command: &str) -> Vec<String> {
        let [from, to] = self.company.fleet.days();
        match command {
            "run --full" => vec!["--full".to_owned()],
            "run --from" => vec!["--from".to_owned(), from, "--to".to_owned(), to],
            _ => Vec::new(),
        }
    }

    fn arguments(&self, verb: &str, id: &str, range: Vec<String>) -> Vec<String> {
        let first = ["etl", verb, "--run", id].map(str::to_owned);
        first.into_iter().chain(range).collect()
    }

    async fn run(&mut self, command: &'static str) {
        let id = self.id();
        self.finish_run(command, &id).await;
    }

    async fn finish_run(&mut self, command: &'static str, id: &str) {
        let arguments = self.arguments("run", id, self.range(command));
        self.company.finish(command, &arguments).await;
        self.company.fleet.was_seen(command != RUNS[0]);
    }

    /// Kills a run. Sometimes it is run again; otherwise the next run finds its leftovers.
    async fn killed_run(&mut self, command: &'static str, victim: Victim) -> bool {
        let id = self.id();
        let arguments = self.arguments("run", &id, self.range(command));
        let was_killed = self.company.kill(&mut self.random, command, &arguments, victim).await;
        self.company.nobody_sees_another().await;
        if self.random.random_bool(0.3) {
            self.finish_run(command, &id).await;
        }
        was_killed
    }

    /// Runs the steps one by one, as an orchestrator does: a step that was killed is called again.
    async fn steps(&mut self, killed: Option<(&str, Victim)>) -> bool {
        let id = self.id();
        let range = RUNS[[0, 0, 0, 1, 2][self.random.random_range(0..5)]];
        let mut was_killed = false;
        for step in STEPS {
            let flags = if step == "extract-telemetry" { self.range(range) } else { Vec::new() };
            // A step that reads everything exchanges another number of messages.
            let name = if flags.is_empty() { step } else { "extract-telemetry of a range" };
            let arguments = self.arguments(step, &id, flags);
            if let Some((_, victim)) = killed.filter(|(killed, _)| *killed == step) {
                was_killed = self.company.kill(&mut self.random, name, &arguments, victim).await;
                self.company.nobody_sees_another().await;
            }
            if !self.company.finish(name, &arguments).await {
                break;
            }
        }
        self.company.fleet.was_seen(range != RUNS[0]);
        was_killed
    }

    async fn check(&mut self) -> (usize, u64) {
        let command = RUNS[usize::from(self.company.fleet.needs_full)];
        self.run(command).await;
        self.company.check().await
    }
}

//! Random histories: whatever happens in whatever order, after a successful run every person has exactly the
//! movements of the chips that they owned at the time.
//!
//! `BIONICPRO_HISTORIES` sets their number (a few by default), `BIONICPRO_HISTORY_SEED` replays one. A
//! failing history is shrunk, printed, and written to `histories.regressions`, whose histories are played
//! first in every later test.

mod action;
mod ddl;
mod history;
mod truth;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use bionicpro_model::HourRange;
use bionicpro_model::hours::midnight;
use chrono::{TimeDelta, Utc};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::world::World;
use action::Plan;
use history::History;

/// Returns the days of all telemetry: some days ago, within the lookback of full runs.
fn days() -> HourRange {
    // The same for the whole test, even if it runs past midnight.
    static DAYS: OnceLock<HourRange> = OnceLock::new();
    *DAYS.get_or_init(|| {
        let from = midnight(Utc::now().date_naive()) - TimeDelta::days(3);
        HourRange::new(from, from + TimeDelta::days(2)).unwrap()
    })
}

/// The failure of a history: its reason, and the number of actions until then.
struct Failed {
    after: usize,
    why: String,
}

/// Plays a plan. A failure is a panic, which is caught.
async fn play(plan: &Plan) -> Result<(), Failed> {
    play_in(World::new().await, plan).await
}

async fn play_in(world: World, plan: &Plan) -> Result<(), Failed> {
    let world = Arc::new(world);
    let after = Arc::new(AtomicUsize::new(0));
    let (plan, player, counted) = (plan.clone(), Arc::clone(&world), Arc::clone(&after));
    let played = tokio::spawn(async move {
        let mut history = History::new(&player, plan.changes, plan.layout).await;
        for action in &plan.actions {
            counted.fetch_add(1, Ordering::SeqCst);
            history.step(action).await;
        }
        history.end().await;
    });
    let Err(error) = played.await else { return Ok(()) };
    forget_prepared(&world).await;
    let why = error.into_panic();
    let why =
        why.downcast_ref::<String>().cloned().or_else(|| why.downcast_ref::<&str>().map(|&why| why.into()));
    Err(Failed { after: after.load(Ordering::SeqCst), why: why.unwrap_or_default() })
}

/// Rolls back the prepared transactions of a failed history: the server allows only few of them.
async fn forget_prepared(world: &World) {
    let client = world.telemetry.client().await;
    let names = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()";
    for row in client.query(names, &[]).await.unwrap() {
        client.batch_execute(&format!("ROLLBACK PREPARED '{}'", row.get::<_, &str>(0))).await.unwrap();
    }
}

/// Returns the shortest failing prefix of a plan, without any single action that the failure does not need.
async fn shrink(plan: &Plan, mut failed: Failed) -> (Plan, Failed) {
    let mut shortest = plan.clone();
    shortest.actions.truncate(failed.after);
    for at in (0..shortest.actions.len()).rev() {
        let mut shorter = shortest.clone();
        if at < shorter.actions.len() {
            shorter.actions.remove(at);
            if let Err(still) = play(&shorter).await {
                shorter.actions.truncate(still.after);
                (shortest, failed) = (shorter, still);
            }
        }
    }
    (shortest, failed)
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_history_ends_with_everybody_having_exactly_their_own() {
    let kept = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/histories.regressions"));
    let mut text = std::fs::read_to_string(kept).unwrap();
    let replayed = number("BIONICPRO_HISTORY_SEED");
    let count = if replayed.is_some() { 1 } else { number("BIONICPRO_HISTORIES").unwrap_or(4) };
    let regressions: Vec<Plan> = text
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for plan in &regressions {
        if let Err(failed) = play(plan).await {
            panic!("a history that failed before fails again: {plan:#?}\n{}", failed.why);
        }
    }
    for _ in 0..count {
        let seed = replayed.unwrap_or_else(rand::random);
        println!("BIONICPRO_HISTORY_SEED={seed}");
        let plan = Plan::random(&mut ChaCha8Rng::seed_from_u64(seed));
        if let Err(failed) = play(&plan).await {
            println!("it fails after {} actions: {}", failed.after, failed.why);
            let (plan, failed) = shrink(&plan, failed).await;
            writeln!(text, "{}", serde_json::to_string(&plan).unwrap()).unwrap();
            std::fs::write(kept, &text).unwrap();
            panic!("BIONICPRO_HISTORY_SEED={seed} fails, and so does {plan:#?}\n{}", failed.why);
        }
    }
    // A pipeline that refused everything would be exact too.
    let (runs, refused) = history::counted();
    println!("{runs} runs, {refused} of them refused at first");
    assert!(refused * 20 <= runs, "{refused} of {runs} runs were refused");
}

/// `told` reads the mart through the distributed table, and the expected state is that of a single engine.
#[tokio::test(flavor = "multi_thread")]
async fn every_history_ends_so_on_two_shards() {
    let count = number("BIONICPRO_HISTORIES").unwrap_or(2);
    for _ in 0..count {
        let seed = number("BIONICPRO_HISTORY_SEED").unwrap_or_else(rand::random);
        println!("BIONICPRO_HISTORY_SEED={seed}");
        let plan = Plan::random(&mut ChaCha8Rng::seed_from_u64(seed));
        let world = World::on_shards().await;
        let of = truth::CUSTOMERS.map(|id| format!("cityHash64(toUUID('{id}')) % 2")).join(", ");
        let shards = world.ask(&format!("SELECT toUInt8(uniqExact(arrayJoin([{of}]))) AS shards")).await;
        assert_eq!(shards[0]["shards"], 2, "the customers are of both shards");
        if let Err(failed) = play_in(world, &plan).await {
            panic!(
                "BIONICPRO_HISTORY_SEED={seed} fails on two shards after {} actions: {}",
                failed.after, failed.why
            );
        }
    }
}

#[test]
fn a_seed_gives_the_same_history_again_and_it_survives_being_written_down() {
    let plan = Plan::random(&mut ChaCha8Rng::seed_from_u64(7));
    assert_eq!(plan, Plan::random(&mut ChaCha8Rng::seed_from_u64(7)));
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
}

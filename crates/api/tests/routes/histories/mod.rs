//! Random histories of loads, moves and erasures with concurrent readers of two replicas, one of which evicts
//! all the time.
//!
//! `BIONICPRO_CACHE_HISTORIES` sets the number of histories, `BIONICPRO_CACHE_SEED` repeats the first.

mod loader;
mod questions;
mod readers;
mod states;
mod world;

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use self::loader::{Cut, Loader};
use self::readers::{Readers, Seen};
use self::world::World;
use crate::support::App;

/// The number of loads in a history between the first and the last.
const LOADS: u32 = 16;

/// Reads a number from the environment.
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Every answer is of one state and contains no other person's data, is never older than an answer before it,
/// and is soon of the newest state.
#[tokio::test(flavor = "multi_thread")]
async fn replicas_answer_what_a_state_says_and_never_one_that_is_older_than_what_they_have_shown() {
    let histories = given("BIONICPRO_CACHE_HISTORIES").unwrap_or(1);
    let mut seed = given("BIONICPRO_CACHE_SEED").unwrap_or_else(|| rand::rng().random());
    let mut stale = Vec::new();
    for _ in 0..histories {
        println!("BIONICPRO_CACHE_SEED={seed}");
        let seen = history(seed).await;
        println!("{} answers, {:?} of them older than a settled load", seen.answers, seen.behind);
        let faults = &seen.faults;
        assert!(faults.is_empty(), "{} wrong answers, first {:#?}", faults.len(), faults.first());
        stale.extend(seen.staleness);
        seed = seed.wrapping_add(1);
    }
    stale.sort_unstable();
    let [median, most] = [50, 99].map(|percent| stale[stale.len() * percent / 100]);
    println!("{} loads, shown by both replicas after {median:?} (median), {most:?} (p99)", stale.len());
}

/// Runs loads one after another with concurrent readers, until both replicas show the last one.
async fn history(seed: u64) -> Seen {
    let mut random = StdRng::seed_from_u64(seed);
    let replica = |cache_mb| {
        App::builder().configure(move |config| {
            config.cache_mb = cache_mb;
            // For busy machines; this test is not about timing.
            config.request_timeout_s = 60;
        })
    };
    let large = replica(64).start().await;
    let small = replica(1).beside(&large).start().await;
    let mut world = World::new();
    let loader = Loader::new(&large);
    let readers = Arc::new(Readers::new([&large, &small], &world));
    let reading = readers.start(seed);
    let first = world.first();
    loader.run(&first, None, &mut world, &readers.states, &mut random).await;
    for _ in 0..LOADS {
        let load = world.next(&mut random);
        let cut = Cut::of(&load, &mut random);
        loader.run(&load, cut, &mut world, &readers.states, &mut random).await;
        loader::rest(&mut random).await;
        // A load interrupted at an arbitrary point is repeated; one interrupted at a known point may be
        // followed by another load.
        if matches!(cut, Some(Cut::After(_))) || cut.is_some() && random.random() {
            loader.run(&load, None, &mut world, &readers.states, &mut random).await;
            loader::rest(&mut random).await;
        }
    }
    let last = world.last();
    loader.run(&last, None, &mut world, &readers.states, &mut random).await;
    readers.become_quiet().await;
    let seen = readers.finish(reading).await;
    readers.keeps(&large, &world).await;
    large.stop().await;
    small.stop().await;
    seen
}

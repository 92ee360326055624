//! People read during loads: every answer is that of a state between two loads, even if its day spans two
//! months.
//!
//! `BIONICPRO_READER_LOADS` sets the number of loads, `BIONICPRO_READER_SEED` repeats a sequence.

mod loader;
mod mart;
mod readers;

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use self::loader::Loader;
use self::mart::{Mart, State};
use self::readers::{Readers, Seen};
use crate::support::App;

/// Reads a number from the environment.
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Prints the seed of a sequence, so that it can be repeated.
#[expect(clippy::print_stderr, reason = "shown where the test fails, and with --nocapture")]
fn tell(seed: u64) {
    eprintln!("BIONICPRO_READER_SEED={seed}");
}

/// Runs loads one after another with concurrent readers; returns what they saw, including answers of no
/// state.
async fn read_during(loads: u32, is_naive: bool, cache_mb: u32) -> Seen {
    let seed = given("BIONICPRO_READER_SEED").unwrap_or_else(|| rand::rng().random());
    tell(seed);
    let mut random = StdRng::seed_from_u64(seed);
    let app = App::builder().configure(|config| config.cache_mb = cache_mb).start().await;
    let mut mart = Mart::new();
    app.seed(&mart.people.iter().collect::<Vec<_>>(), &[]).await;
    let loader = Loader::new(&app);
    let readers = Arc::new(Readers::behind(if cache_mb > 0 { LAG } else { Duration::ZERO }));
    let reading = readers.start(&app, &mart.people, seed);
    let mut state = State::new();
    for number in 1..=loads {
        let (load, after) = mart.next(number, &state, &mut random);
        readers.begins(after.clone());
        match is_naive {
            false => loader.store(&mart.people, &load, &readers).await,
            true => loader.store_naively(&mart.people, &load, &state, &readers).await,
        }
        readers.ended();
        state = after;
    }
    let seen = readers.finish(reading).await;
    app.stop().await;
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_during_loads_is_that_of_a_state_between_two_loads() {
    let loads = given("BIONICPRO_READER_LOADS").map_or(200, |loads| u32::try_from(loads).unwrap());
    let seen = read_during(loads, false, 0).await;
    println!("{} loads, {} answers, {} of them during a load", loads, seen.answers, seen.during);
    assert!(seen.during >= u64::from(loads), "void: {} answers during {loads} loads", seen.during);
    assert!(seen.torn.is_empty(), "{} answers match no state: {:#?}", seen.torn.len(), seen.torn.first());
}

/// The maximum age of cached data on a busy machine: the time between two polls, and the duration of one.
const LAG: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_that_of_a_state_too_and_never_older_than_what_the_same_person_has_seen() {
    let loads = given("BIONICPRO_READER_LOADS").map_or(60, |loads| u32::try_from(loads).unwrap());
    let seen = read_during(loads, false, 64).await;
    println!("{loads} loads, {} answers", seen.answers);
    assert!(seen.torn.is_empty(), "{} answers match no state: {:#?}", seen.torn.len(), seen.torn.first());
}

/// Without this test, the others would prove nothing.
#[tokio::test(flavor = "multi_thread")]
async fn loads_in_blocks_that_hide_what_vanished_afterwards_are_seen_torn() {
    let seen = read_during(12, true, 0).await;
    println!("{} of {} answers match no state", seen.torn.len(), seen.answers);
    assert!(!seen.torn.is_empty());
}

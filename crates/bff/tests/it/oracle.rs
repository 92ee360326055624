//! Measures whether the time of a refusal reveals how much of a made-up cookie is right.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bionicpro_edge::ListenerConfig;

use crate::support::World;

/// Guesses of each kind.
const GUESSES: usize = 4_000;
/// A distance that at most this many of the random divisions exceed is not chance.
const UNLIKELY: usize = 5;
/// Warm-up pairs, which are not measured.
const WARMING: usize = 100;
/// Random divisions of the same times, against which the real one is compared.
const DIVISIONS: usize = 1_000;

/// A small, repeatable random generator; nothing here is secret.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn shuffle(&mut self, times: &mut [Duration]) {
        for at in (1..times.len()).rev() {
            times.swap(at, usize::try_from(self.next() % (at as u64 + 1)).unwrap());
        }
    }
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

fn distance(times: &[Duration]) -> Duration {
    let (one, other) = times.split_at(GUESSES);
    median(one).abs_diff(median(other))
}

/// Compares guesses that match a live session in all but the last byte with random guesses. If the two kinds
/// take the same time, their medians differ no more than those of the same times divided at random.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures times: run on an idle machine"]
async fn b34_a_guess_that_begins_right_is_refused_as_quickly_as_any_other() {
    let world = World::builder()
        .configure(|config| {
            config.listener =
                ListenerConfig { unauthenticated_per_minute: u32::MAX, ..ListenerConfig::default() };
        })
        .start()
        .await;
    let living = URL_SAFE_NO_PAD.decode(world.signed_in("ivan.petrov").await.session()).unwrap();
    let mut browser = world.browser();
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let (mut begins_right, mut random) = (Vec::new(), Vec::new());
    for pair in 0..GUESSES + WARMING {
        let first = chance.next().is_multiple_of(2);
        for is_right in [first, !first] {
            let mut guess = living.clone();
            if is_right {
                *guess.last_mut().unwrap() ^= u8::try_from(1 + chance.next() % 255).unwrap();
            } else {
                guess.iter_mut().for_each(|byte| *byte = chance.next().to_le_bytes()[0]);
            }
            browser.own_cookies().insert("bionicpro-sid".to_owned(), URL_SAFE_NO_PAD.encode(guess));
            let asked = Instant::now();
            assert_eq!(browser.get("/auth/me").await.status, 401);
            let took = asked.elapsed();
            if pair >= WARMING {
                if is_right { &mut begins_right } else { &mut random }.push(took);
            }
        }
    }
    println!("medians: {:?} begins right, {:?} random", median(&begins_right), median(&random));
    let mut times = [begins_right, random].concat();
    let found = distance(&times);
    let one_by_chance = |_| {
        chance.shuffle(&mut times);
        distance(&times)
    };
    let mut by_chance: Vec<_> = (0..DIVISIONS).map(one_by_chance).collect();
    by_chance.sort_unstable();
    let farthest = by_chance[DIVISIONS - UNLIKELY];
    println!(
        "apart by {found:?}; chance explains up to {farthest:?}, and less this cannot tell from nothing"
    );
    assert!(found <= farthest);
}

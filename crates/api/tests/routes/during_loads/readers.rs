//! People who continuously request their reports, and the check of each answer against its possible states.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono_tz::Tz;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinHandle;

use super::mart::{Question, State};
use crate::support::{App, Client, Person};

const READERS: u64 = 2;

/// The pause of a reader after an answer, so that the loads get CPU time.
const REST: Duration = Duration::from_millis(10);

/// The maximum time for which the readers may be without an answer.
const DEADLINE: Duration = Duration::from_secs(60);

/// The answers that the readers got.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) answers: u64,
    /// Answers during a load.
    pub(super) during: u64,
    /// Answers that match no state that was valid between the request and the answer.
    pub(super) torn: Vec<Torn>,
}

/// An answer that matches no possible state.
#[derive(Debug)]
#[expect(dead_code, reason = "read in the output of a failure")]
pub(super) struct Torn {
    /// The oldest possible state, and the last load that had begun before the answer was checked.
    between: [usize; 2],
    path: String,
    person: String,
    told: Vec<(String, u64)>,
    /// The expected answers of the possible states.
    states: Vec<Vec<(String, u64)>>,
}

/// The readers, and what they know of the loads.
pub(super) struct Readers {
    /// The state before the first load, and after each that has begun.
    states: Mutex<Vec<Arc<State>>>,
    /// The ends of those of these loads that have ended.
    ended: Mutex<Vec<Instant>>,
    /// The maximum age of an answer.
    lag: Duration,
    /// The newest state that each person is known to have seen.
    newest: Mutex<HashMap<usize, usize>>,
    answers: AtomicU64,
    seen: Mutex<Seen>,
    is_over: AtomicBool,
}

impl Readers {
    /// The readers of an app whose answers may be as old as `lag`. No answer may be older than what the same
    /// person has already seen.
    pub(super) fn behind(lag: Duration) -> Self {
        Readers {
            states: Mutex::new(vec![Arc::default()]),
            ended: Mutex::default(),
            lag,
            newest: Mutex::default(),
            answers: AtomicU64::new(0),
            seen: Mutex::default(),
            is_over: AtomicBool::new(false),
        }
    }

    /// Records the start of a load that leads to this state.
    pub(super) fn begins(&self, after: State) {
        self.states.lock().unwrap().push(Arc::new(after));
    }

    /// Records the end of the load that began last.
    pub(super) fn ended(&self) {
        self.ended.lock().unwrap().push(Instant::now());
    }

    /// Waits for an answer to a request that was sent after this call.
    pub(super) async fn some_answers(&self) {
        let (enough, began) = (self.answers.load(Ordering::SeqCst) + READERS + 1, Instant::now());
        while self.answers.load(Ordering::SeqCst) < enough {
            assert!(began.elapsed() < DEADLINE, "the readers get no more answers");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub(super) fn start(self: &Arc<Self>, app: &App, people: &[Person], seed: u64) -> Vec<JoinHandle<()>> {
        let clients: Vec<(String, Client)> =
            people.iter().map(|person| (person.name.clone(), app.wearer(&person.name))).collect();
        let reader = |number| {
            let (readers, clients) = (self.clone(), clients.clone());
            let random = StdRng::seed_from_u64(seed ^ number);
            tokio::spawn(async move { readers.read(&clients, random).await })
        };
        (1..=READERS).map(reader).collect()
    }

    /// Stops the readers and returns what they saw.
    pub(super) async fn finish(&self, reading: Vec<JoinHandle<()>>) -> Seen {
        self.is_over.store(true, Ordering::SeqCst);
        for reader in reading {
            reader.await.unwrap();
        }
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    async fn read(&self, clients: &[(String, Client)], mut random: StdRng) {
        while !self.is_over.load(Ordering::SeqCst) {
            let person = random.random_range(0..clients.len());
            let question = match random.random_range(0..6) {
                0 => Question::Days,
                1 => Question::Summary,
                // Its first hours are in another month of the mart than the others.
                2 | 3 => Question::Day(Tz::Europe__Moscow, 1),
                day => Question::Day(Tz::UTC, day - 4),
            };
            self.ask(person, &clients[person], question).await;
            tokio::time::sleep(REST).await;
        }
    }

    async fn ask(&self, person: usize, (name, client): &(String, Client), question: Question) {
        let long_ago = self.ended.lock().unwrap().iter().filter(|at| at.elapsed() >= self.lag).count();
        let oldest = self.newest.lock().unwrap().get(&person).copied().unwrap_or_default().max(long_ago);
        let answer = client.get(&question.path()).await;
        let states: Vec<Arc<State>> = self.states.lock().unwrap()[oldest..].to_vec();
        let status = answer.checked_status();
        assert!([200, 404].contains(&status), "{answer:?}");
        let told = question.told(status, &answer.json());
        let expected: Vec<_> = states.iter().map(|state| question.expected(person, state)).collect();
        self.answers.fetch_add(1, Ordering::SeqCst);
        let mut seen = self.seen.lock().unwrap();
        seen.answers += 1;
        seen.during += u64::from(states.len() > 1);
        if let Some(place) = expected.iter().position(|expected| *expected == told) {
            // Several states may have the same answer; only the oldest of them has certainly been seen.
            let mut newest = self.newest.lock().unwrap();
            let newest = newest.entry(person).or_default();
            *newest = (*newest).max(oldest + place);
        } else {
            let (path, person) = (question.path(), name.clone());
            let between = [oldest, oldest + states.len() - 1];
            seen.torn.push(Torn { between, path, person, told, states: expected });
        }
    }
}

//! People who continuously send requests to both replicas, and the check of each answer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::questions::{Question, hourly};
use super::states::States;
use super::world::{NAMES, PROSTHESES, World, people_of};
use crate::support::{App, Client};

/// The number of readers of each replica.
const READERS: u64 = 2;

/// The pause of a reader after an answer, so that the loads get CPU time.
const REST: Duration = Duration::from_millis(5);

/// The maximum time until a settled state is shown: some polls, on a machine that may be busy.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The answers that the readers got.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) answers: u64,
    /// By replica, answers of a state that was not the last settled one: they came from a cache.
    pub(super) behind: [u64; 2],
    /// By state, the longest time between its settlement and a request whose answer was older.
    stale: HashMap<usize, Duration>,
    /// The time after the settlement of each load for which some answers were still older.
    pub(super) staleness: Vec<Duration>,
    pub(super) faults: Vec<Fault>,
}

/// A wrong answer.
#[derive(Debug)]
#[expect(dead_code, reason = "read in the output of a failure")]
pub(super) struct Fault {
    what: &'static str,
    replica: usize,
    name: &'static str,
    path: String,
    /// The oldest possible state of the answer, and the newest.
    between: [usize; 2],
    told: Value,
    /// The expected answers of these states.
    expected: Vec<Value>,
}

/// The readers, and what they have seen.
pub(super) struct Readers {
    pub(super) states: States,
    prostheses: Vec<Uuid>,
    clients: [Vec<Client>; 2],
    /// By replica and name, the newest state that is known to have been shown.
    newest: Mutex<HashMap<(usize, usize), usize>>,
    /// The expected answer by state, name and request; each is computed once.
    said: Mutex<HashMap<(usize, usize, Question), Arc<Value>>>,
    seen: Mutex<Seen>,
    is_over: AtomicBool,
}

impl Readers {
    pub(super) fn new(replicas: [&App; 2], world: &World) -> Readers {
        Readers {
            states: States::new(world.state()),
            prostheses: (0..PROSTHESES).map(|prosthesis| world.prosthesis(prosthesis)).collect(),
            clients: replicas.map(|app| NAMES.map(|name| app.wearer(name)).into()),
            newest: Mutex::default(),
            said: Mutex::default(),
            seen: Mutex::default(),
            is_over: AtomicBool::new(false),
        }
    }

    pub(super) fn start(self: &Arc<Self>, seed: u64) -> Vec<JoinHandle<()>> {
        let reader = |number: u64| {
            let (readers, random) = (self.clone(), StdRng::seed_from_u64(seed ^ (number + 1)));
            tokio::spawn(async move { readers.read(usize::from(number % 2 == 1), random).await })
        };
        (0..READERS * 2).map(reader).collect()
    }

    /// Stops the readers and returns what they saw.
    pub(super) async fn finish(&self, reading: Vec<JoinHandle<()>>) -> Seen {
        self.is_over.store(true, Ordering::SeqCst);
        for reader in reading {
            reader.await.unwrap();
        }
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap());
        let of = |state| seen.stale.get(&state).copied().unwrap_or_default();
        seen.staleness = self.states.loads().into_iter().map(of).collect();
        seen
    }

    async fn read(&self, replica: usize, mut random: StdRng) {
        while !self.is_over.load(Ordering::SeqCst) {
            let name = random.random_range(0..NAMES.len());
            // Parts of a person that are read separately are combined. Some people send requests rarely, with
            // polls in between.
            let looks = match name {
                2 | 3 => u32::from(random.random_bool(0.15)),
                _ => random.random_range(1..5),
            };
            for _ in 0..looks {
                self.ask(replica, name, Question::random(name, &mut random)).await;
                tokio::time::sleep(REST).await;
            }
        }
    }

    /// Checks that the first replica caches what it has read: a row that is written by hand is not announced.
    pub(super) async fn keeps(&self, app: &App, world: &World) {
        let name = world.state().names.iter().position(Option::is_some).unwrap();
        let person = world.state().names[name].unwrap();
        let question = Question::totals();
        let path = question.path(&self.prostheses);
        let get = async || question.told(&self.clients[0][name].get(&path).await);
        let began = Instant::now();
        for hour in 490_i64.. {
            let before = get().await;
            app.write(&[world.cell((person, PROSTHESES + person, hour), 1)]).await;
            if get().await == before {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "void: nothing is cached");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Waits until both replicas show the newest state to all people.
    pub(super) async fn become_quiet(&self) {
        let (began, newest) = (Instant::now(), self.states.newest());
        for replica in [0, 1] {
            for (name, question) in
                (0..NAMES.len()).flat_map(|name| Question::all().map(move |question| (name, question)))
            {
                let expected = question.expected(name, &newest, &self.prostheses);
                loop {
                    let asked = began.elapsed();
                    let told = self.ask(replica, name, question).await;
                    if told == expected {
                        break;
                    }
                    let path = question.path(&self.prostheses);
                    assert!(
                        asked < PATIENCE,
                        "replica {replica} shows {} for {path}\n{told}\nand not\n{expected}",
                        NAMES[name]
                    );
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    async fn ask(&self, replica: usize, name: usize, question: Question) -> Value {
        let asked = Instant::now();
        let long_ago = asked.checked_sub(PATIENCE).map_or(0, |time| self.states.settled_before(time));
        let place = (replica, name);
        let oldest = self.newest.lock().unwrap().get(&place).copied().unwrap_or_default().max(long_ago);
        let path = question.path(&self.prostheses);
        let answer = self.clients[replica][name].get(&path).await;
        assert!([200, 404].contains(&answer.status), "{answer:?}");
        let told = question.told(&answer);
        let states = self.states.all();
        let says = |state: usize| {
            let said = || question.expected(name, &states[state], &self.prostheses);
            let mut all = self.said.lock().unwrap();
            Arc::clone(all.entry((state, name, question)).or_insert_with(|| Arc::new(said())))
        };
        let is_of = |state: usize| *says(state) == told;
        let found: Vec<usize> = (oldest..states.len()).filter(|state| is_of(*state)).collect();
        let owners: Vec<usize> = states[oldest..].iter().filter_map(|state| state.names[name]).collect();
        let is_foreign = hourly(&told).flat_map(people_of).any(|person| !owners.contains(&person));
        let mut seen = self.seen.lock().unwrap();
        seen.answers += 1;
        match found[..] {
            [first, ..] if !is_foreign => {
                // Several states may have the same answer; only the oldest of them has certainly been seen.
                let mut newest = self.newest.lock().unwrap();
                let newest = newest.entry(place).or_default();
                *newest = (*newest).max(first);
                let ages = self.states.ages(asked);
                let later = ages.iter().enumerate().skip(found[found.len() - 1] + 1);
                let later: Vec<_> = later.filter(|(_, age)| !age.is_zero()).collect();
                seen.behind[replica] += u64::from(!later.is_empty());
                for (state, age) in later {
                    let stale = seen.stale.entry(state).or_default();
                    *stale = (*stale).max(*age);
                }
            }
            _ => {
                let what = if is_foreign {
                    "another person's"
                } else if (0..oldest).any(is_of) {
                    "older than what was shown"
                } else {
                    "of no state"
                };
                let expected = (oldest..states.len()).map(|state| Value::clone(&says(state))).collect();
                let name = NAMES[name];
                let between = [oldest, states.len() - 1];
                let told = told.clone();
                seen.faults.push(Fault { what, replica, name, path, between, told, expected });
            }
        }
        told
    }
}

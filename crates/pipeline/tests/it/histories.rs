//! Random histories: whatever happens in whatever order, after a run that ends well every person has exactly the
//! movements of the chips that were theirs at the time.
//!
//! `BIONICPRO_HISTORIES` says how many (a few by default), `BIONICPRO_HISTORY_SEED` replays one.

use std::collections::BTreeMap;
use std::time::Duration;

use bionicpro_pipeline::Ask;
use chrono::{DateTime, TimeDelta, Utc};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio_postgres::Client;

use crate::world::{World, days};

const STEPS: u32 = 24;
const CHIPS: [&str; 4] = ["CHIP-1", "CHIP-2", "CHIP-3", "CHIP-4"];

fn customer(number: u32) -> String {
    format!("00000000-0000-0000-0000-00000000000{}", ["a", "b", "d"][number as usize])
}

/// A movement, once it is committed.
type Movement = (&'static str, DateTime<Utc>);

/// What is true, kept beside the databases.
struct Truth {
    movements: Vec<Movement>,
    /// From when which customer has the chip.
    owners: BTreeMap<&'static str, Vec<(DateTime<Utc>, u32)>>,
}

impl Truth {
    fn told(&self) -> Vec<String> {
        let mut cells: BTreeMap<(String, &str, String), u32> = BTreeMap::new();
        for (chip, at) in &self.movements {
            let owner = self.owners.get(chip).and_then(|owners| owners.iter().rfind(|(from, _)| from <= at));
            if let Some((_, owner)) = owner {
                let id = customer(*owner);
                let hour = at.format("%Y-%m-%d %H").to_string();
                *cells.entry((id[id.len() - 1..].to_owned(), chip, hour)).or_default() += 1;
            }
        }
        cells.iter().map(|((user, chip, hour), count)| format!("{user} {chip} {hour} {count}")).collect()
    }
}

struct History {
    world: World,
    random: ChaCha8Rng,
    truth: Truth,
    /// Transactions that are still open, and what they will bring.
    open: Vec<(Client, Vec<Movement>)>,
}

impl History {
    async fn new(seed: u64) -> History {
        let world = World::new().await;
        world
            .crm_sql(
                "INSERT INTO crm.customers (id, name, email, ldap_username)
                 VALUES ('00000000-0000-0000-0000-00000000000d', 'Olga', 'olga@example.com', 'olga')",
            )
            .await;
        world.ask_for(Ask::Full).await.unwrap();
        let first = |owner| vec![(DateTime::UNIX_EPOCH, owner)];
        let owners = BTreeMap::from([(CHIPS[0], first(0)), (CHIPS[1], first(1))]);
        let truth = Truth { movements: Vec::new(), owners };
        History { world, random: ChaCha8Rng::seed_from_u64(seed), truth, open: Vec::new() }
    }

    fn instant(&mut self) -> DateTime<Utc> {
        days().from() + TimeDelta::seconds(self.random.random_range(0..2 * 86_400))
    }

    fn movements(&mut self) -> Vec<Movement> {
        (0..self.random.random_range(1..30))
            .map(|_| (CHIPS[self.random.random_range(0..4)], self.instant()))
            .collect()
    }

    async fn step(&mut self) -> String {
        match self.random.random_range(0..12) {
            0..=2 => {
                let movements = self.movements();
                self.world.telemetry_sql(&insert(&movements)).await;
                self.truth.movements.extend(&movements);
                format!("{} movements", movements.len())
            }
            3 => {
                let movements = self.movements();
                let client = self.world.telemetry.client().await;
                client.batch_execute(&format!("BEGIN; {}", insert(&movements))).await.unwrap();
                self.open.push((client, movements));
                "a transaction begins".to_owned()
            }
            4 | 5 if !self.open.is_empty() => {
                let (client, movements) = self.open.swap_remove(self.random.random_range(0..self.open.len()));
                if self.random.random_bool(0.2) {
                    client.batch_execute("ROLLBACK").await.unwrap();
                    return "it rolls back".to_owned();
                }
                client.batch_execute("COMMIT").await.unwrap();
                self.truth.movements.extend(movements);
                "it commits".to_owned()
            }
            6 => self.change_hands().await,
            7 => self.correct().await,
            8 => {
                let name = format!("Name {}", self.random.random_range(0..1000));
                self.world.crm_sql(&format!("UPDATE crm.customers SET name = '{name}'")).await;
                "everybody is renamed".to_owned()
            }
            9 => {
                let after = Duration::from_millis(self.random.random_range(1..400));
                let _ = tokio::time::timeout(after, self.world.ask_for(Ask::Tick)).await;
                format!("a tick is dropped after {after:?}")
            }
            10 => {
                let (one, two) = tokio::join!(self.world.ask_for(Ask::Tick), self.world.ask_for(Ask::Tick));
                one.and(two).unwrap_or_else(|error| panic!("{}", error.report()));
                self.check().await;
                "two ticks at once".to_owned()
            }
            _ => {
                let ask = if self.random.random_bool(0.7) { Ask::Tick } else { Ask::Range(days()) };
                self.world.ask_for(ask).await.unwrap_or_else(|error| panic!("{}", error.report()));
                if ask == Ask::Tick {
                    self.check().await;
                }
                format!("{ask:?}")
            }
        }
    }

    /// A chip goes to somebody else, at an instant after its last change; or gets its first owner.
    async fn change_hands(&mut self) -> String {
        let chip = CHIPS[self.random.random_range(0..4)];
        let to = self.random.random_range(0..3);
        let id = customer(to);
        let Some((last, owner)) = self.truth.owners.get(chip).and_then(|owners| owners.last().copied())
        else {
            let prosthesis = &chip[5..];
            self.world
                .crm_sql(&format!(
                    "INSERT INTO crm.prostheses (id, customer_id, model_id, chip_id) VALUES
                     ('00000000-0000-0000-0000-0000000000c{prosthesis}', '{id}', '00000000-0000-0000-0000-0000000000f1', '{chip}')"
                ))
                .await;
            self.truth.owners.insert(chip, vec![(DateTime::UNIX_EPOCH, to)]);
            return format!("{chip} gets its first owner");
        };
        let at = last.max(days().from()) + TimeDelta::seconds(self.random.random_range(1..20_000));
        if owner == to || at >= days().to() {
            return "nothing".to_owned();
        }
        self.world.ask_for(Ask::Tick).await.unwrap_or_else(|error| panic!("{}", error.report()));
        let at_text = at.format("%Y-%m-%d %H:%M:%S");
        self.world
            .crm_sql(&format!(
                "UPDATE crm.prostheses SET customer_id = '{id}', updated_at = '{at_text}' WHERE chip_id = '{chip}'"
            ))
            .await;
        self.truth.owners.entry(chip).or_default().push((at, to));
        format!("{chip} changes hands at {at_text}")
    }

    /// The last change of a chip was at another instant, says the CRM.
    async fn correct(&mut self) -> String {
        let chip = CHIPS[self.random.random_range(0..4)];
        let Some(owners) = self.truth.owners.get_mut(chip).filter(|owners| owners.len() > 1) else {
            return "nothing".to_owned();
        };
        let count = owners.len();
        let former = owners[count - 2].0.max(days().from());
        let seconds = (owners[count - 1].0 - former).num_seconds();
        if seconds < 3 {
            return "nothing".to_owned();
        }
        let at = former + TimeDelta::seconds(self.random.random_range(1..seconds));
        // What the CRM says before anybody has seen it is no correction: the change has to be stored first.
        self.world.ask_for(Ask::Tick).await.unwrap_or_else(|error| panic!("{}", error.report()));
        owners[count - 1].0 = at;
        let at_text = at.format("%Y-%m-%d %H:%M:%S");
        self.world
            .crm_sql(&format!("UPDATE crm.prostheses SET updated_at = '{at_text}' WHERE chip_id = '{chip}'"))
            .await;
        format!("{chip} changed hands at {at_text} already")
    }

    async fn check(&self) {
        assert_eq!(self.world.told().await, self.truth.told());
    }
}

fn insert(movements: &[Movement]) -> String {
    let rows: Vec<String> = movements
        .iter()
        .map(|(chip, at)| format!("('{chip}', '{}')", at.format("%Y-%m-%d %H:%M:%S")))
        .collect();
    format!("INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES {}", rows.join(", "))
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

#[tokio::test]
async fn every_history_ends_with_everybody_having_exactly_their_own() {
    let replayed = number("BIONICPRO_HISTORY_SEED");
    let count = if replayed.is_some() { 1 } else { number("BIONICPRO_HISTORIES").unwrap_or(4) };
    for _ in 0..count {
        let seed = replayed.unwrap_or_else(rand::random);
        println!("BIONICPRO_HISTORY_SEED={seed}");
        let mut history = History::new(seed).await;
        for _ in 0..STEPS {
            println!("  {}", history.step().await);
        }
        for (client, _) in history.open.drain(..) {
            client.batch_execute("ROLLBACK").await.unwrap();
        }
        history.world.tick().await;
        history.check().await;
    }
}

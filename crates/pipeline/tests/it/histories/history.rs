//! A plan as it happens, to the databases and to the truth at once.

use std::sync::atomic::{AtomicU16, Ordering};

use bionicpro_model::{Kind, Result};
use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::{Ask, PipelineConfig, RunReport, RunSpec, run};
use bionicpro_sources::ChangesConfig;
use chrono::{DateTime, TimeDelta};
use tokio_postgres::Client;

use super::action::{Action, Cut, Planned};
use super::days;
use super::truth::{CHIPS, CUSTOMERS, Movement, Truth};
use crate::ways::Ways;
use crate::world::World;

/// The server holds a few prepared transactions, and other tests want some.
const MOST_OPEN: usize = 3;

/// A company under way.
pub(super) struct History<'a> {
    world: &'a World,
    changes: ChangesConfig,
    ways: Ways,
    truth: Truth,
    /// Transactions that are still open, and what they will bring.
    open: Vec<Open>,
    begun: u32,
    runs: AtomicU16,
}

struct Open {
    client: Client,
    brings: Vec<Movement>,
    /// Its name, once it is prepared.
    prepared: Option<String>,
}

impl History<'_> {
    pub(super) async fn new(world: &World, changes: ChangesConfig) -> History<'_> {
        let olga = CUSTOMERS[2];
        world
            .crm_sql(&format!(
                "INSERT INTO crm.customers (id, name, email, ldap_username)
                 VALUES ('{olga}', 'Olga', 'olga@example.com', 'olga')"
            ))
            .await;
        if changes == ChangesConfig::CreationTime {
            world.telemetry_sql("CREATE INDEX ON telemetry.raw_telemetry (created_at)").await;
        }
        let ways = Ways::of(world).await;
        let mut truth = Truth::default();
        for (chip, owner) in [(0, 0), (1, 1)] {
            truth.owners[chip].since.push((DateTime::UNIX_EPOCH, owner));
        }
        let mut history =
            History { world, changes, ways, truth, open: Vec::new(), begun: 0, runs: AtomicU16::new(0) };
        history.run(Ask::Full).await;
        history
    }

    /// As a process of its own would run it: with connections of its own, over the ways.
    async fn ask_for(&self, ask: Ask) -> Result<RunReport> {
        // Every other run reads the whole CRM, as one with many chips does.
        let few_chips = 1000 * (self.runs.fetch_add(1, Ordering::Relaxed) % 2);
        let pipeline = PipelineConfig { retries: 0, few_chips, ..PipelineConfig::default() };
        let context = self.ways.context(self.world, self.changes, &pipeline);
        run(&context, RunSpec { run: None, ask }, &Quiet).await
    }

    /// A run that has to end well, and whether it has.
    async fn run(&mut self, ask: Ask) {
        self.ask_for(ask).await.unwrap_or_else(|error| panic!("{}", error.report()));
        self.truth.needs_full &= ask == Ask::Tick;
        self.check().await;
    }

    async fn check(&self) {
        if !self.truth.needs_full {
            assert_eq!(self.world.told().await, self.truth.told());
        }
    }

    /// The last things: what is open never commits, and one more run sees all.
    pub(super) async fn end(mut self) {
        for open in 0..self.open.len() {
            self.settle(open, false).await;
        }
        self.run(Ask::Tick).await;
        self.run(Ask::Full).await;
    }

    /// Lets it happen.
    pub(super) async fn step(&mut self, action: &Action) {
        match action {
            Action::Insert(planned) => {
                let movements = movements(planned);
                self.world.telemetry_sql(&insert(&movements)).await;
                self.truth.movements.extend(movements);
            }
            Action::Duplicate { pick } => {
                if let Some((_, movement)) = self.truth.pick(*pick) {
                    self.world.telemetry_sql(&insert(&[movement])).await;
                    self.truth.movements.push(movement);
                }
            }
            Action::Delete { pick } => self.edit(*pick, None).await,
            Action::Shift { pick, to } => self.edit(*pick, Some(to.movement().1)).await,
            Action::Begin(planned) if self.open.len() < MOST_OPEN => {
                let (client, brings) = (self.world.telemetry.client().await, movements(planned));
                client.batch_execute(&format!("BEGIN; {}", insert(&brings))).await.unwrap();
                self.open.push(Open { client, brings, prepared: None });
            }
            Action::Prepare { pick } => self.prepare(*pick).await,
            Action::Commit { pick } => self.settle(*pick, true).await,
            Action::Rollback { pick } => self.settle(*pick, false).await,
            Action::ChangeHands { chip, to, after } => self.change_hands(*chip, *to, *after).await,
            Action::Correct { chip, per_mille } => self.correct(*chip, *per_mille).await,
            Action::DeleteProsthesis { chip } => self.delete_prosthesis(*chip).await,
            Action::DeleteCustomer { who } => self.delete_customer(*who).await,
            Action::Rename { number } => {
                self.world.crm_sql(&format!("UPDATE crm.customers SET name = 'Name {number}'")).await;
            }
            Action::Tick => self.run(Ask::Tick).await,
            Action::Full => self.run(Ask::Full).await,
            Action::Range => self.run(Ask::Range(days())).await,
            Action::TwoTicks => self.both(Ask::Tick, Ask::Tick).await,
            Action::TickAndRange => self.both(Ask::Tick, Ask::Range(days())).await,
            Action::Cut { way, piece, how } => self.cut(*way, *piece, *how).await,
            Action::Begin(_) => {}
        }
    }

    /// Two runs at once.
    async fn both(&mut self, one: Ask, two: Ask) {
        let (first, second) = tokio::join!(self.ask_for(one), self.ask_for(two));
        first.and(second).unwrap_or_else(|error| panic!("{}", error.report()));
        self.truth.needs_full &= two == Ask::Tick;
        self.check().await;
    }

    /// A movement goes, or comes to another time; nothing but a run that reads everything has to see it.
    async fn edit(&mut self, pick: usize, to: Option<chrono::DateTime<chrono::Utc>>) {
        let Some((at, (chip, time))) = self.truth.pick(pick) else { return };
        let row = format!(
            "ctid = (SELECT ctid FROM telemetry.raw_telemetry WHERE chip_id = '{}' AND event_time = '{}' LIMIT 1)",
            CHIPS[chip],
            time.format("%F %T")
        );
        let sql = match to {
            None => format!("DELETE FROM telemetry.raw_telemetry WHERE {row}"),
            Some(to) => {
                format!(
                    "UPDATE telemetry.raw_telemetry SET event_time = '{}' WHERE {row}",
                    to.format("%F %T")
                )
            }
        };
        self.world.telemetry_sql(&sql).await;
        self.truth.movements.swap_remove(at);
        self.truth.movements.extend(to.map(|to| (chip, to)));
        self.truth.needs_full = true;
    }

    async fn prepare(&mut self, pick: usize) {
        let Some(at) = pick.checked_rem(self.open.len()) else { return };
        let (database, number) = (&self.world.telemetry.name, self.begun);
        let open = &mut self.open[at];
        if open.prepared.is_none() {
            let name = format!("{database}_{number}");
            open.client.batch_execute(&format!("PREPARE TRANSACTION '{name}'")).await.unwrap();
            open.prepared = Some(name);
            self.begun += 1;
        }
    }

    /// A transaction commits or rolls back.
    async fn settle(&mut self, pick: usize, commits: bool) {
        let Some(at) = pick.checked_rem(self.open.len()) else { return };
        let open = self.open.swap_remove(at);
        let word = if commits { "COMMIT" } else { "ROLLBACK" };
        let sql = match &open.prepared {
            Some(name) => format!("{word} PREPARED '{name}'"),
            None => word.to_owned(),
        };
        open.client.batch_execute(&sql).await.unwrap();
        if commits {
            self.truth.movements.extend(open.brings);
        }
    }

    async fn change_hands(&mut self, chip: usize, to: usize, after: i64) {
        let owners = &self.truth.owners[chip];
        if self.truth.left[to] || owners.is_gone {
            return;
        }
        let (name, id) = (CHIPS[chip], CUSTOMERS[to]);
        let Some((last, owner)) = owners.since.last().copied() else {
            self.world
                .crm_sql(&format!(
                    "INSERT INTO crm.prostheses (id, customer_id, model_id, chip_id) VALUES
                     ('00000000-0000-0000-0000-0000000000c{}', '{id}', '00000000-0000-0000-0000-0000000000f1', '{name}')",
                    &name[5..]
                ))
                .await;
            self.truth.owners[chip].since.push((DateTime::UNIX_EPOCH, to));
            return;
        };
        let at = last.max(days().from()) + TimeDelta::seconds(after);
        if owner == to || at >= days().to() {
            return;
        }
        // The CRM says only who has it now: what it said before has to be seen before it says something else.
        self.run(Ask::Tick).await;
        let at_text = at.format("%F %T");
        self.world
            .crm_sql(&format!(
                "UPDATE crm.prostheses SET customer_id = '{id}', updated_at = '{at_text}' WHERE chip_id = '{name}'"
            ))
            .await;
        self.truth.owners[chip].since.push((at, to));
    }

    async fn correct(&mut self, chip: usize, per_mille: i32) {
        let owners = &self.truth.owners[chip];
        let [.., (former, _), (last, _)] = owners.since.as_slice() else { return };
        let former = (*former).max(days().from());
        let at = former + TimeDelta::seconds((*last - former).num_seconds() * i64::from(per_mille) / 1_000);
        if owners.is_gone || at <= former || at >= *last {
            return;
        }
        // What the CRM says before anybody has seen it is no correction.
        self.run(Ask::Tick).await;
        let sql = format!(
            "UPDATE crm.prostheses SET updated_at = '{}' WHERE chip_id = '{}'",
            at.format("%F %T"),
            CHIPS[chip]
        );
        self.world.crm_sql(&sql).await;
        if let Some(last) = self.truth.owners[chip].since.last_mut() {
            last.0 = at;
        }
    }

    async fn delete_prosthesis(&mut self, chip: usize) {
        if !self.truth.owners[chip].since.is_empty() {
            self.run(Ask::Tick).await;
            self.world
                .crm_sql(&format!("DELETE FROM crm.prostheses WHERE chip_id = '{}'", CHIPS[chip]))
                .await;
            self.truth.owners[chip].is_gone = true;
        }
    }

    async fn delete_customer(&mut self, who: usize) {
        if self.truth.left[who] {
            return;
        }
        self.run(Ask::Tick).await;
        let id = CUSTOMERS[who];
        self.world
            .crm_sql(&format!(
                "DELETE FROM crm.prostheses WHERE customer_id = '{id}'; DELETE FROM crm.customers WHERE id = '{id}'"
            ))
            .await;
        self.truth.left[who] = true;
        for owners in &mut self.truth.owners {
            owners.is_gone |= owners.since.last().is_some_and(|(_, owner)| *owner == who);
        }
    }

    /// A tick whose way ends; the run after it finds everything, whatever was left behind.
    async fn cut(&mut self, way: usize, piece: u64, how: Cut) {
        let network = self.ways.network(way);
        network.stop_at(piece, how.end());
        let drops = matches!(how, Cut::Drop | Cut::DropAndLose);
        let ended = tokio::select! {
            ended = self.ask_for(Ask::Tick) => Some(ended),
            () = network.stopped(), if drops => None,
        };
        if how == Cut::DropAndLose {
            network.reset()
        } else {
            network.go_on()
        }
        match ended {
            Some(Ok(_)) => self.check().await,
            Some(Err(error)) => assert_eq!(error.kind(), Kind::Unreachable, "{}", error.report()),
            None => {}
        }
    }
}

fn movements(planned: &[Planned]) -> Vec<Movement> {
    planned.iter().map(|planned| planned.movement()).collect()
}

fn insert(movements: &[Movement]) -> String {
    let rows: Vec<String> = movements
        .iter()
        .map(|(chip, at)| format!("('{}', '{}')", CHIPS[*chip], at.format("%F %T")))
        .collect();
    format!("INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES {}", rows.join(", "))
}

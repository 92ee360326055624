//! Plays a plan, on the databases and on the expected state at the same time.

use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::Duration;

use bionicpro_model::{Condition, Kind, Result};
use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::{PipelineConfig, PipelineContext, RunKind, RunReport, RunRequest, RunSpec, run};
use bionicpro_sources::ChangesConfig;
use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::Client;

use super::action::{Action, Cut, Planned};
use super::days;
use super::ddl::{Ddl, Layout, Obstacle};
use super::truth::{CHIPS, CUSTOMERS, Movement, Truth};
use crate::ways::Ways;
use crate::world::World;

/// Runs of all histories, and those of them that were refused because too much would have vanished.
static RUNS: AtomicU32 = AtomicU32::new(0);
static REFUSED: AtomicU32 = AtomicU32::new(0);

/// Returns the number of runs, and how many of them were refused.
pub(super) fn counted() -> (u32, u32) {
    (RUNS.load(Ordering::SeqCst), REFUSED.load(Ordering::SeqCst))
}

/// Parts of the telemetry: half a day each.
const PARTS: usize = 4;

/// The server allows only a few prepared transactions, and other tests need some.
const MOST_OPEN: usize = 3;

/// The state of a company while a plan is played.
pub(super) struct History<'a> {
    world: &'a World,
    changes: ChangesConfig,
    layout: Layout,
    /// The account with which the pipeline reads. It is not a superuser, so policies and grants apply.
    account: String,
    ways: Ways,
    truth: Truth,
    /// Transactions that are still open, and the movements that they will commit.
    open: Vec<Open>,
    begun: u32,
    runs: AtomicU16,
    /// The mart's rows after each run, with the newest version at that time.
    then: Vec<(u64, Vec<serde_json::Value>)>,
}

struct Open {
    client: Client,
    brings: Vec<Movement>,
    /// Its name, once it is prepared.
    prepared: Option<String>,
}

impl History<'_> {
    pub(super) async fn new(world: &World, changes: ChangesConfig, layout: Layout) -> History<'_> {
        let olga = CUSTOMERS[2];
        world
            .crm_sql(&format!(
                "INSERT INTO crm.customers (id, name, email, ldap_username)
                 VALUES ('{olga}', 'Olga', 'olga@example.com', 'olga')"
            ))
            .await;
        world.telemetry_sql(&tables(changes, layout)).await;
        let account = format!("reader_of_{}", world.telemetry.name);
        world
            .telemetry_sql(&format!(
                "CREATE ROLE {account} LOGIN PASSWORD 'p'; GRANT pg_read_all_stats TO {account};
                 GRANT USAGE ON SCHEMA telemetry TO {account};
                 GRANT SELECT ON ALL TABLES IN SCHEMA telemetry TO {account}"
            ))
            .await;
        let ways = Ways::of(world).await;
        let mut truth = Truth::default();
        for (chip, owner) in [(0, 0), (1, 1)] {
            truth.owners[chip].since.push((DateTime::UNIX_EPOCH, owner));
        }
        if layout == Layout::Inherited {
            truth.away.insert(0, Vec::new());
        }
        let runs = AtomicU16::new(0);
        let mut history = History {
            world,
            changes,
            layout,
            account,
            ways,
            truth,
            open: Vec::new(),
            begun: 0,
            runs,
            then: Vec::new(),
        };
        history.run(RunRequest::Full).await;
        history
    }

    /// Runs the pipeline like a separate process: with its own, proxied connections.
    async fn ask_for(&self, ask: RunRequest) -> Result<RunReport> {
        let outcome = run(&self.context(), RunSpec { run: None, ask }, &Quiet).await;
        RUNS.fetch_add(1, Ordering::SeqCst);
        match outcome {
            // An empty or much smaller source is refused at first: an operator checks, and confirms.
            Err(error) if error.is(Condition::TooMuchVanished) => {
                REFUSED.fetch_add(1, Ordering::SeqCst);
                let context = self.context().confirming_vanished(u64::MAX);
                run(&context, RunSpec { run: None, ask }, &Quiet).await
            }
            outcome => outcome,
        }
    }

    fn context(&self) -> PipelineContext {
        // Every other run reads the whole CRM, as a run with many chips does.
        let few_chips = 1000 * (self.runs.fetch_add(1, Ordering::Relaxed) % 2);
        let pipeline = PipelineConfig { retries: 0, few_chips, ..PipelineConfig::default() };
        self.ways.context_as(self.world, self.changes, &pipeline, Some(&self.account))
    }

    /// Runs the pipeline, which must succeed, and checks the result.
    async fn run(&mut self, ask: RunRequest) {
        let report = self.ask_for(ask).await.unwrap_or_else(|error| panic!("{}", error.report()));
        self.truth.needs_full &= report.kind == Some(RunKind::Incremental);
        self.check().await;
    }

    async fn check(&mut self) {
        let newest = "SELECT toUInt64(max(etl_runs.version)) AS newest, toString(argMax(kind, etl_runs.version)) AS kind FROM etl_runs
            WHERE (step = 'load_to_clickhouse' AND state = 'done') OR (step = 'extract_telemetry_data' AND state = 'skipped')";
        let newest = self.world.ask(newest).await.remove(0);
        // Rows that a backfill has loaded are visible in the history from the next incremental run on.
        if newest["kind"] != "range" {
            self.then.push((newest["newest"].as_u64().unwrap(), self.said("ml_hourly_stats").await));
        }
        if !self.truth.needs_full {
            assert_eq!(self.world.told().await, self.truth.told());
        }
    }

    /// Ends the history: open transactions are rolled back, and final runs see everything.
    pub(super) async fn end(mut self) {
        for open in 0..self.open.len() {
            self.settle(open, false).await;
        }
        self.run(RunRequest::Incremental).await;
        self.run(RunRequest::Full).await;
        for (version, then) in &self.then {
            let seconds = format!("{}.{:06}", version / 1_000_000, version % 1_000_000);
            let view = format!("ml_hourly_stats_as_of(as_of = toDateTime64('{seconds}', 6, 'UTC'))");
            assert_eq!(self.said(&view).await, *then, "as of {seconds}");
        }
    }

    /// Returns the rows of a view of the mart, without names and versions.
    async fn said(&self, view: &str) -> Vec<serde_json::Value> {
        let sql = format!(
            "SELECT * EXCEPT (version, prosthesis_model, avg_response_time, avg_battery_level), avg_response_time,
                avg_battery_level FROM {view} ORDER BY user_id, hour, prosthesis_id"
        );
        self.world.ask(&sql).await
    }

    /// Performs an action.
    pub(super) async fn step(&mut self, action: &Action) {
        match action {
            Action::Insert(planned) => {
                let (there, away) = self.sorted(movements(planned));
                self.insert_away(away).await;
                self.world.telemetry_sql(&insert(&there)).await;
                self.truth.movements.extend(there);
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
                let (client, (brings, _)) =
                    (self.world.telemetry.client().await, self.sorted(movements(planned)));
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
            Action::Tick => self.run(RunRequest::Incremental).await,
            Action::Full => self.run(RunRequest::Full).await,
            Action::Range => self.run(RunRequest::Range(days())).await,
            Action::TwoTicks => self.both(RunRequest::Incremental, RunRequest::Incremental).await,
            Action::TickAndRange => self.both(RunRequest::Incremental, RunRequest::Range(days())).await,
            Action::Cut { way, piece, how } => self.cut(*way, *piece, *how).await,
            Action::Change { ddl } => self.change(*ddl, None).await,
            Action::ChangeBeside { ddl, is_full } => {
                self.change(*ddl, Some(if *is_full { RunRequest::Full } else { RunRequest::Incremental }))
                    .await;
            }
            Action::Detach { pick } => self.detach(*pick).await,
            Action::Attach { pick } => self.attach(*pick).await,
            Action::Obstruct { obstacle } => self.obstruct(*obstacle).await,
            Action::Truncate => self.truncate().await,
            Action::Begin(_) => {}
        }
    }

    /// Performs two runs at once.
    async fn both(&mut self, one: RunRequest, two: RunRequest) {
        let (first, second) = tokio::join!(self.ask_for(one), self.ask_for(two));
        let reports = [first, second].map(|run| run.unwrap_or_else(|error| panic!("{}", error.report())));
        self.truth.needs_full &= reports.iter().all(|report| report.kind == Some(RunKind::Incremental));
        self.check().await;
    }

    /// Deletes a movement, or moves it to another time. Only a run that reads everything has to detect this.
    async fn edit(&mut self, pick: usize, to: Option<chrono::DateTime<chrono::Utc>>) {
        let Some((at, (chip, time))) = self.truth.pick(pick) else { return };
        if to.is_some_and(|to| self.truth.away.contains_key(&self.part(to))) {
            return;
        }
        let row = format!(
            "(tableoid, ctid) = (SELECT tableoid, ctid FROM telemetry.raw_telemetry WHERE chip_id = '{}' AND event_time = '{}' LIMIT 1)",
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

    /// Returns the part that a movement belongs to.
    fn part(&self, at: DateTime<Utc>) -> usize {
        match self.layout {
            Layout::Partitioned => {
                usize::try_from((at - days().from()).num_hours() / 12).unwrap().min(PARTS - 1)
            }
            // In the other layouts no part is ever detached.
            _ => PARTS,
        }
    }

    /// Splits movements into those that the table can take, and those of detached parts.
    fn sorted(&self, movements: Vec<Movement>) -> (Vec<Movement>, Vec<Movement>) {
        movements.into_iter().partition(|(_, at)| !self.truth.away.contains_key(&self.part(*at)))
    }

    /// Inserts movements into detached parts, which take rows like any table. A table that may inherit takes
    /// any movement.
    async fn insert_away(&mut self, movements: Vec<Movement>) {
        for (chip, at) in movements {
            let part = self.part(at);
            let sql =
                insert(&[(chip, at)]).replace("telemetry.raw_telemetry", &format!("telemetry.part_{part}"));
            self.world.telemetry_sql(&sql).await;
            self.truth.away.entry(part).or_default().push((chip, at));
        }
    }

    async fn detach(&mut self, pick: usize) {
        let part = pick % PARTS;
        match self.layout {
            Layout::Partitioned if !self.truth.away.contains_key(&part) && self.open.is_empty() => {
                self.world
                    .telemetry_sql(&format!(
                        "ALTER TABLE telemetry.raw_telemetry DETACH PARTITION telemetry.part_{part}"
                    ))
                    .await;
                let (left, stay) = std::mem::take(&mut self.truth.movements)
                    .into_iter()
                    .partition(|(_, at)| self.part(*at) == part);
                self.truth.movements = stay;
                self.truth.away.insert(part, left);
                self.truth.needs_full = true;
            }
            // Its rows leave the telemetry with it: they are read from the detached table and removed from
            // the expected state.
            Layout::Inherited if self.truth.away.is_empty() && self.open.is_empty() => {
                let sql = "ALTER TABLE telemetry.part_0 NO INHERIT telemetry.raw_telemetry; SELECT chip_id, event_time FROM telemetry.part_0";
                self.world.telemetry_sql(sql).await;
                let rows = "SELECT chip_id, extract(epoch FROM event_time)::bigint FROM telemetry.part_0";
                let mut left = Vec::new();
                for row in self.world.telemetry.client().await.query(rows, &[]).await.unwrap() {
                    let chip = CHIPS.iter().position(|chip| *chip == row.get::<_, &str>(0)).unwrap();
                    let movement = (chip, DateTime::from_timestamp(row.get(1), 0).unwrap());
                    let at = self.truth.movements.iter().position(|known| *known == movement).unwrap();
                    self.truth.movements.swap_remove(at);
                    left.push(movement);
                }
                self.truth.away.insert(0, left);
                self.truth.needs_full = true;
            }
            _ => {}
        }
    }

    async fn attach(&mut self, pick: usize) {
        let Some(at) = pick.checked_rem(self.truth.away.len()) else { return };
        if !self.open.is_empty() {
            return;
        }
        let part = *self.truth.away.keys().nth(at).unwrap();
        if self.layout == Layout::Inherited {
            let movement =
                (pick % CHIPS.len(), days().from() + TimeDelta::minutes(i64::try_from(pick).unwrap()));
            let sql = insert(&[movement]).replace("telemetry.raw_telemetry", "telemetry.part_0");
            let inherit = "ALTER TABLE telemetry.part_0 INHERIT telemetry.raw_telemetry";
            self.world.telemetry_sql(&format!("{sql}; {inherit}")).await;
            self.truth.away.entry(0).or_default().push(movement);
        } else {
            self.world.telemetry_sql(&attach(part)).await;
        }
        // An incremental run finds them, however old they are.
        self.truth.movements.extend(self.truth.away.remove(&part).unwrap());
    }

    /// Changes a table, concurrently with a run or between two.
    async fn change(&mut self, ddl: Ddl, beside: Option<RunRequest>) {
        self.begun += 1;
        let Some(sql) = ddl.sql(self.layout, self.begun) else { return };
        if !ddl.is_of_crm() && !self.open.is_empty() {
            return;
        }
        // A detached part would no longer fit.
        if matches!(ddl, Ddl::Retype | Ddl::ErrorCodes) && !self.truth.away.is_empty() {
            return;
        }
        let database = if ddl.is_of_crm() { &self.world.crm } else { &self.world.telemetry };
        let client = database.client().await;
        let Some(ask) = beside else {
            client.batch_execute(&format!("BEGIN; {sql} COMMIT")).await.unwrap();
            return;
        };
        // The lock is taken first, so the run waits at its very beginning.
        client.batch_execute(&format!("BEGIN; {sql}")).await.unwrap();
        let committing = async {
            tokio::time::sleep(Duration::from_millis(60)).await;
            client.batch_execute("COMMIT").await.unwrap();
        };
        let (report, ()) = tokio::join!(self.ask_for(ask), committing);
        let report = report.unwrap_or_else(|error| panic!("{ddl:?}: {}", error.report()));
        self.truth.needs_full &= report.kind == Some(RunKind::Incremental);
        self.check().await;
    }

    async fn obstruct(&mut self, obstacle: Obstacle) {
        if !self.open.is_empty() {
            return;
        }
        let (there, away) = obstacle.sql(&self.account);
        let before = self.world.told().await;
        self.world.telemetry_sql(&there).await;
        for ask in [RunRequest::Incremental, RunRequest::Full] {
            let error = run(&self.context(), RunSpec { run: None, ask }, &Quiet).await.unwrap_err();
            assert!(matches!(error.kind(), Kind::Config | Kind::Data), "{obstacle:?}: {}", error.report());
            assert!(error.hint_text().is_some(), "{obstacle:?}: {}", error.report());
        }
        assert_eq!(self.world.told().await, before, "{obstacle:?}");
        self.world.telemetry_sql(&away).await;
    }

    async fn truncate(&mut self) {
        if self.open.is_empty() {
            self.world.telemetry_sql("TRUNCATE telemetry.raw_telemetry").await;
            self.truth.movements.clear();
            // The next run of any kind detects this, because the table has a new file.
        }
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

    /// Commits or rolls back a transaction.
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
        // The CRM holds only the present owner: a run has to read it before it is changed again.
        self.run(RunRequest::Incremental).await;
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
        // A change of the CRM before a run has read the old value is not a correction.
        self.run(RunRequest::Incremental).await;
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
            self.run(RunRequest::Incremental).await;
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
        self.run(RunRequest::Incremental).await;
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

    /// Cuts the connection of an incremental run; the next run finds everything, whatever state was left
    /// behind.
    async fn cut(&mut self, way: usize, piece: u64, how: Cut) {
        let network = self.ways.network(way);
        network.stop_at(piece, how.end());
        let drops = matches!(how, Cut::Drop | Cut::DropAndLose);
        let ended = tokio::select! {
            ended = self.ask_for(RunRequest::Incremental) => Some(ended),
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

/// Returns the statements that turn the plain table into the tables of a layout.
fn tables(changes: ChangesConfig, layout: Layout) -> String {
    let by_time = match changes {
        ChangesConfig::CreationTime => "CREATE INDEX ON telemetry.raw_telemetry (created_at);",
        _ => "",
    };
    let rest = match layout {
        Layout::Plain => String::new(),
        Layout::Kept => "
            CREATE FUNCTION telemetry.keep() RETURNS trigger LANGUAGE plpgsql
                AS 'BEGIN NEW.inserted_by := pg_current_xact_id(); RETURN NEW; END';
            CREATE TRIGGER zz_keep BEFORE INSERT OR UPDATE ON telemetry.raw_telemetry
                FOR EACH ROW EXECUTE FUNCTION telemetry.keep();
            ALTER TABLE telemetry.raw_telemetry ENABLE ALWAYS TRIGGER zz_keep"
            .to_owned(),
        Layout::Inherited => "
            CREATE TABLE telemetry.part_0 (LIKE telemetry.raw_telemetry INCLUDING ALL)"
            .to_owned(),
        Layout::Partitioned => {
            let parts: String = (0..PARTS)
                .map(|part| {
                    format!(
                        "CREATE TABLE telemetry.part_{part} (LIKE telemetry.plain INCLUDING DEFAULTS); {};",
                        attach(part)
                    )
                })
                .collect();
            format!(
                "ALTER TABLE telemetry.raw_telemetry RENAME TO plain;
                 CREATE TABLE telemetry.raw_telemetry (LIKE telemetry.plain INCLUDING DEFAULTS) PARTITION BY RANGE (event_time);
                 CREATE INDEX ON telemetry.raw_telemetry (chip_id, event_time);
                 CREATE INDEX ON telemetry.raw_telemetry (event_time);
                 CREATE INDEX ON telemetry.raw_telemetry (inserted_by);
                 CREATE INDEX ON telemetry.raw_telemetry (created_at);
                 {parts}"
            )
        }
    };
    format!("{by_time} {rest}")
}

fn attach(part: usize) -> String {
    let bound =
        |part: usize| (days().from() + TimeDelta::hours(12 * i64::try_from(part).unwrap())).format("%F %T");
    format!(
        "ALTER TABLE telemetry.raw_telemetry ATTACH PARTITION telemetry.part_{part} FOR VALUES FROM ('{}') TO ('{}')",
        bound(part),
        bound(part + 1)
    )
}

fn insert(movements: &[Movement]) -> String {
    if movements.is_empty() {
        return "SELECT 1".to_owned();
    }
    let rows: Vec<String> = movements
        .iter()
        .map(|(chip, at)| format!("('{}', '{}')", CHIPS[*chip], at.format("%F %T")))
        .collect();
    format!("INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES {}", rows.join(", "))
}

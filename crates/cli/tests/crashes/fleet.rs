//! Sources that change all the time: rows are inserted and deleted, customers renamed, prostheses
//! transferred.

use std::collections::BTreeMap;

use bionicpro_model::hours::midnight;
use bionicpro_testing::TestDatabase;
use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

const PEOPLE: usize = 4;
const CHIPS: usize = 8;
/// The number of rows before the first run.
const FIRST_ROWS: usize = 2_000;
const DAYS: i64 = 2;

const PEOPLE_SQL: &str = "
    INSERT INTO crm.prosthesis_models (id, name) VALUES ('00000000-0000-0000-0000-0000000000f1', 'Grip Pro');
    INSERT INTO crm.customers (id, name, email)
    SELECT ('00000000-0000-0000-0000-0000000000a' || g)::uuid, 'Name-' || g, g || '@example.com' FROM generate_series(0, 3) AS g;
    INSERT INTO crm.prostheses (id, customer_id, model_id, chip_id)
    SELECT ('00000000-0000-0000-0000-0000000000c' || g)::uuid, ('00000000-0000-0000-0000-0000000000a' || g % 4)::uuid,
           '00000000-0000-0000-0000-0000000000f1', 'CHIP-' || g FROM generate_series(0, 7) AS g";

/// The sources, and their expected state.
pub(crate) struct Fleet {
    pub(crate) crm: TestDatabase,
    pub(crate) telemetry: TestDatabase,
    /// The first instant of the telemetry: some days ago, so that full runs reach it.
    from: DateTime<Utc>,
    /// The owners of each chip, each with the start of the ownership.
    owners: Vec<Vec<(DateTime<Utc>, usize)>>,
    /// Chips transferred since the last successful run, with the time and the former owner: a second transfer
    /// before the next run would never be seen.
    moved: BTreeMap<usize, (DateTime<Utc>, usize)>,
    /// Set when rows were deleted or edited, which only a run that reads everything sees.
    pub(crate) needs_full: bool,
}

impl Fleet {
    pub(crate) async fn new(random: &mut ChaCha8Rng) -> Fleet {
        let postgres = bionicpro_testing::postgres();
        let fleet = Fleet {
            crm: postgres.crm().await,
            telemetry: postgres.telemetry().await,
            from: midnight(Utc::now().date_naive()) - TimeDelta::days(DAYS + 1),
            owners: (0..CHIPS).map(|chip| vec![(DateTime::UNIX_EPOCH, chip % PEOPLE)]).collect(),
            moved: BTreeMap::new(),
            needs_full: false,
        };
        execute(&fleet.crm, PEOPLE_SQL).await;
        fleet.insert(random, FIRST_ROWS).await;
        fleet
    }

    /// The days of all telemetry, for `--from` and `--to`.
    pub(crate) fn days(&self) -> [String; 2] {
        [self.from, self.from + TimeDelta::days(DAYS)].map(|at| at.format("%Y-%m-%d").to_string())
    }

    /// Inserts new rows, and sometimes makes another change.
    pub(crate) async fn change(&mut self, random: &mut ChaCha8Rng) {
        let rows = random.random_range(1..30);
        self.insert(random, rows).await;
        match random.random_range(0..8) {
            0 => {
                let (person, name) = (random.random_range(0..PEOPLE), random.random_range(0..1_000));
                let id = user(person);
                execute(
                    &self.crm,
                    &format!("UPDATE crm.customers SET name = 'Name-{name}' WHERE id = '{id}'"),
                )
                .await;
            }
            1 | 2 => self.change_hands(random).await,
            3 => {
                self.needs_full = true;
                let some = "id IN (SELECT id FROM telemetry.raw_telemetry ORDER BY md5(id::text) LIMIT 10)";
                execute(&self.telemetry, &format!("DELETE FROM telemetry.raw_telemetry WHERE {some}")).await;
            }
            4 => {
                self.needs_full = true;
                let some =
                    "id IN (SELECT id FROM telemetry.raw_telemetry ORDER BY md5(id::text) DESC LIMIT 10)";
                execute(
                    &self.telemetry,
                    &format!("UPDATE telemetry.raw_telemetry SET battery_level = 7 WHERE {some}"),
                )
                .await;
            }
            _ => {}
        }
    }

    async fn insert(&self, random: &mut ChaCha8Rng, rows: usize) {
        let values: Vec<String> = (0..rows)
            .map(|_| {
                let at = self.from + TimeDelta::seconds(random.random_range(0..DAYS * 86_400));
                let reading = |value: i32| if value < 5 { "NULL".to_owned() } else { value.to_string() };
                format!(
                    "('CHIP-{}', '{}', {}, {}, {})",
                    random.random_range(0..CHIPS),
                    at.format("%Y-%m-%d %H:%M:%S"),
                    reading(random.random_range(0..100)),
                    reading(random.random_range(0..100)),
                    if random.random_bool(0.1) { "'E7'" } else { "NULL" },
                )
            })
            .collect();
        let insert = "INSERT INTO telemetry.raw_telemetry (chip_id, event_time, response_time_ms, battery_level, error_code)";
        execute(&self.telemetry, &format!("{insert} VALUES {}", values.join(", "))).await;
    }

    async fn change_hands(&mut self, random: &mut ChaCha8Rng) {
        let (chip, to) = (random.random_range(0..CHIPS), random.random_range(0..PEOPLE));
        let Some((last, owner)) = self.owners[chip].last().copied() else { return };
        let at = last.max(self.from) + TimeDelta::seconds(random.random_range(1..20_000));
        if owner == to || self.moved.contains_key(&chip) || at >= self.from + TimeDelta::days(DAYS) {
            return;
        }
        let (id, text) = (user(to), at.format("%Y-%m-%d %H:%M:%S"));
        execute(
            &self.crm,
            &format!(
                "UPDATE crm.prostheses SET customer_id = '{id}', updated_at = '{text}' WHERE chip_id = 'CHIP-{chip}'"
            ),
        )
        .await;
        self.owners[chip].push((at, to));
        self.moved.insert(chip, (at, owner));
    }

    /// Records that a successful run has seen all changes.
    pub(crate) fn was_seen(&mut self, was_full: bool) {
        self.moved.clear();
        self.needs_full &= !was_full;
    }

    /// The expected rows of the mart, in order.
    pub(crate) async fn expected(&self) -> Vec<String> {
        let owners = self.owners.iter().enumerate().flat_map(|(chip, owners)| {
            owners.iter().enumerate().map(move |(at, (from, owner))| {
                let to = owners.get(at + 1).map_or("infinity".to_owned(), |(to, _)| text(*to));
                let id = user(*owner);
                format!(
                    "('CHIP-{chip}', timestamp '{}', timestamp '{to}', '{id}', '00000000-0000-0000-0000-0000000000c{chip}')",
                    text(*from)
                )
            })
        });
        let owners: Vec<String> = owners.collect();
        let names = self.crm.client().await.query("SELECT id::text, name FROM crm.customers", &[]).await;
        let people: Vec<String> = names
            .unwrap()
            .iter()
            .map(|row| format!("('{}', '{}')", row.get::<_, &str>(0), row.get::<_, &str>(1)))
            .collect();
        let sql = include_str!("recompute.sql")
            .replace("{owners}", &owners.join(", "))
            .replace("{people}", &people.join(", "));
        let rows = self.telemetry.client().await.query(&sql, &[]).await.unwrap();
        let mut lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        lines.sort();
        lines
    }

    /// Returns true if a person may see this hour of a chip: it is theirs, or was theirs until the last
    /// change of the CRM.
    pub(crate) fn may_see(&self, who: &str, chip: usize, hour: DateTime<Utc>) -> bool {
        let end = hour + TimeDelta::hours(1);
        let owners = &self.owners[chip];
        let is_owner = owners.iter().enumerate().any(|(at, (from, owner))| {
            let until = owners.get(at + 1).map_or(DateTime::<Utc>::MAX_UTC, |(to, _)| *to);
            user(*owner) == who && *from < end && hour < until
        });
        is_owner || self.moved.get(&chip).is_some_and(|(at, former)| user(*former) == who && *at < end)
    }
}

fn user(person: usize) -> String {
    format!("00000000-0000-0000-0000-0000000000a{person}")
}

fn text(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

async fn execute(database: &TestDatabase, sql: &str) {
    database.client().await.batch_execute(sql).await.unwrap();
}

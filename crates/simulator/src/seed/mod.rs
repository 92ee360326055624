//! Fills both source databases with a fleet: the same seed and end give the same rows, however many connections write.

mod crm;
mod telemetry;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bionicpro_model::hours::floor_to_hour;
use bionicpro_model::{Error, Kind, Result, SecretUrl};
use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::Client;

use crate::connection::{self, database_error};
use crate::people::Fleet;
use crate::schema::{self, Layout};

/// Ten years: more is a slip of the keyboard.
const MAX_DAYS: u32 = 3_660;
/// More than one movement a second, day and night, is none of a hand.
const MAX_MOVEMENTS_PER_DAY: u32 = 86_400;
/// A fleet's people are held in memory.
const MAX_USERS: u32 = 1_000_000;

/// What to do when the databases already hold rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// Refuse to touch them.
    #[default]
    Refuse,
    /// Add movements; customers and prostheses that exist stay as they are.
    Append,
    /// Remove all rows of the source tables first.
    Replace,
}

/// What fleet to make.
#[derive(Debug, Clone)]
pub struct SeedOptions {
    /// People in the CRM; the five demo accounts are among them, so fewer than five make five.
    pub users: u32,
    /// Days of telemetry.
    pub days: u32,
    /// The same seed gives the same fleet.
    pub seed: u64,
    /// The end of the telemetry, cut to the hour; nothing is at or after it.
    pub until: DateTime<Utc>,
    /// Movements of a prosthesis on an average day.
    pub movements_per_day: u32,
    /// Connections that write telemetry at the same time.
    pub connections: u16,
    /// What to do when the databases already hold rows.
    pub existing: Existing,
    /// How the telemetry table is laid out where it does not exist yet.
    pub layout: Layout,
}

impl SeedOptions {
    /// Fifty people, thirty days, two connections, into empty databases.
    pub fn new(until: DateTime<Utc>) -> Self {
        SeedOptions {
            users: 50,
            days: 30,
            seed: 1,
            until,
            movements_per_day: 400,
            connections: 2,
            existing: Existing::Refuse,
            layout: Layout::Plain,
        }
    }

    fn check(&self) -> Result<()> {
        let limits = [
            ("days", self.days, MAX_DAYS),
            ("movements per day", self.movements_per_day, MAX_MOVEMENTS_PER_DAY),
            ("connections", u32::from(self.connections), 64),
            ("users", self.users, MAX_USERS),
        ];
        for (name, value, most) in limits {
            if value == 0 || value > most {
                return Err(Error::new(Kind::Usage, "a number is out of range")
                    .detail(format!("{name}: {value}"))
                    .hint(format!("choose 1 to {most}")));
            }
        }
        let first = self.until.checked_sub_signed(TimeDelta::days(i64::from(self.days)));
        match first.filter(|first| *first >= DateTime::UNIX_EPOCH) {
            Some(_) => Ok(()),
            None => Err(Error::new(Kind::Usage, "the telemetry would begin before 1970")
                .hint("choose fewer days or a later end")),
        }
    }
}

/// What was written.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Seeded {
    /// Customers of the fleet.
    pub customers: usize,
    /// Prostheses of the fleet.
    pub prostheses: usize,
    /// Chips that send telemetry, with those that nobody owns.
    pub chips: usize,
    /// Rows of telemetry.
    pub movements: u64,
    /// The first hour.
    pub from: DateTime<Utc>,
    /// The end, which has no telemetry.
    pub to: DateTime<Utc>,
    /// From the first connection to the last index.
    pub elapsed: Duration,
    /// The part of it that wrote telemetry rows, without indexes and statistics.
    pub copying: Duration,
}

/// Told how many rows of how many are written.
pub type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// Fills both databases; creates the tables where they are missing.
///
/// An interrupted call leaves a part of the rows: call again with [`Existing::Replace`].
///
/// # Errors
/// [`Kind::Usage`] when there are rows already and `existing` refuses them, or a number is out of range;
/// otherwise what the databases say.
pub async fn seed(
    crm: &SecretUrl,
    telemetry: &SecretUrl,
    options: &SeedOptions,
    progress: Progress,
) -> Result<Seeded> {
    options.check()?;
    let start = Instant::now();
    let to = floor_to_hour(options.until);
    let from = to - TimeDelta::days(i64::from(options.days));
    schema::apply_crm(crm).await?;
    schema::apply_table(telemetry, options.layout).await?;
    let crm_client = connection::open(crm).await?;
    let telemetry_client = connection::open(telemetry).await?;
    make_room(
        &crm_client,
        crm,
        "crm.customers",
        "crm.prostheses, crm.prosthesis_models, crm.customers",
        options,
    )
    .await?;
    let table = "telemetry.raw_telemetry";
    make_room(&telemetry_client, telemetry, table, table, options).await?;

    let fleet = Arc::new(Fleet::new(options.seed, options.users, to));
    let mut crm_client = crm_client;
    crm::write(&mut crm_client, &fleet)
        .await
        .map_err(|error| database_error("the CRM rows cannot be written", crm, error))?;
    drop(crm_client);
    let written =
        telemetry::write(telemetry, &telemetry_client, Arc::clone(&fleet), (from, to), options, progress)
            .await?;
    Ok(Seeded {
        customers: fleet.customers.len(),
        prostheses: fleet.prostheses.len(),
        chips: fleet.chips.len(),
        movements: written.rows,
        from,
        to,
        elapsed: start.elapsed(),
        copying: written.copying,
    })
}

/// Refuses, keeps or removes the rows that a database already holds.
async fn make_room(
    client: &Client,
    url: &SecretUrl,
    table: &str,
    all: &str,
    options: &SeedOptions,
) -> Result<()> {
    let failed = |error| database_error("the tables cannot be read", url, error);
    match options.existing {
        Existing::Append => return Ok(()),
        Existing::Replace => {
            let truncate = format!("TRUNCATE {all} RESTART IDENTITY");
            return client.batch_execute(&truncate).await.map_err(failed);
        }
        Existing::Refuse => {}
    }
    let row = client.query_one(&format!("SELECT EXISTS (SELECT FROM {table})"), &[]).await.map_err(failed)?;
    match row.get::<_, bool>(0) {
        false => Ok(()),
        true => Err(Error::new(Kind::Usage, "the database already holds data")
            .detail(format!("{table} at {}", url.address()))
            .hint("add --append to add to it, or --fresh to remove all of its rows first")),
    }
}

//! Fills both source databases with a fleet: the same seed and end give the same rows, for any number of
//! connections.

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

/// Ten years; a larger number is taken for a typing error.
const MAX_DAYS: u32 = 3_660;
/// One movement a second, day and night; no hand moves more.
const MAX_MOVEMENTS_PER_DAY: u32 = 86_400;
/// The limit on people, who are kept in memory.
const MAX_USERS: u32 = 1_000_000;

/// The treatment of rows that the databases already contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// Refuse to seed.
    #[default]
    Refuse,
    /// Add movements and missing people; existing customers and prostheses are left unchanged.
    Append,
    /// Remove all rows of the source tables first.
    Replace,
}

/// The options of a seeded fleet.
#[derive(Debug, Clone)]
pub struct SeedOptions {
    /// People in the CRM, including the five demo accounts: at least five are created.
    pub users: u32,
    /// Days of telemetry.
    pub days: u32,
    /// The same seed gives the same fleet.
    pub seed: u64,
    /// The end of the telemetry, rounded down to the hour; no row is at or after it.
    pub until: DateTime<Utc>,
    /// Movements of a prosthesis on an average day.
    pub movements_per_day: u32,
    /// Connections that write telemetry concurrently.
    pub connections: u16,
    /// The treatment of existing rows.
    pub existing: Existing,
    /// The layout of the telemetry table if it does not exist yet.
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

/// The result of seeding.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Seeded {
    /// Customers of the fleet.
    pub customers: usize,
    /// Prostheses of the fleet.
    pub prostheses: usize,
    /// Chips that send telemetry, including those without an owner.
    pub chips: usize,
    /// Rows of telemetry.
    pub movements: u64,
    /// The first hour.
    pub from: DateTime<Utc>,
    /// The end, which is not included.
    pub to: DateTime<Utc>,
    /// The time from the first connection to the last index.
    pub elapsed: Duration,
    /// The part of `elapsed` spent on writing telemetry rows, without indexes and statistics.
    pub copying: Duration,
}

/// A callback with the number of rows written so far and the total.
pub type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// Fills both databases; creates missing tables.
///
/// An interrupted call leaves some of the rows: call again with [`Existing::Replace`].
///
/// # Errors
/// [`Kind::Usage`] if the databases already contain rows and `existing` is [`Existing::Refuse`], or a number
/// is out of range; otherwise the databases' errors.
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

/// Refuses, keeps or removes the rows that a database already contains.
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

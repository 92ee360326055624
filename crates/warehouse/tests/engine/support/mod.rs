//! A migrated temporary database on the real engine, the accounts on it, and a client for queries that only
//! tests need.

pub(crate) mod account;
pub(crate) mod rows;

use std::collections::BTreeSet;
use std::future::ready;
use std::sync::Arc;

use bionicpro_model::{HourRange, Result, Username, hours};
use bionicpro_reports::{Hours, Month};
use bionicpro_warehouse::load::{self, LoadSpec, Tombstones};
use bionicpro_warehouse::state::{self, DimensionState};
use bionicpro_warehouse::{Config, MartReader, Warehouse};
use bytes::Bytes;
use clickhouse::Client;
use futures_util::stream;

use self::rows::{MartRow, parquet};

/// A separate database for one test.
#[derive(Clone)]
pub(crate) struct Db {
    pub(crate) config: Config,
    pub(crate) warehouse: Warehouse,
    pub(crate) reports: MartReader,
    /// A client for statements for which the crate has no function.
    pub(crate) client: Client,
}

impl Db {
    /// Creates a fresh database without any table.
    pub(crate) async fn empty() -> Db {
        let place = bionicpro_testing::warehouse().await;
        let (url, database) = (place.url, place.database);
        let config = Config {
            url: Some(url.clone()),
            database: database.clone(),
            retention_days: 0,
            ..Config::default()
        };
        let parsed = url.expose_secret();
        let address = format!("http://{}:{}/", parsed.host_str().unwrap(), parsed.port().unwrap());
        let client = Client::default()
            .with_url(address)
            .with_user(parsed.username())
            .with_password(parsed.password().unwrap_or_default())
            .with_database(database);
        let warehouse = Warehouse::new(&config).unwrap();
        let reports = MartReader::new(&config).unwrap();
        Db { config, warehouse, reports, client }
    }

    /// Creates a fresh database with the program's schema.
    pub(crate) async fn migrated() -> Db {
        let db = Db::empty().await;
        db.warehouse.migrate(false).await.unwrap();
        db
    }

    /// Runs a load that replaces a range. Returns the number of vanished rows.
    pub(crate) async fn load(&self, rows: &[MartRow], range: HourRange, version: u64) -> u64 {
        self.insert(rows, &spec(range, version, rows)).await
    }

    /// Stores the rows of a load, without explicit tombstones. Returns the number of vanished rows.
    pub(crate) async fn insert_rows(&self, rows: &[MartRow], spec: &LoadSpec) -> u64 {
        self.store(rows, spec, &Tombstones::default()).await
    }

    /// Stores a load in the mart. Returns the number of hidden rows that the file did not contain.
    pub(crate) async fn store(&self, rows: &[MartRow], spec: &LoadSpec, hides: &Tombstones) -> u64 {
        self.try_store(rows, spec, hides).await.unwrap_or_else(|error| panic!("{}", error.report()))
    }

    /// Does the same for a load that may be refused.
    pub(crate) async fn try_store(
        &self,
        rows: &[MartRow],
        spec: &LoadSpec,
        hides: &Tombstones,
    ) -> Result<u64> {
        let file = pieces(file(rows, spec.version));
        let standing = self.standing().await;
        let stored = load::store(&self.warehouse, file, spec, &standing, hides, ready(Ok(()))).await;
        stored.map(|stored| stored.tombstones)
    }

    /// Reads the state that a load reads before it begins.
    pub(crate) async fn standing(&self) -> DimensionState {
        state::standing(&self.warehouse).await.unwrap()
    }

    /// Stores the rows of a load and creates login names for its people. Returns the number of vanished rows.
    pub(crate) async fn insert(&self, rows: &[MartRow], spec: &LoadSpec) -> u64 {
        let vanished = self.insert_rows(rows, spec).await;
        // Every person with rows gets a login name, which is the id as text.
        self.execute(
            "INSERT INTO users (user_id, ldap_username, version, is_deleted)
             SELECT DISTINCT user_id, toString(user_id), 1, 0 FROM user_prosthesis_stats",
        )
        .await;
        vanished
    }

    /// Runs a statement in the database.
    pub(crate) async fn execute(&self, sql: &str) {
        self.client.query_raw(sql).execute().await.unwrap();
    }

    /// Returns the only value of a query in the database.
    pub(crate) async fn count(&self, sql: &str) -> u64 {
        self.client.query_raw(sql).fetch_one::<u64>().await.unwrap()
    }
}

/// Reads the hours of a person like the Reports API.
pub(crate) async fn read(reports: &MartReader, login: &str, months: &[Month]) -> Hours {
    let (person, months) = reports.person(&Username::new(login), months).await.unwrap();
    Hours::new(Arc::new(person), months.into_iter().map(Arc::new).collect())
}

/// Returns the description of a load that replaces a range.
pub(crate) fn spec(range: HourRange, version: u64, rows: &[MartRow]) -> LoadSpec {
    LoadSpec { range: Some(range), ..tick(version, rows) }
}

/// Returns the description of a load of single cells.
pub(crate) fn tick(version: u64, rows: &[MartRow]) -> LoadSpec {
    let days: BTreeSet<_> = rows.iter().map(|row| row.hour.date_naive()).collect();
    let run = format!("test-{version}").parse().unwrap();
    LoadSpec {
        run,
        range: None,
        version,
        days: days.into_iter().collect(),
        rows: rows.len() as u64,
        tombstones: 0,
    }
}

/// Returns the file of a load, whose rows all have its version.
pub(crate) fn file(rows: &[MartRow], version: u64) -> Vec<u8> {
    let versioned: Vec<_> = rows.iter().cloned().map(|row| MartRow { version, ..row }).collect();
    parquet(&versioned)
}

/// Parses a range whose ends are `2024-01-15` or `2024-01-15T08:00:00Z`.
pub(crate) fn range(from: &str, to: &str) -> HourRange {
    HourRange::new(hours::parse_instant(from).unwrap(), hours::parse_instant(to).unwrap()).unwrap()
}

/// Splits a file into pieces, as a store returns it.
pub(crate) fn pieces(
    file: Vec<u8>,
) -> impl futures_util::Stream<Item = bionicpro_model::Result<Bytes>> + Send {
    let pieces: Vec<_> = file.chunks(64 * 1024).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces)
}

//! A telemetry table for one test, and helpers that read it.

use std::collections::BTreeMap;

use bionicpro_model::hours::parse_instant;
use bionicpro_model::{Error, HourRange, Result, SecretUrl};
use bionicpro_sources::telemetry::ReadSummary;
use bionicpro_sources::{
    Baseline, CellBatch, CellRequest, ChangesConfig, Database, Form, Since, Telemetry, TelemetryConfig,
};
use bionicpro_testing::TestDatabase;
use tokio::sync::mpsc;

/// The beginning of a cell or of its part, with its chip.
pub(crate) type Place = (String, String);

pub(crate) struct Table {
    pub(crate) database: TestDatabase,
    pub(crate) config: TelemetryConfig,
}

/// The columns that the pipeline relies on, and those that the forms need.
pub(crate) const TABLE: &str = "
    CREATE SCHEMA telemetry;
    CREATE TABLE telemetry.raw_telemetry (
        id bigserial, chip_id text NOT NULL, event_time timestamp NOT NULL, response_time_ms integer,
        battery_level real, error_code text, created_at timestamptz NOT NULL DEFAULT now(),
        inserted_by xid8 NOT NULL DEFAULT pg_current_xact_id());
    CREATE INDEX ON telemetry.raw_telemetry (chip_id, event_time);
    CREATE INDEX ON telemetry.raw_telemetry (event_time);
    CREATE INDEX ON telemetry.raw_telemetry (created_at);
    CREATE INDEX inserted_by_idx ON telemetry.raw_telemetry (inserted_by);";

impl Table {
    /// Creates an empty table that allows every form.
    pub(crate) async fn new(changes: ChangesConfig) -> Table {
        let database = bionicpro_testing::postgres().database().await;
        let table = Table::at(database, changes);
        table.sql(TABLE).await;
        table
    }

    pub(crate) fn at(database: TestDatabase, changes: ChangesConfig) -> Table {
        let config =
            TelemetryConfig { url: Some(database.url.clone()), changes, ..TelemetryConfig::default() };
        Table { database, config }
    }

    pub(crate) async fn sql(&self, sql: &str) {
        self.database.client().await.batch_execute(sql).await.unwrap();
    }

    /// Inserts movements, given as `('CHIP-1', '2024-01-15 08:00:01')`.
    pub(crate) async fn moves(&self, values: &str) {
        self.sql(&insert(values)).await;
    }

    pub(crate) async fn open(&self) -> Telemetry {
        self.try_open(0).await.unwrap()
    }

    pub(crate) async fn try_open(&self, floor: u64) -> Result<Telemetry> {
        Telemetry::open(&Database::telemetry(&self.config)?, &self.config, floor).await
    }

    /// The baseline that a run would store now.
    pub(crate) async fn baseline(&self) -> Baseline {
        self.open().await.baseline(None).unwrap()
    }

    /// The cells that a later run finds since a baseline, with their movements; or the reason why the
    /// baseline is lost.
    pub(crate) async fn since(
        &self,
        baseline: &Baseline,
    ) -> std::result::Result<BTreeMap<Place, i64>, String> {
        let telemetry = self.open().await;
        match telemetry.since(baseline).await.unwrap() {
            Since::Nothing => Ok(BTreeMap::new()),
            Since::Lost(why) => Err(why),
            Since::New(new) => {
                let wanted = CellRequest { new: Some(new), ..CellRequest::nothing(ages()) };
                Ok(read(&telemetry, &wanted).await)
            }
        }
    }
}

pub(crate) fn insert(values: &str) -> String {
    format!("INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES {values}")
}

/// Reads cells, and checks that each is sent once, in its hour.
pub(crate) async fn read(telemetry: &Telemetry, wanted: &CellRequest) -> BTreeMap<Place, i64> {
    read_and_sum_up(telemetry, wanted).await.0
}

/// The same, with the summary of the read.
pub(crate) async fn read_and_sum_up(
    telemetry: &Telemetry,
    wanted: &CellRequest,
) -> (BTreeMap<Place, i64>, ReadSummary) {
    let (sender, mut batches) = mpsc::channel::<CellBatch>(4);
    let mut cells = BTreeMap::new();
    let gather = async {
        while let Some(batch) = batches.recv().await {
            for at in 0..batch.len() {
                let (hour, from) = (batch.hour[at], batch.from[at]);
                assert!(hour % 3_600_000_000 == 0 && (hour..hour + 3_600_000_000).contains(&from));
                let chip = String::from_utf8(batch.chip_id[at].to_vec()).unwrap();
                let from = chrono::DateTime::from_timestamp_micros(from).unwrap();
                let place = (from.format("%Y-%m-%d %H:%M:%S%.f").to_string(), chip);
                let again = cells.insert(place, batch.movements[at]);
                assert!(again.is_none(), "a cell was sent twice: {from} {wanted:?}");
            }
        }
    };
    let (summary, ()) = tokio::join!(telemetry.cells(wanted, sender, |_| ()), gather);
    let summary = summary.unwrap_or_else(|error| panic!("{}", error.report()));
    (cells, summary)
}

/// The error if the cells cannot be read; `None` if they can.
pub(crate) async fn read_error(telemetry: &Telemetry, wanted: &CellRequest) -> Option<Error> {
    let (sender, mut batches) = mpsc::channel(4);
    let drain = async { while batches.recv().await.is_some() {} };
    tokio::join!(telemetry.cells(wanted, sender, |_| ()), drain).0.err()
}

/// A range over every year that these tests write.
pub(crate) fn ages() -> HourRange {
    range("2000-01-01", "2040-01-01")
}

pub(crate) fn range(from: &str, to: &str) -> HourRange {
    HourRange::new(parse_instant(from).unwrap(), parse_instant(to).unwrap()).unwrap()
}

/// `chip from movements` of each cell.
pub(crate) fn told(cells: &BTreeMap<Place, i64>) -> Vec<String> {
    cells.iter().map(|((from, chip), movements)| format!("{chip} {from} {movements}")).collect()
}

/// The three forms that find new rows.
pub(crate) const FORMS: [(ChangesConfig, Form); 3] = [
    (ChangesConfig::TransactionColumn, Form::TransactionColumn),
    (ChangesConfig::CreationTime, Form::CreationTime),
    (ChangesConfig::RowXmin, Form::RowXmin),
];

/// The same database for another account.
pub(crate) fn as_user(url: &SecretUrl, user: &str, password: &str) -> SecretUrl {
    let mut url = url.expose_secret().clone();
    url.set_username(user).unwrap();
    url.set_password(Some(password)).unwrap();
    SecretUrl::parse(url.as_str()).unwrap()
}

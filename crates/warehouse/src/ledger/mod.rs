//! The ledger `etl_runs`: one row per run, step, attempt and state. An entry is written after the work that
//! it records.

mod listed;
mod outline;
mod row;
mod text;

use bionicpro_model::{Error, HourRange, Kind, Result, RunId};
use chrono::{DateTime, Utc};
use clickhouse::query::Query;
use serde::Serialize;

pub use self::listed::{Listed, Unread};
pub use self::outline::{Outcome, Outline};
pub(crate) use self::row::Row;
use crate::Warehouse;

/// The error message of a load whose totals in the mart differ from those staged. No other error has this
/// message, and ledgers store it.
pub const MART_DIFFERS: &str = "the mart does not answer what was loaded";

/// The four steps of a run, by the orchestrator's task names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Reads the CRM.
    ExtractCrmData,
    /// Reads and aggregates the telemetry.
    ExtractTelemetryData,
    /// Joins both.
    TransformAndJoin,
    /// Loads the mart. Its `done` entry moves the horizon.
    LoadToClickhouse,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Step; 4] =
        [Step::ExtractCrmData, Step::ExtractTelemetryData, Step::TransformAndJoin, Step::LoadToClickhouse];

    /// The task's name in the orchestrator and in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Step::ExtractCrmData => "extract_crm_data",
            Step::ExtractTelemetryData => "extract_telemetry_data",
            Step::TransformAndJoin => "transform_and_join",
            Step::LoadToClickhouse => "load_to_clickhouse",
        }
    }
}

/// The state of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It began.
    Started,
    /// It succeeded.
    Done,
    /// It failed; the entry has the error.
    Failed,
    /// There was nothing new to do.
    Skipped,
}

impl State {
    /// Every state.
    pub const ALL: [State; 4] = [State::Started, State::Done, State::Failed, State::Skipped];

    /// The state's name in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Started => "started",
            State::Done => "done",
            State::Failed => "failed",
            State::Skipped => "skipped",
        }
    }
}

/// One row of the ledger. Values that a step does not know are `None`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// The run.
    pub run: RunId,
    /// The step.
    pub step: Step,
    /// The state of the step.
    pub state: State,
    /// The number of this attempt at the step, from 1.
    pub attempt: u16,
    /// The time by this program's clock; stored to the microsecond.
    pub at: DateTime<Utc>,
    /// `tick` (an incremental run), `full` or `range`.
    pub kind: Option<String>,
    /// The method by which the run detected new telemetry.
    pub form: Option<String>,
    /// The first hour of the run's range.
    pub from: Option<DateTime<Utc>>,
    /// The end of the run's range.
    pub to: Option<DateTime<Utc>>,
    /// The mart version that the run writes.
    pub version: Option<u64>,
    /// The telemetry snapshot as the source names it.
    pub snapshot: Option<String>,
    /// The horizon: every row committed before this time was visible to the run.
    pub horizon: Option<DateTime<Utc>>,
    /// The baseline with which the next incremental run compares the source, as JSON text. Read from
    /// `LoadToClickhouse` `Done` and `ExtractTelemetryData` `Skipped` entries only.
    pub baseline: Option<String>,
    /// Raw telemetry rows read.
    pub rows: Option<u64>,
    /// Cells (chip, hour) written.
    pub cells: Option<u64>,
    /// Bytes staged or sent.
    pub bytes: Option<u64>,
    /// Cells whose chip has no owner.
    pub orphans: Option<u64>,
    /// Raw rows with out-of-range values.
    pub anomalies: Option<u64>,
    /// Rows that got a tombstone.
    pub tombstones: Option<u64>,
    /// Cells and values of the sources that could not be read.
    pub unreadable: Option<u64>,
    /// The names of the first of them.
    pub notes: Option<String>,
    /// The duration of the step.
    pub duration_ms: Option<u64>,
    /// `Kind::as_str` of the error.
    pub error_kind: Option<String>,
    /// `Display` of the error: sentence and detail, no secrets, no personal data.
    pub error: Option<String>,
    /// The hint of the error.
    pub hint: Option<String>,
}

impl Entry {
    /// Returns an entry whose optional values are all `None`.
    pub fn new(run: RunId, step: Step, state: State, attempt: u16, at: DateTime<Utc>) -> Self {
        Entry {
            run,
            step,
            state,
            attempt,
            at,
            kind: None,
            form: None,
            from: None,
            to: None,
            version: None,
            snapshot: None,
            horizon: None,
            baseline: None,
            rows: None,
            cells: None,
            bytes: None,
            orphans: None,
            anomalies: None,
            tombstones: None,
            unreadable: None,
            notes: None,
            duration_ms: None,
            error_kind: None,
            error: None,
            hint: None,
        }
    }
}

/// Appends entries in one insert. Appending the same (run, step, attempt, state) again replaces it.
///
/// A step appends `Started` when its work begins, and one other state at its end. `LoadToClickhouse` appends
/// `Done` after the reconciliation, as its very last action: from then on `data_as_of` includes the run.
pub async fn append(warehouse: &Warehouse, entries: &[Entry]) -> Result<()> {
    let rows: Vec<Row> = entries.iter().map(Row::from).collect();
    warehouse.insert("etl_runs", "writing the ledger", &rows).await
}

/// Returns the entries of the newest `limit` runs, newest run first, each run's entries in chronological
/// order. Rows that this program does not understand are left out; [`listed`] includes them.
pub async fn runs(warehouse: &Warehouse, limit: u32) -> Result<Vec<Vec<Entry>>> {
    Ok(by_run(entries(read(warehouse, newest(warehouse, limit)).await?)?))
}

/// Returns the same runs including the rows that are not understood, for display.
pub async fn listed(warehouse: &Warehouse, limit: u32) -> Result<Vec<Listed>> {
    Ok(Listed::all(read(warehouse, newest(warehouse, limit)).await?))
}

fn newest(warehouse: &Warehouse, limit: u32) -> Query {
    warehouse.query(include_str!("runs.sql")).param("limit", limit)
}

/// Groups entries, sorted by run, into one list per run.
pub(crate) fn by_run(entries: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut runs: Vec<Vec<Entry>> = Vec::new();
    for entry in entries {
        match runs.last_mut() {
            Some(run) if run[0].run == entry.run => run.push(entry),
            _ => runs.push(vec![entry]),
        }
    }
    runs
}

/// Returns the entries of one run in chronological order; empty if the ledger has none.
///
/// # Errors
/// `Data` when a row is not understood: a run does not resume from entries that it cannot interpret.
pub async fn run(warehouse: &Warehouse, run: &RunId) -> Result<Vec<Entry>> {
    let rows = read(warehouse, of_run(warehouse, run)).await?;
    rows.into_iter().map(|row| row.understood().map_err(Unread::error)).collect()
}

/// Returns one run including the rows that are not understood, for display; `None` if the ledger has none.
pub async fn listed_run(warehouse: &Warehouse, run: &RunId) -> Result<Option<Listed>> {
    Ok(Listed::all(read(warehouse, of_run(warehouse, run)).await?).pop())
}

fn of_run(warehouse: &Warehouse, run: &RunId) -> Query {
    warehouse.query(include_str!("run.sql")).param("run", run.as_str())
}

/// Returns true if another run that reached its load has read the source at this version.
pub async fn is_taken(warehouse: &Warehouse, version: u64, run: &RunId) -> Result<bool> {
    let query = warehouse.query(include_str!("taken.sql"));
    let query = query.param("version", version).param("run", run.as_str()).fetch_one::<u64>();
    warehouse.run("looking for a run of the same version", query).await.map(|entries| entries > 0)
}

/// Returns the ranges of a backfill that are loaded: those of the runs named after it, such as
/// `RUN.20240115`.
pub async fn loaded_pieces(warehouse: &Warehouse, run: &RunId) -> Result<Vec<HourRange>> {
    #[derive(clickhouse::Row, serde::Deserialize)]
    struct Piece {
        #[serde(with = "clickhouse::serde::chrono::datetime")]
        range_from: DateTime<Utc>,
        #[serde(with = "clickhouse::serde::chrono::datetime")]
        range_to: DateTime<Utc>,
    }
    let query = warehouse.query(include_str!("loaded_pieces.sql")).param("run", run.as_str());
    let pieces = warehouse.run("reading the ledger", query.fetch_all::<Piece>()).await?;
    // An invalid range covers nothing: the backfill loads it again.
    let ranges = pieces.into_iter().map(|piece| HourRange::new(piece.range_from, piece.range_to));
    Ok(ranges.filter_map(Result::ok).collect())
}

/// Returns the newest moment that the mart reflects: the greatest horizon of completed loads and of
/// incremental runs that found nothing new. A backfill counts only up to the end of its range, so that an old
/// month does not look fresh.
pub async fn data_as_of(warehouse: &Warehouse) -> Result<Option<DateTime<Utc>>> {
    let query = warehouse.query(DATA_AS_OF).fetch_one::<DataAsOf>();
    let micros = warehouse.run("reading the freshness of the mart", query).await?.data_as_of;
    let instant = |micros| {
        row::instant(micros).ok_or_else(|| {
            Error::new(Kind::Data, "the ledger holds a horizon that is not a valid timestamp")
                .detail("horizon in etl_runs")
                .hint("no run writes a horizon before the year 0 or after 9999: delete the rows that hold it")
        })
    };
    micros.map(instant).transpose()
}

/// Reads the view that is also meant for any SQL client.
const DATA_AS_OF: &str = "SELECT data_as_of FROM data_as_of";

/// The only row of the view.
#[derive(clickhouse::Row, serde::Deserialize)]
struct DataAsOf {
    /// Microseconds since 1970.
    data_as_of: Option<i64>,
}

async fn read(warehouse: &Warehouse, query: Query) -> Result<Vec<Row>> {
    warehouse.run("reading the ledger", query.fetch_all::<Row>()).await
}

/// Converts rows to entries, leaving out those that are not understood.
///
/// # Errors
/// `Data` when there are rows but none of them is understood: that is not an empty ledger.
pub(crate) fn entries(rows: Vec<Row>) -> Result<Vec<Entry>> {
    let all = rows.len();
    let (mut entries, mut unread) = (Vec::with_capacity(all), None);
    for row in rows {
        match row.understood() {
            Ok(entry) => entries.push(entry),
            Err(row) => unread = unread.or(Some(row.error())),
        }
    }
    match unread {
        Some(error) if entries.is_empty() => Err(error),
        Some(error) => {
            let rows = all - entries.len();
            tracing::warn!(rows, first = %error, "ledger rows that are not understood were skipped");
            Ok(entries)
        }
        None => Ok(entries),
    }
}

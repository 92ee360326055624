//! The ledger `etl_runs`: one row per run, step, attempt and state. Written last, so that what it says happened.

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

/// What a load says that finds other totals in the mart than it has staged. Nothing else says so.
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

/// What happened to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It began.
    Started,
    /// It succeeded.
    Done,
    /// It failed; see the error.
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

/// One row of the ledger. What a step does not know stays none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// The run.
    pub run: RunId,
    /// The step.
    pub step: Step,
    /// What happened.
    pub state: State,
    /// Which try of this step, from 1.
    pub attempt: u16,
    /// When, by this program's clock; kept to the microsecond.
    pub at: DateTime<Utc>,
    /// `tick`, `full` or `range`.
    pub kind: Option<String>,
    /// How the run found what is new in the telemetry.
    pub form: Option<String>,
    /// The first hour of the run's range.
    pub from: Option<DateTime<Utc>>,
    /// The end of the run's range.
    pub to: Option<DateTime<Utc>>,
    /// The mart version that the run writes.
    pub version: Option<u64>,
    /// The telemetry snapshot as the source names it.
    pub snapshot: Option<String>,
    /// The moment before which every committed row was visible to the run.
    pub horizon: Option<DateTime<Utc>>,
    /// What the next tick compares the source with, as JSON text. It counts in `LoadToClickhouse` `Done` and in
    /// `ExtractTelemetryData` `Skipped`.
    pub baseline: Option<String>,
    /// Raw telemetry rows read.
    pub rows: Option<u64>,
    /// Cells (chip, hour) written.
    pub cells: Option<u64>,
    /// Bytes staged or sent.
    pub bytes: Option<u64>,
    /// Cells whose chip nobody owns.
    pub orphans: Option<u64>,
    /// Raw rows whose values are out of their range.
    pub anomalies: Option<u64>,
    /// Rows that got a tombstone.
    pub tombstones: Option<u64>,
    /// Cells and values of the sources that could not be read.
    pub unreadable: Option<u64>,
    /// The first of them by name.
    pub notes: Option<String>,
    /// How long the step took.
    pub duration_ms: Option<u64>,
    /// `Kind::as_str` of a failure.
    pub error_kind: Option<String>,
    /// `Display` of a failure: sentence and detail, no secret, no personal data.
    pub error: Option<String>,
    /// What to do about a failure.
    pub hint: Option<String>,
}

impl Entry {
    /// An entry with everything optional left out.
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
/// A step appends `Started` as its work begins and one other state after it. `LoadToClickhouse` appends `Done` after
/// the reconciliation and as its very last act: from then on `data_as_of` includes the run.
pub async fn append(warehouse: &Warehouse, entries: &[Entry]) -> Result<()> {
    let rows: Vec<Row> = entries.iter().map(Row::from).collect();
    warehouse.insert("etl_runs", "writing the ledger", &rows).await
}

/// The entries of the newest `limit` runs, newest run first, each run's entries in the order of time. Rows that are
/// not understood are left out; [`listed`] has them.
pub async fn runs(warehouse: &Warehouse, limit: u32) -> Result<Vec<Vec<Entry>>> {
    Ok(by_run(entries(read(warehouse, newest(warehouse, limit)).await?)?))
}

/// The same with the rows that are not understood: what a person is shown.
pub async fn listed(warehouse: &Warehouse, limit: u32) -> Result<Vec<Listed>> {
    Ok(Listed::all(read(warehouse, newest(warehouse, limit)).await?))
}

fn newest(warehouse: &Warehouse, limit: u32) -> Query {
    warehouse.query(include_str!("ledger/runs.sql")).param("limit", limit)
}

/// Entries that lie run by run, a list for each.
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

/// The entries of one run in the order of time; empty when the ledger has none.
///
/// # Errors
/// `Data` where a row is not understood: a run does not go on from what it does not know.
pub async fn run(warehouse: &Warehouse, run: &RunId) -> Result<Vec<Entry>> {
    let rows = read(warehouse, of_run(warehouse, run)).await?;
    rows.into_iter().map(|row| row.understood().map_err(Unread::error)).collect()
}

/// One run with its rows that are not understood: what a person is shown. None when the ledger has none.
pub async fn listed_run(warehouse: &Warehouse, run: &RunId) -> Result<Option<Listed>> {
    Ok(Listed::all(read(warehouse, of_run(warehouse, run)).await?).pop())
}

fn of_run(warehouse: &Warehouse, run: &RunId) -> Query {
    warehouse.query(include_str!("ledger/run.sql")).param("run", run.as_str())
}

/// Whether another run that came to its load has read the source at this version.
pub async fn is_taken(warehouse: &Warehouse, version: u64, run: &RunId) -> Result<bool> {
    let query = warehouse.query(include_str!("ledger/taken.sql"));
    let query = query.param("version", version).param("run", run.as_str()).fetch_one::<u64>();
    warehouse.run("looking for a run of the same version", query).await.map(|entries| entries > 0)
}

/// The ranges of a backfill that are loaded: those of the runs that are named after it, as `RUN.20240115`.
pub async fn loaded_pieces(warehouse: &Warehouse, run: &RunId) -> Result<Vec<HourRange>> {
    #[derive(clickhouse::Row, serde::Deserialize)]
    struct Piece {
        #[serde(with = "clickhouse::serde::chrono::datetime")]
        range_from: DateTime<Utc>,
        #[serde(with = "clickhouse::serde::chrono::datetime")]
        range_to: DateTime<Utc>,
    }
    let query = warehouse.query(include_str!("ledger/loaded_pieces.sql")).param("run", run.as_str());
    let pieces = warehouse.run("reading the ledger", query.fetch_all::<Piece>()).await?;
    // What is no range covers nothing: the backfill does it again.
    let ranges = pieces.into_iter().map(|piece| HourRange::new(piece.range_from, piece.range_to));
    Ok(ranges.filter_map(Result::ok).collect())
}

/// The newest moment that the mart reflects: of the loads that are done and the ticks that found nothing new, the
/// greatest horizon. A backfill counts up to the end of its range, so that an old month does not look fresh.
pub async fn data_as_of(warehouse: &Warehouse) -> Result<Option<DateTime<Utc>>> {
    let query = warehouse.query(DATA_AS_OF).fetch_one::<DataAsOf>();
    let micros = warehouse.run("reading how fresh the mart is", query).await?.data_as_of;
    let instant = |micros| {
        row::instant(micros).ok_or_else(|| {
            Error::new(Kind::Data, "the ledger says that the mart reflects an instant that is none")
                .detail("horizon in etl_runs")
                .hint("no run writes one before the year 0 or after 9999: delete the rows that hold it")
        })
    };
    micros.map(instant).transpose()
}

/// Reads the view that any SQL client may read.
const DATA_AS_OF: &str = "SELECT data_as_of FROM data_as_of";

/// The view's only row.
#[derive(clickhouse::Row, serde::Deserialize)]
struct DataAsOf {
    /// Microseconds since 1970.
    data_as_of: Option<i64>,
}

async fn read(warehouse: &Warehouse, query: Query) -> Result<Vec<Row>> {
    warehouse.run("reading the ledger", query.fetch_all::<Row>()).await
}

/// The rows as entries, without those that are not understood.
///
/// # Errors
/// `Data` where there are rows and none of them is understood: that is not an empty ledger.
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
            tracing::warn!(rows, first = %error, "rows of the ledger were left out");
            Ok(entries)
        }
        None => Ok(entries),
    }
}

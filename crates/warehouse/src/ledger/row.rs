//! A ledger entry as the table `etl_runs` holds it.

use bionicpro_model::{Error, Kind};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Entry, State, Step};

/// A row of `etl_runs`; the names are the table's.
#[derive(Debug, clickhouse::Row, Serialize, Deserialize)]
pub(crate) struct Row {
    run: String,
    step: String,
    state: String,
    attempt: u16,
    #[serde(with = "clickhouse::serde::chrono::datetime64::micros")]
    at: DateTime<Utc>,
    kind: Option<String>,
    form: Option<String>,
    #[serde(with = "clickhouse::serde::chrono::datetime::option")]
    range_from: Option<DateTime<Utc>>,
    #[serde(with = "clickhouse::serde::chrono::datetime::option")]
    range_to: Option<DateTime<Utc>>,
    version: Option<u64>,
    snapshot: Option<String>,
    #[serde(with = "clickhouse::serde::chrono::datetime64::micros::option")]
    horizon: Option<DateTime<Utc>>,
    baseline: Option<String>,
    rows_read: Option<u64>,
    cells: Option<u64>,
    bytes: Option<u64>,
    orphans: Option<u64>,
    anomalies: Option<u64>,
    tombstones: Option<u64>,
    unreadable: Option<u64>,
    notes: Option<String>,
    duration_ms: Option<u64>,
    error_kind: Option<String>,
    error: Option<String>,
    hint: Option<String>,
}

impl From<&Entry> for Row {
    fn from(entry: &Entry) -> Self {
        Row {
            run: entry.run.to_string(),
            step: entry.step.as_str().to_owned(),
            state: entry.state.as_str().to_owned(),
            attempt: entry.attempt,
            at: entry.at,
            kind: entry.kind.clone(),
            form: entry.form.clone(),
            range_from: entry.from,
            range_to: entry.to,
            version: entry.version,
            snapshot: entry.snapshot.clone(),
            horizon: entry.horizon,
            baseline: entry.baseline.clone(),
            rows_read: entry.rows,
            cells: entry.cells,
            bytes: entry.bytes,
            orphans: entry.orphans,
            anomalies: entry.anomalies,
            tombstones: entry.tombstones,
            unreadable: entry.unreadable,
            notes: entry.notes.clone(),
            duration_ms: entry.duration_ms,
            error_kind: entry.error_kind.clone(),
            error: entry.error.clone(),
            hint: entry.hint.clone(),
        }
    }
}

impl TryFrom<Row> for Entry {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let unknown = |what: String| {
            Error::new(Kind::Data, "the ledger holds a word that this program does not know")
                .detail(what)
                .hint("it was written by a newer program: use that one")
        };
        let step = Step::ALL.into_iter().find(|step| step.as_str() == row.step);
        let state = State::ALL.into_iter().find(|state| state.as_str() == row.state);
        Ok(Entry {
            run: row.run.parse()?,
            step: step.ok_or_else(|| unknown(format!("step {:?}", row.step)))?,
            state: state.ok_or_else(|| unknown(format!("state {:?}", row.state)))?,
            attempt: row.attempt,
            at: row.at,
            kind: row.kind,
            form: row.form,
            from: row.range_from,
            to: row.range_to,
            version: row.version,
            snapshot: row.snapshot,
            horizon: row.horizon,
            baseline: row.baseline,
            rows: row.rows_read,
            cells: row.cells,
            bytes: row.bytes,
            orphans: row.orphans,
            anomalies: row.anomalies,
            tombstones: row.tombstones,
            unreadable: row.unreadable,
            notes: row.notes,
            duration_ms: row.duration_ms,
            error_kind: row.error_kind,
            error: row.error,
            hint: row.hint,
        })
    }
}

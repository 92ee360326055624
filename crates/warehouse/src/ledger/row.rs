//! A ledger entry as stored in the table `etl_runs`.
//!
//! A newer or older program, or a person, may have written into the table. So a row is read whatever it
//! holds, and is validated afterwards.

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};

use super::text::Text;
use super::{Entry, State, Step, Unread};

/// A word or a sentence; this program writes shorter ones.
type Short = Text<2_000>;
/// A snapshot.
type Long = Text<65_536>;
/// A baseline, which lists each partition of a table.
type Baseline = Text<4_000_000>;
/// Names of cells and values that could not be read.
type Notes = Text<8_000>;

/// A row of `etl_runs`; the field names are those of the columns.
#[derive(Debug, clickhouse::Row, Serialize, Deserialize)]
pub(crate) struct Row {
    run: Short,
    step: Short,
    state: Short,
    attempt: u16,
    /// Microseconds since 1970.
    at: i64,
    kind: Option<Short>,
    form: Option<Short>,
    #[serde(with = "clickhouse::serde::chrono::datetime::option")]
    range_from: Option<DateTime<Utc>>,
    #[serde(with = "clickhouse::serde::chrono::datetime::option")]
    range_to: Option<DateTime<Utc>>,
    version: Option<u64>,
    snapshot: Option<Long>,
    /// Microseconds since 1970.
    horizon: Option<i64>,
    baseline: Option<Baseline>,
    rows_read: Option<u64>,
    cells: Option<u64>,
    bytes: Option<u64>,
    orphans: Option<u64>,
    anomalies: Option<u64>,
    tombstones: Option<u64>,
    unreadable: Option<u64>,
    notes: Option<Notes>,
    duration_ms: Option<u64>,
    error_kind: Option<Short>,
    error: Option<Short>,
    hint: Option<Short>,
}

impl From<&Entry> for Row {
    fn from(entry: &Entry) -> Self {
        let long = |text: &Option<String>| text.as_deref().map(Long::from);
        let short = |text: &Option<String>| text.as_deref().map(Short::from);
        Row {
            run: entry.run.as_str().into(),
            step: entry.step.as_str().into(),
            state: entry.state.as_str().into(),
            attempt: entry.attempt,
            at: entry.at.timestamp_micros(),
            kind: short(&entry.kind),
            form: short(&entry.form),
            range_from: entry.from,
            range_to: entry.to,
            version: entry.version,
            snapshot: long(&entry.snapshot),
            horizon: entry.horizon.map(|at| at.timestamp_micros()),
            baseline: entry.baseline.as_deref().map(Baseline::from),
            rows_read: entry.rows,
            cells: entry.cells,
            bytes: entry.bytes,
            orphans: entry.orphans,
            anomalies: entry.anomalies,
            tombstones: entry.tombstones,
            unreadable: entry.unreadable,
            notes: entry.notes.as_deref().map(Notes::from),
            duration_ms: entry.duration_ms,
            error_kind: short(&entry.error_kind),
            error: short(&entry.error),
            hint: short(&entry.hint),
        }
    }
}

impl Row {
    /// Returns the entry that the row holds, or the reason why it holds none.
    pub(super) fn understood(self) -> Result<Entry, Unread> {
        let horizon = self.horizon.map(instant);
        let step = Step::ALL.into_iter().find(|step| step.as_str() == self.step.as_str());
        let state = State::ALL.into_iter().find(|state| state.as_str() == self.state.as_str());
        let (run, step, state, at) = match (self.run.as_str().parse(), step, state, instant(self.at)) {
            (Err(_), ..) => return Err(self.unread("the run id is not valid")),
            (_, None, ..) => return Err(self.unread("an unknown step")),
            (_, _, None, _) => return Err(self.unread("an unknown state")),
            (.., None) => return Err(self.unread("its time is out of range")),
            _ if horizon == Some(None) => return Err(self.unread("its horizon is out of range")),
            (Ok(run), Some(step), Some(state), Some(at)) => (run, step, state, at),
        };
        Ok(Entry {
            run,
            step,
            state,
            attempt: self.attempt,
            at,
            kind: self.kind.map(String::from),
            form: self.form.map(String::from),
            from: self.range_from,
            to: self.range_to,
            version: self.version,
            snapshot: self.snapshot.map(String::from),
            horizon: horizon.flatten(),
            baseline: self.baseline.map(String::from),
            rows: self.rows_read,
            cells: self.cells,
            bytes: self.bytes,
            orphans: self.orphans,
            anomalies: self.anomalies,
            tombstones: self.tombstones,
            unreadable: self.unreadable,
            notes: self.notes.map(String::from),
            duration_ms: self.duration_ms,
            error_kind: self.error_kind.map(String::from),
            error: self.error.map(String::from),
            hint: self.hint.map(String::from),
        })
    }

    fn unread(self, why: &'static str) -> Unread {
        Unread {
            run: self.run.into(),
            step: self.step.into(),
            state: self.state.into(),
            attempt: self.attempt,
            why,
        }
    }
}

/// Returns the instant if RFC 3339 can write its year; the column can hold others.
pub(super) fn instant(micros: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros).filter(|at| (0..=9999).contains(&at.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_instants_that_can_be_written_are_some() {
        assert_eq!(instant(0), Some(DateTime::UNIX_EPOCH));
        for micros in [i64::MIN, i64::MAX, 253_402_300_800_000_000] {
            assert_eq!(instant(micros), None, "{micros}");
        }
        assert!(instant(253_402_300_799_999_999).is_some());
    }

    #[test]
    fn a_row_that_is_not_understood_says_why() {
        let at = DateTime::UNIX_EPOCH;
        let row = || Row::from(&Entry::new("r".parse().unwrap(), Step::ExtractCrmData, State::Done, 1, at));
        assert!(row().understood().is_ok());
        for (row, why) in [
            (Row { run: "../r".into(), ..row() }, "the run id is not valid"),
            (Row { step: "bake".into(), ..row() }, "an unknown step"),
            (Row { state: "\0".into(), ..row() }, "an unknown state"),
            (Row { at: i64::MAX, ..row() }, "its time is out of range"),
            (Row { horizon: Some(i64::MIN), ..row() }, "its horizon is out of range"),
        ] {
            assert_eq!(row.understood().unwrap_err().why, why);
        }
    }
}

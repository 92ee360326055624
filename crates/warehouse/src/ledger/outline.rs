//! The summary of a run, computed from its entries, that `bionicpro etl runs` and `etl show` print and
//! operators see.

use bionicpro_model::RunId;
use chrono::{DateTime, TimeDelta, Utc};

use super::{Entry, State, Step};

/// The outcome of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The run is loaded and reconciled.
    Done,
    /// An incremental run found nothing new.
    NothingNew,
    /// A step failed and has not been retried since.
    Failed(Step),
    /// A step has begun; no end is recorded.
    In(Step),
    /// A step has ended, and the next one has not begun.
    After(Step),
}

/// The summary of a run. Where several entries have a value, the newest one counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// The run.
    pub run: RunId,
    /// The outcome of the run.
    pub outcome: Outcome,
    /// The time at which its first step began.
    pub started_at: DateTime<Utc>,
    /// The time of its newest entry.
    pub newest_at: DateTime<Utc>,
    /// `tick` (an incremental run), `full` or `range`.
    pub kind: Option<String>,
    /// The method by which it detected new telemetry.
    pub form: Option<String>,
    /// Its range of hours.
    pub range: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The version that it writes: its snapshot's time in microseconds since 1970.
    pub version: Option<u64>,
    /// The telemetry snapshot as the source names it.
    pub snapshot: Option<String>,
    /// The horizon: every row committed before this time was visible to it.
    pub horizon: Option<DateTime<Utc>>,
    /// The number of retries of its steps.
    pub retries: usize,
    /// Raw telemetry rows read.
    pub rows: Option<u64>,
    /// Cells written.
    pub cells: Option<u64>,
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
    /// The error in the newest entry.
    pub error: Option<String>,
    /// The hint of that error.
    pub hint: Option<String>,
}

impl Outline {
    /// Returns the outline of one run's entries, which are in chronological order; `None` without entries.
    pub fn of(entries: &[Entry]) -> Option<Self> {
        let (first, newest) = (entries.first()?, entries.last()?);
        let count = |of: fn(&Entry) -> Option<u64>| entries.iter().rev().find_map(of);
        let text = |of: fn(&Entry) -> Option<&String>| entries.iter().rev().find_map(of).cloned();
        let moment = |of: fn(&Entry) -> Option<DateTime<Utc>>| entries.iter().rev().find_map(of);
        let again = |entry: &&Entry| entry.state == State::Started && entry.attempt > 1;
        // Each source reports its own unreadable values.
        let newest_of =
            |step| entries.iter().rev().find(|entry| entry.step == step && entry.unreadable.is_some());
        let extractions: Vec<&Entry> =
            [Step::ExtractCrmData, Step::ExtractTelemetryData].into_iter().filter_map(newest_of).collect();
        let notes: Vec<&str> = extractions.iter().filter_map(|entry| entry.notes.as_deref()).collect();
        Some(Outline {
            run: first.run.clone(),
            outcome: Outcome::of(newest),
            started_at: first.at,
            newest_at: newest.at,
            kind: text(|entry| entry.kind.as_ref()),
            form: text(|entry| entry.form.as_ref()),
            range: moment(|entry| entry.from).zip(moment(|entry| entry.to)),
            version: count(|entry| entry.version),
            snapshot: text(|entry| entry.snapshot.as_ref()),
            horizon: moment(|entry| entry.horizon),
            retries: entries.iter().filter(again).count(),
            rows: count(|entry| entry.rows),
            cells: count(|entry| entry.cells),
            orphans: count(|entry| entry.orphans),
            anomalies: count(|entry| entry.anomalies),
            tombstones: count(|entry| entry.tombstones),
            unreadable: extractions
                .iter()
                .filter_map(|entry| entry.unreadable)
                .reduce(|one, other| one.saturating_add(other)),
            notes: (!notes.is_empty()).then(|| notes.join("; ")),
            error: newest.error.clone(),
            hint: newest.hint.clone(),
        })
    }

    /// Returns how far the horizon was behind the snapshot: the age of the transaction that holds it back.
    pub fn horizon_lag(&self) -> Option<TimeDelta> {
        let taken = DateTime::from_timestamp_micros(i64::try_from(self.version?).ok()?)?;
        Some(taken - self.horizon?)
    }
}

impl Outcome {
    fn of(newest: &Entry) -> Self {
        match (newest.step, newest.state) {
            (Step::LoadToClickhouse, State::Done) => Outcome::Done,
            (_, State::Skipped) => Outcome::NothingNew,
            (step, State::Failed) => Outcome::Failed(step),
            (step, State::Started) => Outcome::In(step),
            (step, State::Done) => Outcome::After(step),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts_and_tries_are_counted() {
        let at = DateTime::from_timestamp(1_705_305_600, 0).unwrap();
        let entry =
            |state, attempt| Entry::new("r".parse().unwrap(), Step::ExtractTelemetryData, state, attempt, at);
        let done = Entry {
            kind: Some("tick".to_owned()),
            version: Some(1_705_305_600_000_000),
            horizon: Some(at - TimeDelta::milliseconds(2_500)),
            rows: Some(7),
            ..entry(State::Done, 2)
        };
        let failed = Entry { rows: Some(5), error: Some("no".to_owned()), ..entry(State::Failed, 1) };
        let entries = [entry(State::Started, 1), failed.clone(), entry(State::Started, 2), done];
        let outline = Outline::of(&entries).unwrap();
        assert_eq!((outline.retries, outline.rows, outline.kind.as_deref()), (1, Some(7), Some("tick")));
        assert_eq!(outline.outcome, Outcome::After(Step::ExtractTelemetryData));
        assert_eq!(outline.horizon_lag(), Some(TimeDelta::milliseconds(2_500)));
        assert_eq!(outline.error, None, "it was retried");
        let outline = Outline::of(&[failed]).unwrap();
        assert_eq!(outline.outcome, Outcome::Failed(Step::ExtractTelemetryData));
        assert_eq!(outline.error.as_deref(), Some("no"));
        assert_eq!(Outline::of(&[]), None);
    }
}

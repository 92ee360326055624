//! A run as a whole, from its entries: what `bionicpro etl runs` and `etl show` print and operators see.

use bionicpro_model::RunId;
use chrono::{DateTime, TimeDelta, Utc};

use super::{Entry, State, Step};

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Loaded and compared.
    Done,
    /// A tick without work.
    NothingNew,
    /// A step failed and was not tried again since.
    Failed(Step),
    /// A step has begun, and nothing is known of its end.
    In(Step),
    /// A step has ended, and the next one has not begun.
    After(Step),
}

/// A run as a whole. Of what several entries say, the last word counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// The run.
    pub run: RunId,
    /// What became of it.
    pub outcome: Outcome,
    /// When its first step began.
    pub started_at: DateTime<Utc>,
    /// When its newest entry was written.
    pub newest_at: DateTime<Utc>,
    /// `tick`, `full` or `range`.
    pub kind: Option<String>,
    /// How it found what is new in the telemetry.
    pub form: Option<String>,
    /// Its hours.
    pub range: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The version that it writes: its snapshot's time in microseconds since 1970.
    pub version: Option<u64>,
    /// The telemetry snapshot as the source names it.
    pub snapshot: Option<String>,
    /// The moment before which every committed row was visible to it.
    pub horizon: Option<DateTime<Utc>>,
    /// How often a step was tried again.
    pub retries: usize,
    /// Raw telemetry rows read.
    pub rows: Option<u64>,
    /// Cells written.
    pub cells: Option<u64>,
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
    /// What the newest entry says of a failure.
    pub error: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Outline {
    /// The outline of one run's entries, which are in the order of time; none without entries.
    pub fn of(entries: &[Entry]) -> Option<Self> {
        let (first, newest) = (entries.first()?, entries.last()?);
        let count = |of: fn(&Entry) -> Option<u64>| entries.iter().rev().find_map(of);
        let text = |of: fn(&Entry) -> Option<&String>| entries.iter().rev().find_map(of).cloned();
        let moment = |of: fn(&Entry) -> Option<DateTime<Utc>>| entries.iter().rev().find_map(of);
        let again = |entry: &&Entry| entry.state == State::Started && entry.attempt > 1;
        // Each source tells what it could not read.
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

    /// How far the horizon lay behind the snapshot: what holds it back is a transaction of that age.
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
        assert_eq!(outline.error, None, "it was tried again");
        let outline = Outline::of(&[failed]).unwrap();
        assert_eq!(outline.outcome, Outcome::Failed(Step::ExtractTelemetryData));
        assert_eq!(outline.error.as_deref(), Some("no"));
        assert_eq!(Outline::of(&[]), None);
    }
}

//! One attempt of a step, recorded in the ledger before and after its work, and in the metrics and the log.

use std::time::{Duration, Instant};

use bionicpro_model::{Error, Result, RunId};
use bionicpro_warehouse::ledger::{Entry, State, Step};
use chrono::Utc;

use super::ledger_writer::LedgerWriter;
use crate::metrics;
use crate::progress::Progress;
use crate::report::{Failure, StepReport};

/// The timeout for recording a failure in the ledger: the warehouse itself may be what failed.
const FAILURE_TIMEOUT: Duration = Duration::from_secs(5);

/// An attempt in progress.
pub(super) struct Attempt<'a> {
    book: &'a LedgerWriter<'a>,
    progress: &'a dyn Progress,
    run: &'a RunId,
    step: Step,
    number: u16,
    began: Instant,
}

impl<'a> Attempt<'a> {
    /// Begins an attempt. Its entry is written by [`Attempt::begin`], or with the end.
    pub(super) fn new(book: &'a LedgerWriter<'a>, progress: &'a dyn Progress, step: Step) -> Self {
        let run = book.run;
        let number = u16::try_from(book.attempts(step) + 1).unwrap_or(u16::MAX);
        let mut started = StepReport::new(run, step);
        started.attempt = number;
        tracing::info!(%run, step = step.as_str(), attempt = number, "step started");
        book.add(entry(&started, State::Started));
        Attempt { book, progress, run, step, number, began: Instant::now() }
    }

    /// Writes the entry of its beginning, and those that waited for it.
    pub(super) async fn begin(&self) -> Result<()> {
        self.book.write().await
    }

    /// Records its end: in the ledger at once, or with the next entries of this process.
    pub(super) async fn end(self, outcome: Result<StepReport>) -> Result<StepReport> {
        let (run, step) = (self.run, self.step);
        let outcome = match outcome {
            Ok(mut done) => {
                done.attempt = self.number;
                done.duration_ms = self.millis();
                self.book.add(entry(&done, done.state));
                match self.book.may_wait(step, done.state) {
                    true => Ok(done),
                    false => self.book.write().await.map(|()| done).inspect_err(|_| self.book.take_back()),
                }
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok(done) => {
                metrics::record(&done);
                self.progress.done(step);
                let state = done.state.as_str();
                let duration_ms = done.duration_ms;
                tracing::info!(%run, step = step.as_str(), state, duration_ms, counts = ?done.counts, "step ended");
                Ok(done)
            }
            Err(error) => {
                self.fail(&error).await;
                Err(error)
            }
        }
    }

    async fn fail(&self, error: &Error) {
        let mut report = StepReport::new(self.run, self.step);
        report.attempt = self.number;
        report.state = State::Failed;
        report.duration_ms = self.millis();
        report.error = Some(Failure::from(error));
        metrics::record(&report);
        self.book.add(entry(&report, State::Failed));
        // The step's own error is the one to report, even if it is the ledger that cannot be reached.
        match tokio::time::timeout(FAILURE_TIMEOUT, self.book.write()).await {
            Ok(Ok(())) => {}
            Ok(Err(second)) => {
                tracing::warn!(error = %second, "the failure cannot be written into the ledger");
            }
            Err(_) => tracing::warn!("the failure cannot be written into the ledger: no answer in time"),
        }
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Converts a report to a row of the ledger.
fn entry(report: &StepReport, state: State) -> Entry {
    let count = |name: &str| report.counts.get(name).copied();
    let mut entry = Entry::new(report.run.clone(), report.step, state, report.attempt, Utc::now());
    entry.kind = report.kind.map(|kind| kind.as_str().to_owned());
    entry.form.clone_from(&report.form);
    entry.baseline.clone_from(&report.baseline);
    entry.from = report.range.map(|range| range.from());
    entry.to = report.range.map(|range| range.to());
    entry.version = report.version;
    entry.snapshot.clone_from(&report.snapshot);
    entry.horizon = report.horizon;
    entry.rows = count("rows");
    entry.cells = count("cells");
    entry.bytes = count("bytes");
    entry.orphans = count("orphan_cells");
    entry.anomalies = count("anomalies");
    entry.tombstones = count("tombstones");
    entry.unreadable = count("unreadable_cells").or(count("unreadable_values"));
    entry.notes.clone_from(&report.notes);
    entry.duration_ms = (state != State::Started).then_some(report.duration_ms);
    entry.error_kind = report.error.as_ref().map(|error| error.kind.to_owned());
    entry.error = report.error.as_ref().map(|error| error.message.clone());
    entry.hint = report.error.as_ref().and_then(|error| error.hint.clone());
    entry
}

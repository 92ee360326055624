//! One attempt of a step: told to the ledger before and after its work, and to the metrics and the log.

use std::time::Instant;

use bionicpro_model::{Error, Result, RunId};
use bionicpro_warehouse::ledger::{self, Entry, State, Step};
use chrono::Utc;

use crate::context::PipelineContext;
use crate::metrics;
use crate::progress::Progress;
use crate::report::{Failure, StepReport};

/// An attempt that is under way.
pub(super) struct Attempt<'a> {
    context: &'a PipelineContext,
    progress: &'a dyn Progress,
    run: &'a RunId,
    step: Step,
    number: u16,
    began: Instant,
    /// The entry that says that it began, until it is written.
    started: Option<Entry>,
}

impl<'a> Attempt<'a> {
    /// Begins an attempt; `former` are the run's entries so far. Nothing is written yet.
    pub(super) fn new(
        context: &'a PipelineContext,
        progress: &'a dyn Progress,
        run: &'a RunId,
        step: Step,
        former: &[Entry],
    ) -> Self {
        let is_start = |entry: &&Entry| entry.step == step && entry.state == State::Started;
        let number = u16::try_from(former.iter().filter(is_start).count() + 1).unwrap_or(u16::MAX);
        let mut started = StepReport::new(run, step);
        started.attempt = number;
        tracing::info!(%run, step = step.as_str(), attempt = number, "step started");
        let started = Some(entry(&started, State::Started));
        Attempt { context, progress, run, step, number, began: Instant::now(), started }
    }

    /// The entry that says that it began; the caller writes it.
    pub(super) fn started(&mut self) -> Option<Entry> {
        self.started.take()
    }

    /// Writes the entry that says that it began.
    pub(super) async fn begin(&mut self) -> Result<()> {
        let entries: Vec<Entry> = self.started().into_iter().collect();
        ledger::append(&self.context.warehouse, &entries).await
    }

    /// Writes how it ended, in one insert with its beginning where that was not written.
    pub(super) async fn end(mut self, outcome: Result<StepReport>) -> Result<StepReport> {
        let (context, run, step) = (self.context, self.run, self.step);
        let mut entries: Vec<Entry> = self.started().into_iter().collect();
        let outcome = match outcome {
            Ok(mut done) => {
                done.attempt = self.number;
                done.duration_ms = self.millis();
                entries.push(entry(&done, done.state));
                ledger::append(&context.warehouse, &entries).await.map(|()| done)
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
                self.fail(entries, &error).await;
                Err(error)
            }
        }
    }

    async fn fail(&self, mut entries: Vec<Entry>, error: &Error) {
        let mut report = StepReport::new(self.run, self.step);
        report.attempt = self.number;
        report.state = State::Failed;
        report.duration_ms = self.millis();
        report.error = Some(Failure::from(error));
        metrics::record(&report);
        entries.retain(|entry| entry.state == State::Started);
        entries.push(entry(&report, State::Failed));
        // The step's own error is the one to tell, also where the ledger is what cannot be reached.
        if let Err(second) = ledger::append(&self.context.warehouse, &entries).await {
            tracing::warn!(error = %second, "the failure cannot be written into the ledger");
        }
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A report as the ledger's row.
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
    entry.duration_ms = (state != State::Started).then_some(report.duration_ms);
    entry.error_kind = report.error.as_ref().map(|error| error.kind.to_owned());
    entry.error = report.error.as_ref().map(|error| error.message.clone());
    entry.hint = report.error.as_ref().and_then(|error| error.hint.clone());
    entry
}

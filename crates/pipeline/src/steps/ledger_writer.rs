//! Buffers the ledger entries of one run. Each write is a statement, so `etl run` writes the end of a step
//! with the beginning of the next.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bionicpro_model::{Result, RunId};
use bionicpro_warehouse::ledger::{self, Entry, State, Step};

use super::in_time;
use crate::context::PipelineContext;

/// Steps shorter than this share the next ledger write of this process.
const QUICK: Duration = Duration::from_millis(100);

/// The writer of a run's ledger entries.
pub(crate) struct LedgerWriter<'a> {
    context: &'a PipelineContext,
    pub(crate) run: &'a RunId,
    /// Set if another step follows in this process: the end of this one may wait for it.
    goes_on: bool,
    pages: Mutex<Buffer>,
}

#[derive(Default)]
struct Buffer {
    /// The entries that the ledger has, or gets with the next write.
    entries: Vec<Entry>,
    waiting: Vec<Entry>,
}

impl<'a> LedgerWriter<'a> {
    /// Creates the writer for a run whose steps are separate processes: readers of the ledger see each end at
    /// once.
    pub(crate) async fn of_step(context: &'a PipelineContext, run: &'a RunId) -> Result<Self> {
        let book = LedgerWriter { context, run, goes_on: false, pages: Mutex::default() };
        book.read().await?;
        Ok(book)
    }

    /// Creates the writer for a run of all four steps, without reading anything yet.
    pub(crate) fn of_run(context: &'a PipelineContext, run: &'a RunId) -> Self {
        LedgerWriter { context, run, goes_on: true, pages: Mutex::default() }
    }

    /// Reads the entries of earlier attempts from the ledger.
    pub(crate) async fn read(&self) -> Result<()> {
        let entries = ledger::run(&self.context.warehouse, self.run).await?;
        self.pages().entries = entries;
        Ok(())
    }

    /// Returns the number of times that a step began.
    pub(super) fn attempts(&self, step: Step) -> usize {
        let pages = self.pages();
        let starts = pages.entries.iter().filter(|entry| entry.step == step && entry.state == State::Started);
        starts.count()
    }

    /// Adds an entry, which [`LedgerWriter::write`] writes.
    pub(super) fn add(&self, entry: Entry) {
        let mut pages = self.pages();
        pages.entries.push(entry.clone());
        pages.waiting.push(entry);
    }

    /// Removes the last entry, which could not be written and is no longer true.
    pub(super) fn take_back(&self) {
        let mut pages = self.pages();
        pages.entries.pop();
        pages.waiting.pop();
    }

    /// Returns true if the end of a step may be written with the next entries.
    pub(super) fn may_wait(&self, step: Step, state: State) -> bool {
        self.goes_on && state == State::Done && step != Step::LoadToClickhouse
    }

    /// Runs the work and writes the waiting entries concurrently. If another step follows in this process,
    /// the entries of quick work wait for the next ones: the extractions and the join of an incremental run
    /// hardly take longer than a ledger write.
    pub(super) async fn beside<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut work = pin!(work);
        if self.goes_on
            && let Ok(done) = tokio::time::timeout(QUICK, &mut work).await
        {
            return done;
        }
        tokio::try_join!(self.write(), work).map(|((), done)| done)
    }

    /// Writes the waiting entries in one insert, within the timeout of a step.
    pub(super) async fn write(&self) -> Result<()> {
        let waiting = std::mem::take(&mut self.pages().waiting);
        let written = in_time(self.context, ledger::append(&self.context.warehouse, &waiting)).await;
        if written.is_err() {
            self.pages().waiting.splice(0..0, waiting);
        }
        written
    }

    fn pages(&self) -> MutexGuard<'_, Buffer> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! The entries of one run on their way to the ledger: each write is a statement, so `etl run` writes the end of a step
//! with the beginning of the next.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bionicpro_model::{Result, RunId};
use bionicpro_warehouse::ledger::{self, Entry, State, Step};

use super::in_time;
use crate::context::PipelineContext;

/// Work that takes less than this is told to the ledger with what follows it in this process.
const QUICK: Duration = Duration::from_millis(100);

/// A run in the ledger.
pub(crate) struct LedgerWriter<'a> {
    context: &'a PipelineContext,
    pub(crate) run: &'a RunId,
    /// Another step follows in this process: the end of this one may wait for it.
    goes_on: bool,
    pages: Mutex<Buffer>,
}

#[derive(Default)]
struct Buffer {
    /// What the ledger has, or is to get next.
    entries: Vec<Entry>,
    waiting: Vec<Entry>,
}

impl<'a> LedgerWriter<'a> {
    /// The book of a run whose steps are processes of their own: whoever reads the ledger sees each end at once.
    pub(crate) async fn of_step(context: &'a PipelineContext, run: &'a RunId) -> Result<Self> {
        let book = LedgerWriter { context, run, goes_on: false, pages: Mutex::default() };
        book.read().await?;
        Ok(book)
    }

    /// The book of a run that does all four steps; nothing is read yet.
    pub(crate) fn of_run(context: &'a PipelineContext, run: &'a RunId) -> Self {
        LedgerWriter { context, run, goes_on: true, pages: Mutex::default() }
    }

    /// Reads what the ledger has of earlier attempts.
    pub(crate) async fn read(&self) -> Result<()> {
        let entries = ledger::run(&self.context.warehouse, self.run).await?;
        self.pages().entries = entries;
        Ok(())
    }

    /// How often a step began.
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

    /// Takes the last entry back: it could not be written, and something else became true.
    pub(super) fn take_back(&self) {
        let mut pages = self.pages();
        pages.entries.pop();
        pages.waiting.pop();
    }

    /// Whether the end of a step is written with what follows.
    pub(super) fn may_wait(&self, step: Step, state: State) -> bool {
        self.goes_on && state == State::Done && step != Step::LoadToClickhouse
    }

    /// Works, and writes meanwhile what waits. The entries of quick work wait for the next ones where another step follows
    /// in this process: the extractions and the join of a tick take hardly more time than the ledger.
    pub(super) async fn beside<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut work = pin!(work);
        if self.goes_on
            && let Ok(done) = tokio::time::timeout(QUICK, &mut work).await
        {
            return done;
        }
        tokio::try_join!(self.write(), work).map(|((), done)| done)
    }

    /// Writes what waits, in one insert and in the time of a step.
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

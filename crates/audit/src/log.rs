//! The log as a service uses it: record, then answer.
//!
//! A thread of its own writes, many entries at once when many come, so that a request waits for one write and not for the
//! writes of others. A line is in the kernel before [`Log::record`] returns, and on the disk within a second.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bionicpro_model::{Error, Kind, Result};
use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use crate::entry::{Entry, Event, Outcome};
use crate::writer::Writer;
use crate::{Config, metrics};

/// Entries that may wait to be written; more means that the disk stands still.
const WAITING: usize = 1024;
/// Entries written at once.
const BATCH: usize = 256;
/// How long a written line may be in the kernel only.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// Over which time refusals are summed up.
const SUM_OVER: Duration = Duration::from_secs(60);
/// How often the last line is told to the service's log.
const TELL_EVERY: Duration = Duration::from_secs(300);

/// A service's access log, or none where none is configured. Clones write to the same log; the last one ends it in order.
#[derive(Debug, Clone)]
pub struct Log(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    /// Taken when the log ends.
    sender: Option<SyncSender<Box<Order>>>,
    refused: Arc<Mutex<BTreeMap<&'static str, u64>>>,
    thread: Option<JoinHandle<()>>,
}

struct Order {
    at: DateTime<Utc>,
    entry: Entry,
    done: oneshot::Sender<Result<()>>,
}

impl Log {
    /// A log that writes nothing, for tests and where none is wanted.
    pub fn none() -> Self {
        Log(None)
    }

    /// Opens the log of a service, as `api`, in its folder within `audit.folder`. Without a folder nothing is written.
    ///
    /// # Errors
    /// `Config` for a bad key or a folder in use, `Storage` for one that cannot be written, `Data` for a log that was changed.
    pub fn open(config: &Config, service: &'static str) -> Result<Self> {
        let Some(folder) = &config.folder else { return Ok(Log::none()) };
        let writer = Writer::open(&folder.join(service), config, Utc::now())?;
        metrics::gauge_sequence(service, writer.head().sequence);
        let (sender, orders) = sync_channel(WAITING);
        let refused = Arc::<Mutex<BTreeMap<_, _>>>::default();
        let scribe = Scribe::new(service, writer, Arc::clone(&refused));
        let thread = std::thread::Builder::new()
            .name(format!("audit-{service}"))
            .spawn(move || scribe.run(&orders))
            .map_err(|error| Error::new(Kind::Internal, "the audit log has no thread").source(error))?;
        Ok(Log(Some(Arc::new(Inner { sender: Some(sender), refused, thread: Some(thread) }))))
    }

    /// Whether anything is written.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Writes an entry. Call it before the answer leaves, and answer 503 when it fails: what cannot be written down is not
    /// answered. A success promises that the line outlives this process, however it ends.
    ///
    /// # Errors
    /// `Storage` when the disk is full or does not keep up.
    pub async fn record(&self, entry: Entry) -> Result<()> {
        let Some(inner) = &self.0 else { return Ok(()) };
        let (done, written) = oneshot::channel();
        let order = Box::new(Order { at: Utc::now(), entry, done });
        match inner.sender.as_ref().map(|sender| sender.try_send(order)) {
            Some(Ok(())) => written.await.unwrap_or_else(|_| Err(ended())),
            Some(Err(TrySendError::Full(_))) => {
                Err(Error::new(Kind::Storage, "the audit log does not keep up")
                    .hint("the disk under audit.folder is slow or stands still"))
            }
            Some(Err(TrySendError::Disconnected(_))) | None => Err(ended()),
        }
    }

    /// Counts a request that was refused before anybody was known. One line a minute and reason sums them up, so that who
    /// tries tokens cannot fill the disk.
    pub fn refuse(&self, reason: &'static str) {
        if let Some(inner) = &self.0 {
            *inner.refused.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_insert(0) += 1;
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            // It panics only by a defect, and then has nothing left to end.
            let _ = thread.join();
        }
    }
}

fn ended() -> Error {
    Error::new(Kind::Internal, "the audit log has ended")
}

/// The thread that writes.
struct Scribe {
    service: &'static str,
    writer: Writer,
    refused: Arc<Mutex<BTreeMap<&'static str, u64>>>,
    is_synced: bool,
    synced_at: Instant,
    summed_at: Instant,
    told: (Instant, u64),
}

impl Scribe {
    fn new(service: &'static str, writer: Writer, refused: Arc<Mutex<BTreeMap<&'static str, u64>>>) -> Self {
        let now = Instant::now();
        Scribe { service, writer, refused, is_synced: true, synced_at: now, summed_at: now, told: (now, 0) }
    }

    fn run(mut self, orders: &Receiver<Box<Order>>) {
        self.tell();
        loop {
            match orders.recv_timeout(SYNC_EVERY) {
                Ok(order) => {
                    let waiting = std::iter::once(order).chain(orders.try_iter()).take(BATCH);
                    self.write(waiting.map(|order| *order).collect());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.keep();
        }
        self.sum_up();
        self.sync();
        self.tell();
    }

    fn write(&mut self, orders: Vec<Order>) {
        let (entries, waiting): (Vec<_>, Vec<_>) =
            orders.into_iter().map(|order| ((order.at, order.entry), order.done)).unzip();
        let written = self.append(&entries);
        for done in waiting {
            // A request that was given up does not wait any more; its line is there.
            let _ = done.send(match &written {
                Ok(()) => Ok(()),
                Err(error) => Err(Error::new(error.kind(), error.message())),
            });
        }
    }

    fn append(&mut self, entries: &[(DateTime<Utc>, Entry)]) -> Result<()> {
        let written = self.writer.append(entries);
        match &written {
            Ok(()) => {
                self.is_synced = false;
                metrics::gauge_sequence(self.service, self.writer.head().sequence);
            }
            Err(error) => {
                metrics::count_failure(self.service);
                tracing::error!(
                    service = self.service,
                    error = error.report(),
                    "the audit log was not written"
                );
            }
        }
        written
    }

    /// What is due: to the disk, the sums, the last line for the service's log.
    fn keep(&mut self) {
        if self.synced_at.elapsed() >= SYNC_EVERY {
            self.sync();
        }
        if self.summed_at.elapsed() >= SUM_OVER {
            self.sum_up();
        }
        if self.told.0.elapsed() >= TELL_EVERY {
            self.tell();
        }
    }

    fn sync(&mut self) {
        self.synced_at = Instant::now();
        if !self.is_synced {
            match self.writer.sync() {
                Ok(()) => self.is_synced = true,
                Err(error) => {
                    metrics::count_failure(self.service);
                    tracing::error!(
                        service = self.service,
                        error = error.report(),
                        "the audit log is not on the disk"
                    );
                }
            }
        }
    }

    fn sum_up(&mut self) {
        self.summed_at = Instant::now();
        let refused = std::mem::take(&mut *self.refused.lock().unwrap_or_else(PoisonError::into_inner));
        let now = Utc::now();
        let sum = |(reason, count)| {
            (now, Entry::new(Event::RequestsRefused, Outcome::Refused).reason(Some(reason)).count(count))
        };
        let sums: Vec<_> = refused.into_iter().map(sum).collect();
        if !sums.is_empty() {
            // A failure is logged; the sums of this minute are then in the metrics only.
            let _ = self.append(&sums);
        }
    }

    /// Leaves the last line's number and hash where this process cannot take it back: `bionicpro audit verify --anchor`.
    fn tell(&mut self) {
        let head = self.writer.head();
        if head.sequence != self.told.1 {
            tracing::info!(
                service = self.service,
                sequence = head.sequence,
                hash = head.hash,
                "the audit log's last line"
            );
        }
        self.told = (Instant::now(), head.sequence);
    }
}

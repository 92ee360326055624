//! The log as a service uses it: record, then answer.
//!
//! A dedicated thread writes all waiting entries in one batch, so that a request waits for one write and not
//! for those of others. A line is in the kernel before [`Log::record`] returns, and on the disk within a
//! second.

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

/// Most entries waiting to be written; more means that the disk does not respond.
const WAITING: usize = 1024;
/// Most entries in one write.
const BATCH: usize = 256;
/// The longest time for which a written line may be in the kernel only.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// The period over which refusals are counted in one entry.
const SUM_OVER: Duration = Duration::from_secs(60);
/// The interval at which the last line's number and hash go to the service's log.
const TELL_EVERY: Duration = Duration::from_secs(300);

/// A service's access log, or a log that writes nothing if none is configured. Clones write to the same log;
/// dropping the last one writes and syncs what is left.
#[derive(Debug, Clone)]
pub struct Log(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    /// `None` once the log is being closed.
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
    /// A log that writes nothing, for tests and for services without an access log.
    pub fn none() -> Self {
        Log(None)
    }

    /// Opens the log of a service, such as `api`, in its folder within `audit.folder`. Without
    /// `audit.folder`, nothing is written.
    ///
    /// # Errors
    /// `Config` for a bad key or a folder in use, `Storage` for a folder that cannot be written, `Data` for a
    /// log that was changed.
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
            .map_err(|error| Error::new(Kind::Internal, "cannot start the audit writer").source(error))?;
        Ok(Log(Some(Arc::new(Inner { sender: Some(sender), refused, thread: Some(thread) }))))
    }

    /// Returns true if an access log is written.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Writes an entry. Call it before the response is sent, and respond with 503 if it fails: a request that
    /// cannot be recorded is not answered. On success the line outlives this process, however it ends.
    ///
    /// # Errors
    /// `Storage` if the disk is full or cannot keep up.
    pub async fn record(&self, entry: Entry) -> Result<()> {
        let Some(inner) = &self.0 else { return Ok(()) };
        let (done, written) = oneshot::channel();
        let order = Box::new(Order { at: Utc::now(), entry, done });
        match inner.sender.as_ref().map(|sender| sender.try_send(order)) {
            Some(Ok(())) => written.await.unwrap_or_else(|_| Err(ended())),
            Some(Err(TrySendError::Full(_))) => {
                Err(Error::new(Kind::Storage, "the audit log cannot keep up")
                    .hint("the disk under audit.folder is slow or does not respond"))
            }
            Some(Err(TrySendError::Disconnected(_))) | None => Err(ended()),
        }
    }

    /// Counts a request that was refused before its caller was authenticated. The counts are written as one
    /// line per reason and minute, so that a client guessing tokens cannot fill the disk.
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
            // The thread panics only because of a defect, and then there is nothing left to write.
            let _ = thread.join();
        }
    }
}

fn ended() -> Error {
    Error::new(Kind::Internal, "the audit writer is not running")
}

/// The state of the writer thread.
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
            // A cancelled request no longer waits; its line is written all the same.
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
                tracing::error!(service = self.service, error = error.report(), "cannot write the audit log");
            }
        }
        written
    }

    /// Does the periodic work that is due: syncs the file, writes the counts of refusals, reports the last
    /// line.
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
                        "cannot sync the audit log to the disk"
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
            // A failure is logged; the counts of this minute are then in the metrics only.
            let _ = self.append(&sums);
        }
    }

    /// Logs the last line's number and hash to the service's log, where this process cannot change them
    /// afterwards: an anchor for `bionicpro audit verify --anchor`.
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

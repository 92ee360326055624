//! The writer of the lines: one process, one file at a time, a new file every day, old files removed.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bionicpro_model::{Error, Kind, Result};
use chrono::{DateTime, NaiveDate, Utc};

use crate::chain::{Chain, Head, plain_hash};
use crate::entry::{Entry, Event, Outcome};
use crate::{Config, files};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The open end of a log.
#[derive(Debug)]
pub(crate) struct Writer {
    folder: PathBuf,
    chain: Chain,
    max_file_bytes: u64,
    retention: Option<Duration>,
    file: File,
    bytes: u64,
    day: NaiveDate,
    head: Head,
    /// Set when a failed write has left bytes that could not be truncated: the file has to be truncated
    /// before the next write.
    is_torn: bool,
    _lock: File,
}

impl Writer {
    /// Locks the folder, finds the end of the log, closes a line that a killed process left unfinished and
    /// records that it did.
    ///
    /// # Errors
    /// `Config` if another process writes there; `Data` if the last line's hash does not match: nothing is
    /// added to a log that was changed.
    pub(crate) fn open(folder: &Path, config: &Config, now: DateTime<Utc>) -> Result<Self> {
        let lock = files::lock(folder)?;
        let chain = config.chain()?;
        let Tail { first, head, lacks_feed, torn } = end_of_log(folder, &chain)?;
        let file = files::open(&files::path(folder, first))?;
        let metadata = file.metadata().map_err(|error| files::storage(folder, error))?;
        let modified = metadata.modified().map_err(|error| files::storage(folder, error))?;
        let retention = Some(DAY * config.retention_days).filter(|retention| !retention.is_zero());
        let mut writer = Writer {
            folder: folder.to_owned(),
            chain,
            max_file_bytes: config.max_file_bytes,
            retention,
            file,
            bytes: metadata.len(),
            day: DateTime::<Utc>::from(modified).date_naive(),
            head,
            is_torn: false,
            _lock: lock,
        };
        match lacks_feed {
            true => writer.write("\n", &[])?,
            false => writer.close(&torn, now)?,
        }
        writer.append(&[(now, Entry::new(Event::Open, Outcome::Done))])?;
        writer.remove_old(now)?;
        writer.sync()?;
        Ok(writer)
    }

    /// The last line.
    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    /// Writes the entries as lines, all of them or none.
    pub(crate) fn append(&mut self, entries: &[(DateTime<Utc>, Entry)]) -> Result<()> {
        if self.is_torn {
            self.reopen()?;
        }
        if let Some((now, _)) = entries.last()
            && (now.date_naive() > self.day || self.bytes >= self.max_file_bytes)
        {
            self.begin_file(*now)?;
        }
        self.write("", entries)
    }

    /// Syncs the file, so that the written lines survive a loss of power.
    pub(crate) fn sync(&mut self) -> Result<()> {
        self.file.sync_data().map_err(|error| files::storage(&self.folder, error))
    }

    fn write(&mut self, prefix: &str, entries: &[(DateTime<Utc>, Entry)]) -> Result<()> {
        let (mut head, mut text) = (self.head.clone(), prefix.to_owned());
        for (at, entry) in entries {
            self.chain.seal(&mut head, *at, entry, &mut text).map_err(|error| {
                Error::new(Kind::Internal, "an entry of the audit log cannot be written as JSON")
                    .source(error)
            })?;
        }
        if let Err(error) = self.file.write_all(text.as_bytes()) {
            // No caller has had a success for these lines: they are truncated now, or before the next write.
            self.is_torn = self.file.set_len(self.bytes).is_err();
            return Err(files::storage(&self.folder, error));
        }
        self.bytes += u64::try_from(text.len()).unwrap_or(0);
        self.head = head;
        Ok(())
    }

    fn reopen(&mut self) -> Result<()> {
        self.file.set_len(self.bytes).map_err(|error| files::storage(&self.folder, error))?;
        self.is_torn = false;
        Ok(())
    }

    /// Ends the unfinished line and records its length and hash in the next one, which shows that it is not a
    /// forgery.
    fn close(&mut self, torn: &[u8], now: DateTime<Utc>) -> Result<()> {
        if torn.is_empty() {
            return Ok(());
        }
        let count = u64::try_from(torn.len()).unwrap_or(u64::MAX);
        let entry = Entry::new(Event::Torn, Outcome::Failed).count(count).hash_of(plain_hash(torn));
        self.write("\n", &[(now, entry)])
    }

    fn begin_file(&mut self, now: DateTime<Utc>) -> Result<()> {
        self.sync()?;
        self.file = files::open(&files::path(&self.folder, self.head.sequence + 1))?;
        self.bytes = 0;
        self.day = now.date_naive();
        self.remove_old(now)
    }

    /// Removes files older than the retention period, after writing an entry with the last line that they
    /// contain.
    fn remove_old(&mut self, now: DateTime<Utc>) -> Result<()> {
        let Some(retention) = self.retention else { return Ok(()) };
        let mut found = files::list(&self.folder)?;
        found.pop();
        let is_old = |path: &Path| {
            let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
            modified.is_ok_and(|modified| DateTime::<Utc>::from(modified) + retention < now)
        };
        let old: Vec<_> = found.into_iter().take_while(|(_, path)| is_old(path)).collect();
        let Some((_, last)) = old.last() else { return Ok(()) };
        let (bytes, _) = files::tail(last)?;
        let Some(link) = self.chain.last(&bytes).map_err(|why| changed(last, why))?.link else {
            return Ok(());
        };
        let entry = Entry::new(Event::Removed, Outcome::Done).count(link.sequence).hash_of(link.hash);
        self.write("", &[(now, entry)])?;
        self.sync()?;
        for (_, path) in &old {
            fs::remove_file(path).map_err(|error| files::storage(path, error))?;
        }
        tracing::info!(files = old.len(), "old files of the audit log were removed");
        Ok(())
    }
}

/// The end of a log, as found in its folder.
struct Tail {
    /// The number in the name of the file to write to.
    first: u64,
    /// The last line.
    head: Head,
    lacks_feed: bool,
    torn: Vec<u8>,
}

fn end_of_log(folder: &Path, chain: &Chain) -> Result<Tail> {
    let mut found = files::list(folder)?;
    let mut tail = Tail { first: 1, head: Head::default(), lacks_feed: false, torn: Vec::new() };
    let Some((first, mut path)) = found.pop() else { return Ok(tail) };
    tail.first = first;
    let (mut bytes, mut is_all) = files::tail(&path)?;
    let end = chain.last(&bytes).map_err(|why| changed(&path, why))?;
    (tail.lacks_feed, tail.torn) = (end.lacks_feed, end.behind.to_vec());
    let mut link = end.link;
    // A new file without a whole line: the last line is at the end of the file before it.
    while link.is_none() {
        if !is_all {
            return Err(changed(&path, "its end is not a line of the log"));
        }
        match found.pop() {
            Some((_, before)) => path = before,
            None if first == 1 => return Ok(tail),
            None => return Err(changed(&path, "it contains no line of the log")),
        }
        (bytes, is_all) = files::tail(&path)?;
        link = chain.last(&bytes).map_err(|why| changed(&path, why))?.link;
    }
    if let Some(link) = link {
        tail.head = Head { sequence: link.sequence, hash: link.hash };
    }
    Ok(tail)
}

fn changed(path: &Path, why: &'static str) -> Error {
    Error::new(Kind::Data, "the end of an audit log is not valid")
        .detail(format!("{}: {why}", path.display()))
        .hint("check that audit.key_file is the key it was written with, and run `bionicpro audit verify`; if the log was changed, keep it and set another audit.folder for a new one")
}
